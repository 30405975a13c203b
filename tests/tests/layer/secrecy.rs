//! What a busy service shows of itself: no secret, no signature, and no raw byte from the wire.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign::VerifyLayer;
use countersign_tests::{
    Answer, Bench, Captured, Case, Family, Holding, NOW, SECRETS, TestKeys, Wire, call, fresh_nonce,
};
use metrics_util::debugging::DebuggingRecorder;
use tower::Layer;

/// Ids that would look bad in a log, a terminal, a browser or a template.
const IDS: [&str; 5] = [
    "<script>alert(1)</script>",
    "%1b[31m%0d%0aoutcome=accepted",
    "\\u001b\\n{{7*7}}${jndi:ldap://x}",
    "'OR/**/1=1--",
    "\",outcome=\"accepted",
];

/// Header values that no well-meaning client sends.
const VALUES: [&[u8]; 3] = [
    b"\xc2\x9b31m\xe2\x80\xae\xff\xfe",
    b"\toutcome=accepted\t",
    b"MAC id=\"\\\"\x80\", ts=\"-1\"",
];

/// Everything that was shown, and everything that must not be in it.
#[derive(Default)]
struct Record {
    shown: Vec<String>,
    hidden: Vec<String>,
}

impl Record {
    /// Remembers every spelling of `signature`.
    fn hide(&mut self, case: &Case, signature: &str) {
        let bytes = match case.family {
            Family::Moxie(_) | Family::MacYar => (0..signature.len())
                .step_by(2)
                .map(|at| u8::from_str_radix(&signature[at..at + 2], 16).unwrap())
                .collect(),
            _ => {
                let padded = format!("{:=<1$}", signature, signature.len().div_ceil(4) * 4);
                STANDARD.decode(padded).unwrap()
            }
        };
        self.hide_bytes(&bytes);
    }

    fn hide_bytes(&mut self, bytes: &[u8]) {
        let hex = bytes
            .iter()
            .fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
        let list = format!("{:?}", &bytes[..8]);
        self.hidden.push(hex.to_ascii_uppercase());
        self.hidden.push(hex);
        self.hidden
            .push(STANDARD.encode(bytes).trim_end_matches('=').to_owned());
        self.hidden.push(list.trim_matches(['[', ']']).to_owned());
    }

    fn show(&mut self, answer: &Answer) {
        let outcome = answer.outcome();
        self.shown.push(format!("{answer:?} {answer:#?}"));
        if let Some(rejection) = outcome.rejection() {
            self.shown.push(format!("{rejection} {rejection:?}"));
        }
    }

    fn assert_clean(&self) {
        assert!(self.hidden.len() > 400 && self.shown.len() > 400);
        for shown in &self.shown {
            // A list of bytes in pretty Debug output has one in each line.
            let shown = shown.split_whitespace().collect::<Vec<_>>().join(" ");
            for hidden in &self.hidden {
                assert!(!shown.contains(hidden), "{hidden} is shown in {shown}");
            }
        }
    }
}

/// Good, bad and hostile requests, and the signatures that go with them.
fn requests(case: &Case, record: &mut Record) -> Vec<Wire> {
    let mut wires = Vec::new();
    let post = Wire::post("/users?b=2", "hello");
    for wire in [
        post.clone(),
        Wire::get("/caf\u{e9}/\u{9b}31m?'\u{9b}"),
        Wire::get("/%1b%0a%00"),
    ] {
        let nonce = fresh_nonce();
        let good = case.sign_as(&wire, &case.key(), NOW, Some(&nonce));
        if case.remembers() {
            // What a bad signature should have been is as secret as the secret.
            record.hide(case, &case.signature(&good));
            let wrong = case.key_of(case.key().id(), SECRETS[1]);
            wires.push(case.sign_as(&wire, &wrong, NOW, Some(&nonce)));
        }
        wires.push(good.clone());
        wires.push(good);
    }
    for id in IDS {
        let quotable = !id.contains(['"', '\\']);
        if !id.contains(':') && (quotable || case.family == Family::Basic) {
            wires.push(case.sign_as(&post, &case.key_of(id, SECRETS[1]), NOW, Some("nonce")));
        }
        wires.push(post.clone().header(case.credential_header(), id));
        wires.push(
            post.clone()
                .header("x-moxie-key", id)
                .header("authorization", id),
        );
    }
    let good = case.sign(&post);
    for name in good.headers.keys() {
        for value in VALUES {
            wires.push(good.clone().set(name.as_str(), value));
        }
    }
    let raw = STANDARD.encode("\u{1b}[31m\nid\r\n:");
    wires.push(post.header("authorization", format!("Basic {raw}")));
    wires
}

