//! `countersign curl`

use std::net::TcpListener;

use countersign::SchemeId;
use serde_json::Value;

use crate::protected::{KEY_ID, Service};
use crate::run::{Directory, Run, SECRET, countersign};

fn curl(scheme: &str) -> Run {
    let run = countersign(["curl", "--scheme", scheme]).variable("COUNTERSIGN_SECRET", SECRET);
    if scheme == "basic" {
        run
    } else {
        run.arguments(["--key-id", KEY_ID])
    }
}

#[test]
fn every_scheme_gets_in_with_and_without_a_body() {
    for scheme in SchemeId::ALL.map(SchemeId::name) {
        let service = Service::of(scheme);
        let url = service.url("/a//b?z=1&a=%20+");
        let got = curl(scheme).arguments(["GET", &url]).run();
        assert_eq!(got.success(), "hello dave, 0 bytes", "{scheme}");
        let posted = curl(scheme)
            .arguments([
                "-H",
                "Content-Type: text/plain",
                "-d",
                "hello",
                "POST",
                &url,
            ])
            .run();
        assert_eq!(posted.success(), "hello dave, 5 bytes", "{scheme}");
    }
}

#[test]
fn a_refusal_prints_the_answer_and_exits_with_3() {
    let service = Service::of("auth-key");
    let refused = curl("auth-key")
        .variable("COUNTERSIGN_SECRET", "another secret of enough bytes")
        .arguments(["GET", &service.url("/")])
        .run();
    assert_eq!(refused.status, 3);
    assert!(refused.sentence().contains("401"), "{}", refused.sentence());
    assert!(
        refused.stdout.contains("invalid_credentials"),
        "{}",
        refused.stdout
    );
    let forbidden = curl("auth-key")
        .arguments(["GET", &service.url("/forbidden")])
        .run();
    assert_eq!(forbidden.status, 3);
}

#[test]
fn a_request_cannot_be_repeated() {
    let service = Service::of("moxie");
    let url = service.url("/");
    let send = || {
        curl("moxie")
            .arguments(["--nonce", "n1", "POST", &url])
            .run()
    };
    assert_eq!(send().status, 0);
    let replayed = send();
    assert_eq!(replayed.status, 3);
    assert!(
        replayed.stdout.contains("nonce_replayed"),
        "{}",
        replayed.stdout
    );
}

#[test]
fn other_statuses_fail_only_when_asked_to() {
    let service = Service::of("auth-key");
    let url = service.url("/missing");
    assert_eq!(curl("auth-key").arguments(["GET", &url]).run().status, 0);
    let failed = curl("auth-key").arguments(["--fail", "GET", &url]).run();
    assert_eq!(failed.status, 1);
    assert!(failed.sentence().contains("404"));
}

#[test]
fn a_server_that_is_not_there_gives_4() {
    let port = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    let url = format!("http://127.0.0.1:{port}/");
    let gone = curl("auth-key").arguments(["GET", &url]).run();
    assert_eq!(gone.status, 4);
    assert!(
        gone.sentence().contains("cannot be reached"),
        "{}",
        gone.sentence()
    );

    // It accepts, and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", silent.local_addr().unwrap());
    let late = curl("auth-key")
        .arguments(["--timeout", "200ms", "GET", &url])
        .run();
    assert_eq!(late.status, 4);
    assert!(late.sentence().contains("200ms"), "{}", late.sentence());
}

#[test]
fn the_head_is_printed_on_request_and_all_of_it_as_json() {
    let service = Service::of("mac-draft");
    let url = service.url("/");
    let included = curl("mac-draft")
        .arguments(["-i", "GET", &url])
        .run()
        .success();
    assert!(included.starts_with("HTTP/1.1 200 OK\n"), "{included}");
    assert!(included.ends_with("\n\nhello dave, 0 bytes"), "{included}");
    let json = curl("mac-draft")
        .arguments(["--json", "GET", &url])
        .run()
        .success();
    let shown: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(shown["status"], 200);
    assert_eq!(shown["body"], "hello dave, 0 bytes");
    assert_eq!(shown["headers"]["content-length"], "19");
}

#[test]
fn https_trusts_whom_it_is_told_to_and_nobody_unknown() {
    let directory = Directory::new();
    let (service, certificate) = Service::over_tls();
    let cacert = directory.file("ca.pem", certificate);
    let url = format!("https://localhost:{}/", service.port());
    let trusted = curl("moxie")
        .arguments(["--cacert", &cacert, "GET", &url])
        .run();
    assert_eq!(trusted.success(), "secure");
    let unknown = curl("moxie").arguments(["GET", &url]).run();
    assert_eq!(unknown.status, 4);
    assert!(
        unknown.sentence().contains("ertificate"),
        "{}",
        unknown.sentence()
    );
    let other_name = format!("https://127.0.0.1:{}/", service.port());
    let other_name = curl("moxie")
        .arguments(["--cacert", &cacert, "GET", &other_name])
        .run();
    assert_eq!(other_name.status, 4);
    let empty = directory.file("empty.pem", "");
    let empty = curl("moxie")
        .arguments(["--cacert", &empty, "GET", &url])
        .run();
    assert_eq!(empty.status, 2);
    assert!(empty.sentence().contains("--cacert"));
}
