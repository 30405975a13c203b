//! `countersign sign`

use countersign::SchemeId;
use serde_json::Value;

use crate::run::{Directory, Run, SECRET, countersign};

/// `Name: value` lines.
pub(crate) fn headers_of(output: &str) -> Vec<(String, String)> {
    let header = |line: &str| {
        let (name, value) = line.split_once(": ").expect("Name: value");
        (name.to_owned(), value.to_owned())
    };
    output.lines().map(header).collect()
}

fn sign(scheme: &str) -> Run {
    countersign(["sign", "--scheme", scheme, "--key-id", "example-id"])
        .variable("COUNTERSIGN_SECRET", SECRET)
}

fn names(output: &str) -> Vec<String> {
    headers_of(output)
        .into_iter()
        .map(|(name, _)| name)
        .collect()
}

#[test]
fn the_headers_to_add_are_printed_one_a_line_and_those_given_are_not() {
    for (scheme, expected) in [
        (
            "auth-key",
            &["Date", "x-mac-date", "x-mac-nonce", "Auth-Key"][..],
        ),
        ("auth-key-v1", &["x-mac-nonce", "Auth-Key"]),
        ("auth-key-v2", &["x-mac-nonce", "Auth-Key"]),
        ("auth-key-v3", &["Auth-Key"]),
        ("hmac-auth", &["Date", "HMAC-Auth"]),
        ("hmac-auth-sha256", &["Date", "HMAC-Auth"]),
        (
            "moxie",
            &["Date", "X-HMAC-Nonce", "X-Moxie-Key", "Authorization"],
        ),
        ("mac", &["Authorization"]),
        ("mac-draft", &["Authorization"]),
    ] {
        let ran = sign(scheme)
            .arguments(["-H", "Accept: text/plain", "GET", "http://h/"])
            .run();
        assert_eq!(ran.stderr, "", "{scheme}");
        assert_eq!(names(&ran.success()), expected, "{scheme}");
    }
}

#[test]
fn the_same_date_and_nonce_give_the_same_signature() {
    let signed = || {
        sign("auth-key")
            .arguments(["--date", "Thu, 27 Sep 2012 12:14:56 GMT", "--nonce", "n1"])
            .arguments(["GET", "http://h/a?b"])
            .run()
            .success()
    };
    let first = signed();
    assert!(
        first.contains("x-mac-date: Thu, 27 Sep 2012 12:14:56 GMT"),
        "{first}"
    );
    assert!(first.contains("x-mac-nonce: n1"), "{first}");
    assert_eq!(first, signed());
    let seconds = sign("auth-key")
        .arguments([
            "--date",
            "1348748096",
            "--nonce",
            "n1",
            "GET",
            "http://h/a?b",
        ])
        .run()
        .success();
    assert_eq!(first, seconds);
}

#[test]
fn a_nonce_is_128_random_bits_where_the_scheme_has_one() {
    let nonce = |scheme: &str| {
        let output = sign(scheme).arguments(["GET", "http://h/"]).run().success();
        let text = output.replace(['"', ':', ',', ' '], "\n");
        let found = text
            .lines()
            .find(|word| word.len() == 32 && word.bytes().all(|b| b.is_ascii_hexdigit()));
        found.map(str::to_owned)
    };
    for scheme in ["auth-key", "auth-key-v3", "moxie", "mac", "mac-draft"] {
        let (one, other) = (nonce(scheme), nonce(scheme));
        assert!(one.is_some() && one != other, "{scheme}: {one:?} {other:?}");
    }
    assert_eq!(nonce("hmac-auth"), None);
    let refused = sign("hmac-auth")
        .arguments(["--nonce", "n", "GET", "http://h/"])
        .run();
    assert_eq!(refused.status, 2);
    assert!(refused.sentence().contains("has no nonce"));
}

#[test]
fn explaining_shows_the_string_to_sign_on_standard_error() {
    let ran = sign("hmac-auth")
        .arguments(["--explain", "--date", "1348748096", "GET", "http://h/a?b"])
        .run();
    for line in ["GET␊", "/a?b␊", "Thu, 27 Sep 2012 12:14:56 GMT␊"] {
        assert!(ran.stderr.contains(line), "{}", ran.stderr);
    }
    assert!(!ran.stderr.contains(SECRET) && !ran.stderr.contains('\u{1b}'));
    assert_eq!(names(&ran.success()), ["Date", "HMAC-Auth"]);
}

