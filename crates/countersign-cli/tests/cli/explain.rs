//! `countersign explain`

use serde_json::Value;

use crate::run::{Directory, Run, SECRET, countersign};
use crate::sign::headers_of;

fn explain(scheme: &str) -> Run {
    countersign(["explain", "--scheme", scheme, "--key-id", "example-id"])
        .variable("COUNTERSIGN_SECRET", SECRET)
}

/// A request for `sent`, signed as if it were for `signed`.
fn request(scheme: &str, signed: &str, sent: &str) -> String {
    let output = countersign(["sign", "--scheme", scheme, "--key-id", "example-id"])
        .arguments(["GET", &format!("http://api.example.org{signed}")])
        .variable("COUNTERSIGN_SECRET", SECRET)
        .run()
        .success();
    let mut text = format!("GET {sent} HTTP/1.1\r\nHost: api.example.org\r\n");
    for (name, value) in headers_of(&output) {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text + "\r\n"
}

/// The signature in a request that is in order: what an explanation of another must not show.
fn signature(request: &str) -> &str {
    let line = request.lines().find(|line| line.starts_with("HMAC-Auth: "));
    line.unwrap().rsplit(':').next().unwrap()
}

#[test]
fn a_request_that_is_in_order_matches() {
    for scheme in [
        "auth-key",
        "auth-key-v3",
        "hmac-auth",
        "moxie",
        "mac",
        "mac-draft",
    ] {
        let ran = explain(scheme)
            .arguments(["--request", "-", "--at", "now"])
            .stdin(request(scheme, "/a?b=1", "/a?b=1"))
            .run();
        assert_eq!(ran.status, 0, "{scheme}: {ran:?}");
        assert!(
            ran.stdout.contains("The signature matches."),
            "{scheme}: {}",
            ran.stdout
        );
        assert!(ran.stdout.contains("GET␊"), "{scheme}: {}", ran.stdout);
    }
}

#[test]
fn a_near_miss_is_named_and_exits_with_0() {
    let directory = Directory::new();
    let good = request("hmac-auth", "/a?b=1", "/a?b=1");
    let file = directory.file("request", request("hmac-auth", "/a", "/a?b=1"));
    let ran = explain("hmac-auth").arguments(["--request", &file]).run();
    assert!(ran.stdout.contains("query_missing"), "{ran:?}");
    assert!(ran.stdout.contains("/a?b=1␊"), "{ran:?}");
    let shown = ran.success();
    assert!(
        !shown.contains(signature(&good)) && !shown.contains(SECRET),
        "{shown}"
    );
}

#[test]
fn json_carries_the_same() {
    let ran = explain("hmac-auth")
        .arguments(["--request", "-", "--json"])
        .stdin(request("hmac-auth", "/a", "/a?b=1"))
        .run();
    let shown: Value = serde_json::from_str(&ran.success()).unwrap();
    assert_eq!(shown["verdict"], "near_miss");
    assert_eq!(shown["near_miss"], "query_missing");
    assert_eq!(shown["string_to_sign"][1], "/a?b=1␊");
}

#[test]
fn when_nothing_fits_it_exits_with_1() {
    let ran = explain("hmac-auth")
        .arguments(["--request", "-"])
        .stdin(request("hmac-auth", "/something/else", "/a?b=1"))
        .run();
    assert_eq!(ran.status, 1);
    assert!(
        ran.sentence().contains("does not match"),
        "{}",
        ran.sentence()
    );
    assert!(
        ran.stdout.contains("/a?b=1␊"),
        "the string to sign is shown all the same"
    );
}

#[test]
fn the_other_sides_text_is_compared() {
    let directory = Directory::new();
    let theirs = directory.file("theirs", "GET\\n/a?b=1\\n");
    let ran = explain("hmac-auth")
        .arguments(["--request", "-", "--their-text", &theirs, "--json"])
        .stdin(request("hmac-auth", "/something/else", "/a?b=1"))
        .run();
    let shown: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(shown["comparison"]["same"], false);
    assert_eq!(shown["comparison"]["line"], 1);
}

#[test]
fn what_is_no_request_is_a_usage_error() {
    for (text, part) in [
        ("", "METHOD TARGET HTTP/1.1"),
        ("GET / HTTP/2\n\n", "HTTP/1.1"),
        ("GET / HTTP/1.1\nContent-Length: 3\n\nab", "Content-Length"),
    ] {
        let ran = explain("mac")
            .arguments(["--request", "-"])
            .stdin(text)
            .run();
        assert_eq!(ran.status, 2, "{text:?}");
        assert!(
            ran.sentence().contains(part),
            "{text:?}: {}",
            ran.sentence()
        );
    }
    let unsigned = explain("mac")
        .arguments(["--request", "-"])
        .stdin("GET / HTTP/1.1\nHost: h\n\n")
        .run();
    assert_eq!(unsigned.status, 1);
    assert!(
        unsigned.sentence().contains("credentials"),
        "{}",
        unsigned.sentence()
    );
}
