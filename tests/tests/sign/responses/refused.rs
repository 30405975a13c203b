//! Answers that were meddled with, or are not for the request that was sent.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use countersign::sign::CallErrorKind;
use countersign::sign::response::{RequestBinding, ResponseFault, UnsignedAnswers};
use countersign::{Reason, VerifyResponseLayer};
use countersign_tests::{Bench, NOW, Protocol};
use http::{HeaderMap, HeaderValue, Response, StatusCode};

use super::{
    OURS, call_through, fault, request, server, sign_anew, sign_unbound, signing_answers,
    verifying_answers, wiki,
};

type Meddle = fn(&HeaderMap, &mut Response<Bytes>);

fn set(answer: &mut Response<Bytes>, name: &'static str, value: &str) {
    let value = HeaderValue::from_str(value).unwrap();
    answer.headers_mut().insert(name, value);
}

fn later() -> String {
    NOW.plus(1).to_string()
}

fn credential(answer: &Response<Bytes>) -> String {
    answer.headers()["auth-key"].to_str().unwrap().to_owned()
}

const MEDDLING: [(&str, Meddle, ResponseFault); 22] = {
    use ResponseFault as Fault;
    [
        (
            "another status",
            |_, a| *a.status_mut() = StatusCode::CREATED,
            Fault::OtherStatus,
        ),
        (
            "an error for a success",
            |_, a| *a.status_mut() = StatusCode::FORBIDDEN,
            Fault::OtherStatus,
        ),
        (
            "no body by its status",
            |_, a| *a.status_mut() = StatusCode::NO_CONTENT,
            Fault::OtherStatus,
        ),
        (
            "status in both places",
            |_, a| {
                *a.status_mut() = StatusCode::CREATED;
                set(a, "x-mac-status", "201");
            },
            Fault::Signature,
        ),
        (
            "a changed x-header",
            |_, a| set(a, "x-mac-role", "user"),
            Fault::Signature,
        ),
        (
            "an added x-header",
            |_, a| set(a, "x-mac-more", "1"),
            Fault::Signature,
        ),
        (
            "a removed x-header",
            |_, a| {
                a.headers_mut().remove("x-mac-role");
            },
            Fault::Signature,
        ),
        (
            "a repeated x-header",
            |_, a| {
                a.headers_mut()
                    .append("x-mac-role", HeaderValue::from_static("admin"));
            },
            Fault::Unreadable,
        ),
        (
            "an x-header with an underscore",
            |_, a| set(a, "x-mac-a_b", "1"),
            Fault::Unreadable,
        ),
        (
            "a changed body",
            |_, a| *a.body_mut() = Bytes::from_static(b"hallo"),
            Fault::OtherBody,
        ),
        (
            "a longer body",
            |_, a| *a.body_mut() = Bytes::from_static(b"hello!"),
            Fault::OtherBody,
        ),
        (
            "no body",
            |_, a| *a.body_mut() = Bytes::new(),
            Fault::OtherBody,
        ),
        (
            "a changed body with its hash",
            |_, a| {
                *a.body_mut() = Bytes::new();
                set(
                    a,
                    "x-mac-content-sha256",
                    "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
                );
            },
            Fault::Signature,
        ),
        (
            "a later date",
            |_, a| set(a, "x-mac-date", &later()),
            Fault::Signature,
        ),
        (
            "no date",
            |_, a| {
                a.headers_mut().remove("x-mac-date");
            },
            Fault::Unreadable,
        ),
        (
            "no signature",
            |_, a| {
                a.headers_mut().remove("auth-key");
            },
            Fault::Unsigned,
        ),
        (
            "nothing of ours",
            |_, a| {
                for name in OURS {
                    a.headers_mut().remove(name);
                }
            },
            Fault::Unsigned,
        ),
        (
            "two signatures",
            |_, a| {
                let again = a.headers()["auth-key"].clone();
                a.headers_mut().append("auth-key", again);
            },
            Fault::Unreadable,
        ),
        (
            "a signature of no length",
            |_, a| set(a, "auth-key", "MAC example-id:"),
            Fault::Unreadable,
        ),
        (
            "the request's signature",
            |sent, a| {
                a.headers_mut().insert("auth-key", sent["auth-key"].clone());
            },
            Fault::Signature,
        ),
        (
            "another key's signature",
            |sent, a| sign_anew(&wiki().other_key(), sent, a, NOW),
            Fault::OtherKey,
        ),
        (
            "another key's signature under our id",
            |sent, a| {
                sign_anew(&wiki().other_key(), sent, a, NOW);
                let renamed = credential(a).replace("other-id", "example-id");
                set(a, "auth-key", &renamed);
            },
            Fault::Signature,
        ),
    ]
};

