//! Every attempt has a nonce and a time of its own.

use std::collections::HashSet;
use std::future::Ready;

use bytes::Bytes;
use countersign::{KeySet, ManualClock, Sign};
use countersign_tests::{Bench, Case, NOW};
use http::{HeaderMap, Request};
use http_body_util::Full;
use tower::retry::{Policy, RetryLayer};
use tower::{Layer, Service, ServiceBuilder};

use crate::{Recorder, call, get, post, signing, signing_by};

/// Sends a request again until it was sent `left` times more.
#[derive(Clone)]
struct Again {
    left: usize,
    clock: ManualClock,
}

impl<A, E> Policy<Request<Full<Bytes>>, A, E> for Again {
    type Future = Ready<()>;

    fn retry(
        &mut self,
        _request: &mut Request<Full<Bytes>>,
        _result: &mut Result<A, E>,
    ) -> Option<Ready<()>> {
        self.left = self.left.checked_sub(1)?;
        self.clock.advance(1);
        Some(std::future::ready(()))
    }

    fn clone_request(&mut self, request: &Request<Full<Bytes>>) -> Option<Request<Full<Bytes>>> {
        Some(request.clone())
    }
}

fn nonce(headers: &HeaderMap, case: &Case) -> String {
    let text = |name: &str| headers[name].to_str().unwrap().to_owned();
    match case.name {
        "auth-key v3" => text("auth-key").split(':').nth(2).unwrap().to_owned(),
        name if name.starts_with("auth-key") => text("x-mac-nonce"),
        name if name.starts_with("moxie") => text("x-hmac-nonce"),
        _ => {
            let credential = text("authorization");
            let (_, rest) = credential.split_once("nonce=\"").unwrap();
            rest.split('"').next().unwrap().to_owned()
        }
    }
}

#[tokio::test]
async fn ten_thousand_retried_requests_carry_ten_thousand_nonces() {
    for case in Case::all() {
        if !case.scheme().has_nonce() {
            continue;
        }
        let (recorder, clock) = (Recorder::new(), ManualClock::new(NOW));
        let service = ServiceBuilder::new()
            .layer(RetryLayer::new(Again {
                left: 9_999,
                clock: clock.clone(),
            }))
            .layer(signing_by(&case, clock))
            .service(recorder.clone());
        call(&service, post("http://api.example.org/", "hello"))
            .await
            .unwrap();
        let heads = recorder.heads();
        let nonces: HashSet<_> = heads
            .iter()
            .map(|head| nonce(&head.headers, &case))
            .collect();
        assert_eq!((heads.len(), nonces.len()), (10_000, 10_000), "{case}");
    }
}

#[tokio::test]
async fn each_attempt_is_signed_at_its_own_time_and_verifies() {
    for case in Case::signing() {
        let bench = Bench::new();
        let verifying = bench.layer(&case).layer(bench.echo.clone());
        let recorder = Recorder::new();
        let both = tower::service_fn({
            let (verifying, recorder) = (verifying.clone(), recorder.clone());
            move |request: Request<countersign::sign::SignedBody<Full<Bytes>>>| {
                let (mut verifying, mut recorder) = (verifying.clone(), recorder.clone());
                async move {
                    let (mut head, body) = request.into_parts();
                    recorder.call(Request::from_parts(head.clone(), ())).await?;
                    // As it arrives over HTTP/1.1.
                    let host = head.uri.authority().unwrap().to_string();
                    head.headers.insert("host", host.parse().unwrap());
                    verifying.call(Request::from_parts(head, body)).await
                }
            }
        });
        let service = ServiceBuilder::new()
            .layer(RetryLayer::new(Again {
                left: 3,
                clock: bench.clock.clone(),
            }))
            .layer(signing(&case, &bench))
            .service(both);
        let answer = call(&service, post("http://api.example.org/a?b", "hello")).await;
        assert_eq!(answer.unwrap().status, 200, "{case}");
        assert_eq!(bench.echo.calls(), 4, "{case}");
        let signatures: HashSet<_> = recorder
            .heads()
            .iter()
            .map(|head| head.headers[case.credential_header()].as_bytes().to_vec())
            .collect();
        assert_eq!(signatures.len(), 4, "{case}");
    }
}

#[tokio::test]
async fn a_scheme_without_a_nonce_gets_none() {
    let case = Case::named("hmac-auth sha256");
    let (recorder, bench) = (Recorder::new(), Bench::new());
    let service: Sign<_, KeySet> = signing(&case, &bench).layer(recorder.clone());
    let answer: Result<_, _> = call(&service, get("http://api.example.org/")).await;
    assert_eq!(answer.unwrap().status, 200);
    let names: Vec<_> = recorder
        .last()
        .headers
        .keys()
        .map(ToString::to_string)
        .collect();
    assert_eq!(names, ["date", "hmac-auth"]);
}