#[tokio::test]
async fn bad_56_57_and_186_nothing_that_is_shown_holds_a_secret_a_signature_or_a_raw_byte() {
    let (captured, _tracing) = Captured::start();
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let _metrics = metrics::set_default_local_recorder(&recorder);
    let mut record = Record::default();
    for secret in SECRETS {
        record.hidden.push(secret.to_owned());
        record.hide_bytes(secret.as_bytes());
    }
    record
        .hidden
        .push("secret-of-exactly-32-bytes-long!".to_owned());
    for key in Case::named("basic").keys() {
        record.hidden.push(key.id().to_owned());
        record.hide_bytes(key.id().as_bytes());
    }
    let mut requests_sent = 0;
    for case in Case::all() {
        let bench = Bench::new();
        let fault = "backend: \u{1b}[31mno\u{9b}\r\n2023-11-14T00:00:00Z INFO forged=\"line\"";
        let down = TestKeys::new(case.static_keys()).holding(Holding::Down(fault.to_owned()));
        let layer = bench.layer(&case);
        let services = [
            layer.clone(),
            layer.clone().optional().stream_bodies(),
            layer.clone().report_only(),
        ]
        .map(|layer| layer.layer(bench.echo.clone()));
        let faulty = bench.around(VerifyLayer::any([case.any_scheme()], down.clone()));
        let faulty = faulty.layer(bench.echo.clone());
        for service in &services {
            for wire in requests(&case, &mut record) {
                let answer = call(service, wire.request_in_memory()).await;
                // An echo of the request would show what the client sent.
                assert!(answer.status != 200 || answer.body == wire.body);
                record.show(&answer);
                requests_sent += 1;
            }
        }
        let answer = call(&faulty, case.sign(&Wire::get("/")).request_in_memory()).await;
        record.show(&answer);
        requests_sent += 1;
        record
            .shown
            .push(format!("{layer:?} {:?} {faulty:?}", services[0]));
        let (key, keys) = (case.key(), case.static_keys());
        let set = countersign::KeySet::from(case.key());
        let secret = key.secret();
        record
            .shown
            .push(format!("{key:?} {secret:?} {set:?} {keys:?} {down:?}"));
        record
            .shown
            .push(format!("{key:#?} {secret:#?} {set:#?} {keys:#?} {down:#?}"));
        record
            .shown
            .push(format!("{:?} {:?}", bench.replay, case.scheme().id()));
    }

    let traced = captured.text();
    let decisions = traced
        .lines()
        .filter(|line| line.contains("decision"))
        .count();
    assert_eq!(decisions, requests_sent, "one event a request");
    for line in traced.lines() {
        assert!(
            line.starts_with("20"),
            "a line that no event began: {line:?}"
        );
        assert!(
            !line.contains("<script>") && !line.contains("31m\""),
            "{line:?}"
        );
    }
    for character in traced.chars() {
        assert!(
            character == '\n' || !character.is_control(),
            "{character:?} in the log"
        );
    }
    for id in IDS.into_iter().chain(["example-id", "other-id"]) {
        assert!(!traced.contains(id), "{id} is in the log");
    }
    let forged = traced
        .lines()
        .filter(|line| line.contains("forged"))
        .count();
    assert_eq!(
        forged,
        Case::all().len(),
        "the operator sees the fault, on its own line"
    );
    record.shown.push(traced);
    record
        .shown
        .push(format!("{:?}", snapshotter.snapshot().into_vec()));
    record.assert_clean();
}

#[tokio::test]
async fn bad_185_nothing_from_the_request_is_in_the_answer_to_it() {
    for case in Case::all() {
        let bench = Bench::new();
        let service = bench.layer(&case).layer(bench.echo.clone());
        let marked = "Zq7xMARKER";
        let good = case.sign(&Wire::post(&format!("/{marked}?{marked}"), marked));
        let header = case.credential_header();
        let mut refused = vec![
            Wire::get(&format!("/{marked}")).header("authorization", format!("{marked} {marked}")),
            good.clone().set(header, marked),
            good.clone().set(header, format!("MAC {marked}:{marked}")),
            case.sign_as(
                &Wire::get("/"),
                &case.key_of(marked, SECRETS[0]),
                NOW,
                Some(marked),
            ),
        ];
        for name in good.headers.keys() {
            refused.push(good.clone().set(name.as_str(), marked));
        }
        let mut seen = 0;
        for wire in refused {
            let answer = call(&service, wire.request_in_memory()).await;
            if answer.status == 200 {
                continue;
            }
            seen += 1;
            let shown = format!("{:?} {:?}", answer.headers, answer.body);
            assert!(!shown.contains(marked), "{case}: {shown}");
        }
        assert!(seen >= 4, "{case}");
    }
}