#[tokio::test]
async fn an_answer_that_was_meddled_with_is_refused() {
    let bench = Bench::new();
    let server = server(&bench, signing_answers(&bench)).await;
    for protocol in Protocol::BOTH {
        for (what, meddle, expected) in MEDDLING {
            let (layer, request) = (verifying_answers(&bench), request("GET", &server, "/"));
            let outcome = call_through(&bench, protocol, layer, request, meddle).await;
            assert_eq!(fault(outcome), expected, "{protocol:?}: {what}");
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn accepting_unsigned_answers_accepts_no_wrong_ones() {
    let bench = Bench::new();
    let server = server(&bench, signing_answers(&bench)).await;
    for (what, meddle, expected) in MEDDLING {
        let layer = verifying_answers(&bench).unsigned_answers(UnsignedAnswers::Accept);
        let request = request("GET", &server, "/");
        let outcome = call_through(&bench, Protocol::Http1, layer, request, meddle).await;
        match expected {
            ResponseFault::Unsigned => assert!(outcome.is_ok(), "{what}"),
            _ => assert_eq!(fault(outcome), expected, "{what}"),
        }
    }
    server.stop().await;
}

/// Answers every request with the answer to the first.
fn replaying() -> impl Fn(&HeaderMap, &mut Response<Bytes>) + Clone + Send + Sync + 'static {
    let first = Arc::new(Mutex::new(None));
    move |_: &HeaderMap, answer: &mut Response<Bytes>| {
        let mut first = first.lock().unwrap();
        let first: &Response<Bytes> = first.get_or_insert_with(|| answer.clone());
        *answer = first.clone();
    }
}

#[tokio::test]
async fn bad_171_the_signed_answer_to_one_request_is_refused_for_another() {
    let bench = Bench::new();
    let server = server(&bench, signing_answers(&bench)).await;
    for (first, second) in [("/", "/404"), ("/", "/")] {
        let meddle = replaying();
        let call = |path| {
            let (layer, request) = (verifying_answers(&bench), request("GET", &server, path));
            call_through(&bench, Protocol::Http1, layer, request, meddle.clone())
        };
        assert!(call(first).await.is_ok());
        assert_eq!(fault(call(second).await), ResponseFault::OtherRequest);
    }
    server.stop().await;
}

#[tokio::test]
async fn bad_171_an_answer_that_is_not_bound_passes_only_when_allowed_and_is_then_not_bound() {
    let bench = Bench::new();
    let server = server(&bench, signing_answers(&bench)).await;
    let call = |layer: VerifyResponseLayer<_>| {
        let request = request("GET", &server, "/");
        call_through(&bench, Protocol::Http1, layer, request, |_, answer| {
            sign_unbound(answer);
            *answer.status_mut() = StatusCode::CREATED;
        })
    };
    let outcome = call(verifying_answers(&bench)).await;
    assert_eq!(fault(outcome), ResponseFault::Unbound);
    let lenient = || verifying_answers(&bench).request_binding(RequestBinding::NotRequired);
    assert_eq!(call(lenient()).await.unwrap().status(), 201);

    // One that says to which request it belongs is still held to it.
    let meddle = replaying();
    for expected in [None, Some(ResponseFault::OtherRequest)] {
        let request = request("GET", &server, "/");
        let outcome =
            call_through(&bench, Protocol::Http1, lenient(), request, meddle.clone()).await;
        match expected {
            None => assert!(outcome.is_ok()),
            Some(expected) => assert_eq!(fault(outcome), expected),
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn an_answer_is_fresh_at_both_edges_of_the_window_and_not_beyond() {
    let bench = Bench::new();
    let server = server(&bench, signing_answers(&bench)).await;
    for (offset, expected) in [
        (-301, Some(ResponseFault::Expired)),
        (-300, None),
        (60, None),
        (61, Some(ResponseFault::InFuture)),
    ] {
        let (layer, request) = (verifying_answers(&bench), request("GET", &server, "/"));
        let meddle = move |sent: &HeaderMap, answer: &mut Response<Bytes>| {
            sign_anew(&wiki().key(), sent, answer, NOW.plus(offset));
        };
        let outcome = call_through(&bench, Protocol::Http1, layer, request, meddle).await;
        match expected {
            None => assert!(outcome.is_ok(), "{offset}"),
            Some(expected) => assert_eq!(fault(outcome), expected, "{offset}"),
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn a_refusal_of_the_verifying_layer_is_an_error_with_its_status_and_code() {
    let bench = Bench::new();
    let server = server(&bench, signing_answers(&bench)).await;
    // The service's clock is taken for wrong by an hour.
    let signing_bench = Bench::new();
    signing_bench.clock.advance(-3600);
    for (rule, refused) in [
        (UnsignedAnswers::Refuse, true),
        (UnsignedAnswers::Accept, false),
    ] {
        let layer = verifying_answers(&bench).unsigned_answers(rule);
        let request = request("GET", &server, "/");
        let outcome = call_through(&signing_bench, Protocol::Http1, layer, request, |_, _| {});
        match outcome.await {
            Err(error) if refused => {
                assert_eq!(error.kind(), CallErrorKind::Answer);
                let answer = error.refused_answer().unwrap();
                assert_eq!(answer.fault(), ResponseFault::Unsigned);
                assert_eq!(answer.status(), 401);
                let code = Reason::TimestampExpired.code();
                assert_eq!(answer.problem_code(), Some(code));
                let text = answer.to_string();
                assert!(text.contains("401") && text.contains(code), "{text}");
            }
            // SignLayer makes its own error of a wrong clock, for a caller that believes it.
            Err(error) => assert_eq!(error.kind(), CallErrorKind::ClockOff),
            Ok(answer) => panic!("{answer:?}"),
        }
    }
    server.stop().await;
}
