//! Limits, forms and places in the stack.

use bytes::Bytes;
use countersign::sign::CallErrorKind;
use countersign::sign::response::{
    LargerAnswers, ResponseFault, ResponseForm, UnsignedAnswers, UnsignedRequests,
};
use countersign::{AuthKey, SignLayer, StaticKeys, VerifyLayer};
use countersign_tests::{Bench, Case, Protocol, Server, broken};
use http::{Request, Response};
use http_body_util::Full;
use tower::{Layer, ServiceBuilder};

use super::{
    Whole, call_through, fault, is_signed_once, read, request, server, signing_answers,
    verifying_answers, wiki,
};
use crate::{Recorder, get, hyper_client, signing};

/// The length of the body behind `/large`.
const LARGE: u64 = 100 * 1024;

fn is_refusal(answer: &Whole) -> bool {
    let body = String::from_utf8_lossy(answer.body());
    is_signed_once(answer) && answer.status() == 500 && body.contains("\"misconfigured\"")
}

#[tokio::test]
async fn in_place_of_an_answer_that_cannot_be_signed_there_is_a_signed_500() {
    let bench = Bench::new();
    for (path, limit, refused) in [
        ("/large", LARGE, false),
        ("/large", LARGE - 1, true),
        ("/repeated", LARGE, true),
    ] {
        let server = server(&bench, signing_answers(&bench).max_body(limit)).await;
        let (layer, request) = (verifying_answers(&bench), request("GET", &server, path));
        let answer = call_through(&bench, Protocol::Http1, layer, request, |_, _| {}).await;
        let answer = answer.unwrap();
        assert_eq!(is_refusal(&answer), refused, "{path} {limit}");
        assert_eq!(answer.status() == 200, !refused, "{path} {limit}");
        server.stop().await;
    }
}

#[tokio::test]
async fn a_larger_answer_can_be_sent_unsigned_and_whole() {
    let bench = Bench::new();
    let layer = signing_answers(&bench)
        .max_body(LARGE - 1)
        .larger_answers(LargerAnswers::SendUnsigned);
    let server = server(&bench, layer).await;
    let call = |layer| {
        let request = request("GET", &server, "/large");
        call_through(&bench, Protocol::Http2, layer, request, |_, _| {})
    };
    let outcome = call(verifying_answers(&bench)).await;
    assert_eq!(fault(outcome), ResponseFault::Unsigned);
    let accepting = verifying_answers(&bench).unsigned_answers(UnsignedAnswers::Accept);
    let answer = call(accepting).await.unwrap();
    assert_eq!(*answer.body(), super::large());
    assert!(!answer.headers().contains_key("auth-key"));
    server.stop().await;
}

#[tokio::test]
async fn the_caller_reads_no_more_than_its_limit() {
    let bench = Bench::new();
    let server = server(&bench, signing_answers(&bench)).await;
    for (limit, expected) in [(LARGE, None), (LARGE - 1, Some(ResponseFault::TooLarge))] {
        let layer = verifying_answers(&bench).max_body(limit);
        let request = request("GET", &server, "/large");
        let outcome = call_through(&bench, Protocol::Http1, layer, request, |_, _| {}).await;
        match expected {
            None => assert_eq!(*outcome.unwrap().body(), super::large()),
            Some(expected) => assert_eq!(fault(outcome), expected),
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn both_sides_must_end_the_string_alike() {
    use ResponseForm::{ThreeLineFeeds as Three, TwoLineFeeds as Two};
    let bench = Bench::new();
    for (ours, theirs) in [(Two, Two), (Two, Three), (Three, Two)] {
        let server = server(&bench, signing_answers(&bench).form(theirs)).await;
        let layer = verifying_answers(&bench).form(ours);
        let request = request("GET", &server, "/");
        let outcome = call_through(&bench, Protocol::Http1, layer, request, |_, _| {}).await;
        if ours == theirs {
            assert!(outcome.is_ok());
        } else {
            assert_eq!(fault(outcome), ResponseFault::Signature);
        }
        server.stop().await;
    }
}

#[tokio::test]
async fn both_sides_follow_the_names_of_the_scheme() {
    let scheme = || {
        let scheme = AuthKey::default().header("X-Acme-Auth").unwrap();
        scheme
            .scheme_word("ACME")
            .unwrap()
            .identifier("acme")
            .unwrap()
    };
    let bench = Bench::new();
    let keys = StaticKeys::new([wiki().key()]);
    let verifying = bench.around(VerifyLayer::any([scheme().into()], keys));
    let answering = signing_answers(&bench).scheme(scheme()).unwrap();
    let server = Server::start(verifying.layer(answering.layer(bench.echo.clone()))).await;
    let client = ServiceBuilder::new()
        .layer(SignLayer::new(scheme(), wiki().key()).clock(bench.clock.clone()))
        .layer(verifying_answers(&bench).scheme(scheme()).unwrap())
        .service(hyper_client(Protocol::Http1));
    let answer = read(client, request("GET", &server, "/")).await.unwrap();
    assert_eq!(answer.headers()["x-acme-status"], "200");
    assert!(!answer.headers().contains_key("x-mac-status"));
    server.stop().await;
}

#[tokio::test]
async fn a_caller_under_another_scheme_gets_unsigned_answers() {
    let bench = Bench::new();
    for case in Case::all() {
        let answering = signing_answers(&bench);
        let service = bench
            .layer(&case)
            .layer(answering.layer(bench.echo.clone()));
        let server = Server::start(service).await;
        let client = signing(&case, &bench).layer(hyper_client(Protocol::Http1));
        let answer = read(client, request("GET", &server, "/")).await.unwrap();
        let signed = answer.headers().contains_key("auth-key");
        assert_eq!(
            (answer.status().as_u16(), signed),
            (200, case.name == wiki().name)
        );
        server.stop().await;
    }
}

#[tokio::test]
async fn outside_the_signing_layer_nothing_is_sent_unless_allowed() {
    let bench = Bench::new();
    for (rule, sent) in [(UnsignedRequests::Refuse, 0), (UnsignedRequests::PassOn, 1)] {
        let recorder = Recorder::new();
        let client = ServiceBuilder::new()
            .layer(verifying_answers(&bench).unsigned_requests(rule))
            .layer(signing(&wiki(), &bench))
            .service(recorder.clone());
        let outcome = read(client, get("http://127.0.0.1/")).await;
        assert_eq!(recorder.heads().len(), sent);
        match outcome {
            Err(error) => assert_eq!((error.kind(), sent), (CallErrorKind::Unsignable, 0)),
            Ok(_) => assert_eq!(sent, 1),
        }
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_never_signed() {
    let bench = Bench::new();
    let service = tower::service_fn(|_: Request<_>| async {
        Ok::<_, std::convert::Infallible>(Response::new(broken(&["hel"])))
    });
    let answering = signing_answers(&bench);
    let server = Server::start(bench.layer(&wiki()).layer(answering.layer(service))).await;
    let client = ServiceBuilder::new()
        .layer(signing(&wiki(), &bench))
        .layer(verifying_answers(&bench))
        .service(hyper_client::<countersign::sign::SignedBody<Full<Bytes>>>(
            Protocol::Http1,
        ));
    let error = read(client, request("GET", &server, "/"))
        .await
        .unwrap_err();
    // The connection may go before the head has been read.
    match error.kind() {
        CallErrorKind::Answer => {
            let answer = error.refused_answer().unwrap();
            assert_eq!(answer.fault(), ResponseFault::Unsigned);
        }
        kind => assert_eq!(kind, CallErrorKind::Inner),
    }
    server.stop().await;
}
