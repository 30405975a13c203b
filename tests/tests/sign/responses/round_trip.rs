//! Answers that verify.

use bytes::Bytes;
use countersign::AuthKey;
use countersign::sign::response::UnsignedAnswers;
use countersign_tests::{Bench, Protocol};
use http::{HeaderMap, Response};

use super::{
    call_through, handle, is_signed_once, large, plain_server, request, server, sign_unbound,
    signing_answers, verifying_answers,
};

const UNTOUCHED: fn(&HeaderMap, &mut Response<Bytes>) = |_, _| {};

#[tokio::test]
async fn every_answer_verifies_under_both_versions_errors_included() {
    let bench = Bench::new();
    let server = server(&bench, signing_answers(&bench)).await;
    for protocol in Protocol::BOTH {
        for (path, status, body) in [
            ("/", 200, Bytes::from_static(b"hello")),
            ("/empty", 200, Bytes::new()),
            ("/404", 404, Bytes::from_static(b"no such thing")),
            ("/500", 500, Bytes::from_static(b"broken")),
            ("/large", 200, large()),
        ] {
            for method in ["GET", "POST", "DELETE"] {
                let layer = verifying_answers(&bench);
                let request = request(method, &server, path);
                let answer = call_through(&bench, protocol, layer, request, UNTOUCHED).await;
                let answer = answer.unwrap_or_else(|e| panic!("{protocol:?} {path}: {e:?}"));
                assert_eq!(answer.status(), status, "{protocol:?} {path}");
                assert_eq!(answer.headers()["x-mac-role"], "admin");
                assert!(is_signed_once(&answer), "{:?}", answer.headers());
                assert_eq!(*answer.body(), body, "{protocol:?} {path}");
            }
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn bad_170_of_head_204_and_304_no_body_is_hashed_and_the_headers_are_there_once() {
    let of_nothing = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    let bench = Bench::new();
    let server = server(&bench, signing_answers(&bench)).await;
    let plain = plain_server(&bench).await;
    for protocol in Protocol::BOTH {
        for (method, path, status) in [
            ("HEAD", "/", 200),
            ("HEAD", "/404", 404),
            ("HEAD", "/large", 200),
            ("HEAD", "/ours", 200),
            ("HEAD", "/empty", 200),
            ("GET", "/204", 204),
            ("HEAD", "/204", 204),
            ("GET", "/304", 304),
            ("HEAD", "/304", 304),
        ] {
            let here = format!("{protocol:?} {method} {path}");
            let layer = verifying_answers(&bench);
            let signed = request(method, &server, path);
            let answer = call_through(&bench, protocol, layer, signed, UNTOUCHED).await;
            let answer = answer.unwrap_or_else(|e| panic!("{here}: {e:?}"));
            assert_eq!(answer.status(), status, "{here}");
            assert!(is_signed_once(&answer), "{here}: {:?}", answer.headers());
            assert_eq!(answer.headers()["x-mac-content-sha256"], of_nothing);
            assert!(answer.body().is_empty());

            // Content-Length is as it would be without the layer.
            let length = |answer: &Response<Bytes>| answer.headers().get("content-length").cloned();
            if (method, path) == ("HEAD", "/") {
                assert_eq!(length(&answer).unwrap(), "5", "{here}");
            }
            // The plain service sends a body with HEAD over HTTP/2, which no client takes, and
            // signatures that are none with /ours.
            if protocol == Protocol::Http2 || path == "/ours" {
                continue;
            }
            let layer = verifying_answers(&bench).unsigned_answers(UnsignedAnswers::Accept);
            let unsigned = request(method, &plain, path);
            let unsigned = call_through(&bench, protocol, layer, unsigned, UNTOUCHED).await;
            assert_eq!(length(&answer), length(&unsigned.unwrap()), "{here}");
        }
    }
    server.stop().await;
    plain.stop().await;
}

#[tokio::test]
async fn what_the_service_set_of_our_headers_is_replaced() {
    let bench = Bench::new();
    let server = server(&bench, signing_answers(&bench)).await;
    assert_eq!(
        handle("/ours").headers().get_all("auth-key").iter().count(),
        2
    );
    let (layer, request) = (verifying_answers(&bench), request("GET", &server, "/ours"));
    let answer = call_through(&bench, Protocol::Http1, layer, request, UNTOUCHED).await;
    assert!(is_signed_once(&answer.unwrap()));
    server.stop().await;
}

#[tokio::test]
async fn headers_outside_the_prefix_are_not_signed() {
    let bench = Bench::new();
    let server = server(&bench, signing_answers(&bench)).await;
    let meddle = |_: &HeaderMap, answer: &mut Response<Bytes>| {
        answer
            .headers_mut()
            .insert("location", "/x".parse().unwrap());
    };
    let (layer, request) = (verifying_answers(&bench), request("GET", &server, "/"));
    let answer = call_through(&bench, Protocol::Http1, layer, request, meddle).await;
    assert_eq!(answer.unwrap().headers()["location"], "/x");
    server.stop().await;
}

#[tokio::test]
async fn the_credential_of_an_answer_is_not_shown() {
    let bench = Bench::new();
    let server = server(&bench, signing_answers(&bench)).await;
    let meddle = |_: &HeaderMap, answer: &mut Response<Bytes>| {
        let sent = answer.headers().clone();
        sign_unbound(answer);
        super::sign_anew(&super::wiki().key(), &sent, answer, countersign_tests::NOW);
        let headers = answer.headers();
        assert!(headers["auth-key"].is_sensitive());
        let signature = AuthKey::default().signature_in(headers).unwrap();
        assert!(!format!("{headers:?}").contains(signature));
        *answer.headers_mut() = sent;
    };
    let (layer, request) = (verifying_answers(&bench), request("GET", &server, "/"));
    let answer = call_through(&bench, Protocol::Http1, layer, request, meddle).await;
    assert!(answer.is_ok());
    server.stop().await;
}
