//! A Python service that knows nothing of this code accepts what the layer signs, over TCP.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use countersign::sign::SignedBody;
use countersign::{BodyHasher, SignLayer};
use countersign_tests::{Case, Outgoing, Protocol, outgoing};
use http::Request;
use http_body_util::Full;
use tower::{Layer, ServiceBuilder};

use crate::{call, hyper_client};

/// The verifier, which ends when this is dropped.
struct Verifier {
    process: Child,
    port: u16,
}

impl Verifier {
    fn start(case: &Case) -> Self {
        let key = case.key();
        let secret = std::str::from_utf8(key.secret().expose()).unwrap();
        let hash = if case.name.ends_with("sha256") {
            "sha256"
        } else {
            "sha1"
        };
        let program = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/sign/verifier.py");
        let mut process = Command::new("python3")
            .args([program, case.name, key.id(), secret, hash])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| {
                panic!("python3 cannot be run, and without it nothing independent checks: {error}")
            });
        let mut line = String::new();
        let mut output = BufReader::new(process.stdout.take().unwrap());
        output.read_line(&mut line).unwrap();
        let port = line.trim().parse().expect("it prints its port");
        Self { process, port }
    }
}

impl Drop for Verifier {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn requests(port: u16) -> Vec<Request<Outgoing>> {
    let build = |method: &str, target: &str, body: &'static str| {
        let url = format!("http://LocalHost:{port}{target}");
        let mut request = Request::builder().method(method).uri(url);
        if !body.is_empty() {
            request = request.header("content-type", "application/json");
        }
        let request = request.header("x-mac-note", " two  blanks\tand a tab ");
        request.body(outgoing(Full::from(body))).unwrap()
    };
    vec![
        build("GET", "", ""),
        build("GET", "/a//b/%41%2f/?z=1&a=2&a=%20+", ""),
        build("GET", "//two/slashes", ""),
        build("POST", "/notes?draft", "{\"text\": \"gr\u{fc}\u{df}e\"}\n"),
        build("DELETE", "/notes/1", "with a body"),
        build("PURGE", "/", ""),
    ]
}

#[tokio::test]
async fn python_accepts_what_the_layer_signs_under_every_scheme() {
    for case in Case::all() {
        let verifier = Verifier::start(&case);
        let client = SignLayer::new(case.any_scheme(), case.key())
            .layer(hyper_client::<SignedBody<Outgoing>>(Protocol::Http1));
        for request in requests(verifier.port) {
            let shown = format!("{case}: {} {}", request.method(), request.uri());
            let answer = call(&client, request).await.unwrap();
            assert_eq!(answer.status, 200, "{shown}: {:?}", answer.body);
        }
        let mut upload = requests(verifier.port).remove(3);
        let mut hasher = BodyHasher::new(b"application/json");
        hasher.update("{\"text\": \"gr\u{fc}\u{df}e\"}\n".as_bytes());
        upload.extensions_mut().insert(hasher.finish());
        let answer = call(&client, upload).await.unwrap();
        assert_eq!(
            answer.status, 200,
            "{case}, by its digest: {:?}",
            answer.body
        );
    }
}

#[tokio::test]
async fn and_it_does_look() {
    for case in Case::signing() {
        let verifier = Verifier::start(&case);
        let tampered = ServiceBuilder::new()
            .layer(SignLayer::new(case.any_scheme(), case.key()))
            .map_request(|mut request: Request<SignedBody<Outgoing>>| {
                *request.uri_mut() = format!("{}x", request.uri()).parse().unwrap();
                request
            })
            .service(hyper_client(Protocol::Http1));
        let answer = call(&tampered, requests(verifier.port).remove(1)).await;
        assert_eq!(answer.unwrap().status, 401, "{case}");
        let wrong = case.key_of(case.key().id(), &countersign_tests::secret("wrong"));
        let wrong = SignLayer::new(case.any_scheme(), wrong).layer(hyper_client(Protocol::Http1));
        let answer = call(&wrong, requests(verifier.port).remove(1)).await;
        assert_eq!(answer.unwrap().status, 401, "{case}");
    }
}
