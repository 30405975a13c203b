//! The command and a Python program that knows nothing of it agree on every scheme, both ways.

use std::io::Write as _;
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign::SchemeId;
use serde_json::{Map, Value, json};

use crate::gateway::Guarded;
use crate::protected::{KEY_ID, Service};
use crate::run::{Directory, SECRET, countersign};
use crate::sign::headers_of;

const BODY: &str = "{\"text\": \"gr\u{fc}\u{df}e\"}\n";

/// Targets that programs like to change.
const TARGETS: [(&str, &str, &str); 4] = [
    ("GET", "/", ""),
    ("GET", "/a//b/%41%2f/?z=1&a=2&a=%20+", ""),
    ("POST", "/notes?draft", BODY),
    ("DELETE", "/notes/1", ""),
];

/// Where `cargo xtask test` installs schemathesis, which brings the library requests with it.
const INSTALLED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/schemathesis");

/// What the Python program answers to each case.
fn python(cases: &[Value]) -> Vec<Value> {
    let program = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/independent.py");
    let mut child = Command::new("python3")
        .arg(program)
        .env("PYTHONPATH", INSTALLED)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| {
            panic!("python3 cannot be run, and without it nothing independent can check: {error}")
        });
    let mut stdin = child.stdin.take().expect("piped");
    let text = serde_json::to_vec(cases).expect("JSON");
    stdin.write_all(&text).expect("it reads");
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "independent.py failed");
    let answers: Vec<Value> = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(answers.len(), cases.len());
    answers
}

fn case(what: &str, scheme: &str, method: &str, url: &str, body: &str) -> Value {
    json!({
        "do": what,
        "scheme": scheme,
        "key_id": if scheme == "basic" { SECRET } else { KEY_ID },
        "secret": STANDARD.encode(SECRET),
        "method": method,
        "url": url,
        "body": STANDARD.encode(body),
        "content_type": if body.is_empty() { "" } else { "application/json" },
    })
}

fn as_object(signed: &str) -> Value {
    let headers = headers_of(signed).into_iter();
    let headers: Map<String, Value> = headers.map(|(name, value)| (name, value.into())).collect();
    headers.into()
}

#[test]
fn python_accepts_what_the_command_signs() {
    let directory = Directory::new();
    let secret = directory.file("secret", format!("{SECRET}\n"));
    let body = directory.file("body", BODY);
    let mut cases = Vec::new();
    for scheme in SchemeId::ALL.map(SchemeId::name) {
        for (method, target, text) in TARGETS {
            let url = format!("http://api.example.org:8081{target}");
            let mut run = countersign(["sign", "--scheme", scheme, "--secret-file", &secret]);
            if scheme != "basic" {
                run = run.arguments(["--key-id", KEY_ID]);
            }
            if !text.is_empty() {
                run = run.arguments(["-H", "Content-Type: application/json"]);
                run = run.arguments(["-d", &format!("@{body}")]);
            }
            let signed = run.arguments([method, &url]).run().success();
            let mut good = case("verify", scheme, method, &url, text);
            good["headers"] = as_object(&signed);
            let mut tampered = good.clone();
            tampered["url"] = format!("{url}x").into();
            cases.extend([good, tampered]);
        }
    }
    for (pair, answers) in cases.chunks(2).zip(python(&cases).chunks(2)) {
        assert_eq!(answers[0]["ok"], true, "{} {}", pair[0], answers[0]);
        // And it does look, where there is something to look at.
        assert_eq!(
            answers[1]["ok"],
            pair[1]["scheme"] == "basic",
            "{}",
            pair[1]
        );
    }
}

#[test]
fn both_agree_on_mac_with_sha_256() {
    let url = "https://api.example.org/a?b";
    let cases = ["mac", "mac-draft"].map(|scheme| {
        let signed = countersign(["sign", "--scheme", scheme, "--key-id", KEY_ID])
            .arguments(["--algorithm", "hmac-sha-256", "GET", url])
            .variable("COUNTERSIGN_SECRET", SECRET)
            .run()
            .success();
        let mut given = case("verify", scheme, "GET", url, "");
        given["headers"] = as_object(&signed);
        given["algorithm"] = "hmac-sha-256".into();
        given
    });
    for answer in python(&cases) {
        assert_eq!(answer["ok"], true, "{answer}");
    }
}

/// Every target, and one request with another secret.
fn to_send(scheme: &str, url: impl Fn(&str) -> String) -> Vec<Value> {
    let targets = TARGETS.iter();
    let mut cases: Vec<Value> = targets
        .map(|(method, target, body)| case("send", scheme, method, &url(target), body))
        .collect();
    let mut wrong = case("send", scheme, "GET", &url("/wrong"), "");
    wrong["secret"] = STANDARD.encode(SECRET.replace('E', "F")).into();
    cases.push(wrong);
    cases
}

#[test]
fn the_layer_accepts_what_python_signs() {
    for scheme in SchemeId::ALL.map(SchemeId::name) {
        let service = Service::of(scheme);
        let answers = python(&to_send(scheme, |target| service.url(target)));
        for ((_, target, body), answer) in TARGETS.iter().zip(&answers) {
            let greeting = format!("hello dave, {} bytes", body.len());
            assert_eq!(answer["status"], 200, "{scheme} {target}: {answer}");
            assert_eq!(answer["body"], greeting.as_str(), "{scheme} {target}");
        }
        assert_eq!(answers[TARGETS.len()]["status"], 401, "{scheme}");
    }
}

#[test]
fn the_gateway_accepts_what_python_signs_and_passes_it_on_untouched() {
    for scheme in SchemeId::ALL.map(SchemeId::name) {
        let guarded = Guarded::with(scheme);
        let answers = python(&to_send(scheme, |target| guarded.url(target)));
        for ((method, target, body), answer) in TARGETS.iter().zip(&answers) {
            assert_eq!(answer["status"], 200, "{scheme} {target}: {answer}");
            let seen = answer["body"].as_str().expect("text");
            let seen: Value = serde_json::from_str(seen).expect("JSON");
            assert_eq!(seen["method"], *method, "{scheme}");
            assert_eq!(seen["target"], *target, "{scheme}");
            assert_eq!(seen["body_bytes"], body.len(), "{scheme}");
            assert_eq!(
                seen["headers"]["x-countersign-principal"], "dave",
                "{scheme}"
            );
        }
        assert_eq!(answers[TARGETS.len()]["status"], 401, "{scheme}");
    }
}

#[test]
#[ignore = "needs the Python library requests, which cargo xtask test installs"]
fn the_layer_accepts_what_the_library_requests_sends_signed() {
    for scheme in SchemeId::ALL.map(SchemeId::name) {
        let service = Service::of(scheme);
        let mut cases = to_send(scheme, |target| service.url(target));
        for case in &mut cases {
            case["do"] = "send with requests".into();
        }
        let answers = python(&cases);
        for ((_, target, body), answer) in TARGETS.iter().zip(&answers) {
            let greeting = format!("hello dave, {} bytes", body.len());
            assert_eq!(answer["status"], 200, "{scheme} {target}: {answer}");
            assert_eq!(answer["body"], greeting.as_str(), "{scheme} {target}");
        }
        assert_eq!(answers[TARGETS.len()]["status"], 401, "{scheme}");
    }
}