#[test]
fn json_has_the_headers_and_the_string_to_sign() {
    let output = sign("moxie")
        .arguments(["--json", "--explain", "GET", "http://h/"])
        .run()
        .success();
    let shown: Value = serde_json::from_str(&output).unwrap();
    assert_eq!(shown["headers"]["X-Moxie-Key"], "example-id");
    let text = shown["string_to_sign"].as_str().unwrap();
    assert!(text.starts_with("GET\nhttp://h/\ndate:"), "{text}");
}

#[test]
fn a_body_comes_from_the_argument_a_file_or_standard_input() {
    let directory = Directory::new();
    let file = directory.file("body", "hello\n");
    let signed = |data: &str, stdin: &str| {
        sign("auth-key")
            .arguments(["--date", "1348748096", "--nonce", "n", "-d", data])
            .arguments(["POST", "http://h/"])
            .stdin(stdin)
            .run()
            .success()
    };
    let expected = signed("hello\n", "");
    assert_eq!(signed(&format!("@{file}"), ""), expected);
    assert_eq!(signed("@-", "hello\n"), expected);
    assert_ne!(signed("hello", ""), expected);
    assert!(expected.contains("x-mac-content-sha256: "));
}

#[test]
fn basic_takes_the_key_from_the_secret_alone() {
    let basic = || {
        countersign(["sign", "--scheme", "basic", "GET", "http://h/"])
            .variable("COUNTERSIGN_SECRET", "5f4149f8057a4903af1805e74c2e1d20")
    };
    let expected = "Authorization: Basic NWY0MTQ5ZjgwNTdhNDkwM2FmMTgwNWU3NGMyZTFkMjA6\n";
    assert_eq!(basic().run().success(), expected);
    let other = basic().arguments(["--key-id", "other"]).run();
    assert_eq!(other.status, 2);
    assert!(!other.sentence().contains("5f4149f8"));
}

#[test]
fn unusable_arguments_are_refused_with_the_key_the_value_and_the_valid_ones() {
    for (arguments, parts) in [
        (
            &["--scheme", "hmac", "GET", "http://h/"][..],
            &["hmac", "--scheme", "mac-draft"][..],
        ),
        (&["--scheme", "mac", "GET"], &["URL"]),
        (
            &["--scheme", "mac", "GET", "/a"],
            &["URL", "\"/a\"", "absolute"],
        ),
        (&["--scheme", "mac", "G T", "http://h/"], &["METHOD", "G T"]),
        (
            &["--scheme", "mac", "-H", "x", "GET", "http://h/"],
            &["-H", "Name: value"],
        ),
        (
            &["--scheme", "mac", "--date", "soon", "GET", "http://h/"],
            &["--date", "soon", "1970"],
        ),
        (
            &["--scheme", "mac", "--nonce", "a b", "GET", "http://h/"],
            &["nonce"],
        ),
        (
            &["--scheme", "mac", "-d", "@/nowhere", "GET", "http://h/"],
            &["-d", "/nowhere"],
        ),
    ] {
        let ran = countersign(["sign", "--key-id", "k"])
            .arguments(arguments)
            .variable("COUNTERSIGN_SECRET", SECRET)
            .run();
        assert_eq!((ran.status, ran.stdout.as_str()), (2, ""), "{arguments:?}");
        for part in parts {
            assert!(
                ran.sentence().contains(part),
                "{arguments:?}: {}",
                ran.sentence()
            );
        }
    }
}

#[test]
fn every_scheme_says_when_the_key_id_is_missing() {
    for scheme in SchemeId::ALL.map(SchemeId::name) {
        let ran = countersign(["sign", "--scheme", scheme, "GET", "http://h/"])
            .variable("COUNTERSIGN_SECRET", SECRET)
            .run();
        if scheme == "basic" {
            ran.success();
        } else {
            assert_eq!(ran.status, 2, "{scheme}");
            assert!(ran.sentence().contains("--key-id"), "{scheme}");
        }
    }
}
