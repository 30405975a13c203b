//! A layer that only reports.

use std::time::Duration;

use bytes::Bytes;
use countersign::{BodyPolicy, Decision, Reason};
use countersign_tests::{
    Answer, Bench, Case, NOW, Scripted, Step, Wire, broken, call, unsized_body,
};
use futures_util::stream;
use http_body::Frame;
use http_body_util::StreamBody;
use tower::Layer;

/// That the service was called without a caller, and what would have been the reason.
fn would_reject(bench: &Bench, answer: &Answer, label: &str) -> Reason {
    let outcome = answer.outcome();
    assert_eq!(outcome.decision(), Decision::WouldReject, "{label}");
    assert_eq!(bench.echo.last().principal, None, "{label}");
    assert_eq!(answer.caller(), "", "{label}");
    assert_eq!(answer.header("www-authenticate"), "", "{label}");
    outcome.reason().unwrap()
}

#[tokio::test]
async fn bad_177_a_bad_request_reaches_the_service_without_a_caller_and_with_its_body() {
    for case in Case::all() {
        let bench = Bench::new();
        let service = bench.layer(&case).report_only().layer(bench.echo.clone());
        let post = Wire::post("/", "hello");
        let mut bad = vec![
            (post.clone(), Reason::MissingCredentials),
            (case.sign_badly(&post), Reason::InvalidCredentials),
        ];
        if case.remembers() {
            bad.push((
                case.sign_at(&post, NOW.plus(-90_000)),
                Reason::TimestampExpired,
            ));
            let replayed = case.sign(&post);
            assert_eq!(
                call(&service, replayed.request_in_memory()).await.status,
                200
            );
            bad.push((replayed, Reason::NonceReplayed));
        }
        for (wire, reason) in bad {
            let calls = bench.echo.calls();
            let answer = call(&service, wire.request_in_memory()).await;
            let label = format!("{case} {reason}");
            assert_eq!(
                (answer.status.as_u16(), &*answer.body),
                (200, &b"hello"[..]),
                "{label}"
            );
            assert_eq!(bench.echo.calls(), calls + 1, "{label}");
            assert_eq!(would_reject(&bench, &answer, &label), reason, "{label}");
        }
    }
}

#[tokio::test]
async fn a_good_request_reaches_the_service_with_its_caller() {
    for case in Case::all() {
        let bench = Bench::new();
        let service = bench.layer(&case).report_only().layer(bench.echo.clone());
        let wire = case.sign(&Wire::post("/", "hello"));
        let answer = call(&service, wire.request_in_memory()).await;
        assert_eq!(answer.caller(), case.principal(), "{case}");
        assert_eq!(answer.outcome().decision(), Decision::Accepted, "{case}");
    }
}

#[tokio::test]
async fn bad_177_a_body_that_is_too_large_arrives_whole() {
    for case in Case::all() {
        let bench = Bench::new();
        let layer = bench.layer(&case).max_body(6).report_only();
        let service = layer.layer(bench.echo.clone());
        let wire = case.sign(&Wire::post("/", "hello dave and erin"));
        let pieces = ["hello", " dave", " and ", "erin"].map(Bytes::from);
        let chunked = call(&service, wire.http1(Box::pin(unsized_body(pieces)))).await;
        assert_eq!(chunked.body, "hello dave and erin", "{case}");
        assert_eq!(
            would_reject(&bench, &chunked, case.name),
            Reason::BodyTooLarge
        );
        let declared = call(&service, wire.request_in_memory()).await;
        assert_eq!(declared.body, "hello dave and erin", "{case}");
        assert_eq!(
            would_reject(&bench, &declared, case.name),
            Reason::BodyTooLarge
        );
    }
}

#[tokio::test]
async fn bad_177_a_body_that_does_not_match_arrives_whole() {
    for case in Case::signing().into_iter().filter(Case::covers_body) {
        let bench = Bench::new();
        let service = bench.layer(&case).report_only().layer(bench.echo.clone());
        let wire = case.sign(&Wire::post("/", "hello dave"));
        let pieces = ["hello", " ", "mallory"].map(Bytes::from);
        let answer = call(&service, wire.http1(Box::pin(unsized_body(pieces)))).await;
        assert_eq!(answer.body, "hello mallory", "{case}");
        assert_eq!(
            would_reject(&bench, &answer, case.name),
            Reason::DigestMismatch
        );
    }
}

#[tokio::test]
async fn bad_177_a_body_that_is_cut_arrives_as_far_as_it_came_and_ends_in_the_error() {
    for case in Case::all() {
        let bench = Bench::new();
        let service = bench.layer(&case).report_only().layer(bench.echo.clone());
        let wire = case.sign(&Wire::post("/", "hello dave"));
        let answer = call(&service, wire.http1(broken(&["hello", " "]))).await;
        assert_eq!(
            (answer.status.as_u16(), &*answer.body),
            (422, &b"hello "[..]),
            "{case}"
        );
        let error = bench.echo.last().body.unwrap_err();
        assert!(error.contains("the connection was cut"), "{case}: {error}");
        assert_eq!(
            would_reject(&bench, &answer, case.name),
            Reason::BodyIncomplete
        );
    }
}

#[tokio::test]
async fn bad_177_an_unsigned_body_arrives_whole() {
    for case in Case::all() {
        let bench = Bench::new();
        let layer = bench
            .layer(&case)
            .body_policy(BodyPolicy::RequireEverywhere);
        let service = layer.report_only().layer(bench.echo.clone());
        let wire = case.sign(&Wire::new("POST", "/"));
        let steps = [Step::data("hello"), Step::Pending, Step::data(" dave")];
        let answer = call(&service, wire.http1(Scripted::new(steps))).await;
        assert_eq!(answer.body, "hello dave", "{case}");
        would_reject(&bench, &answer, case.name);
    }
}

#[tokio::test(start_paused = true)]
async fn bad_177_a_body_that_comes_too_slowly_arrives_whole_all_the_same() {
    let deadline = Duration::from_secs(3);
    for case in Case::all() {
        let bench = Bench::new();
        let layer = bench.layer(&case).body_deadline(deadline).report_only();
        let service = layer.layer(bench.echo.clone());
        let wire = case.sign(&Wire::post("/", "hello dave"));
        let slow = stream::unfold(0, move |piece| async move {
            tokio::time::sleep(deadline * 2 / 3).await;
            let data = *["hello", " ", "dave"].get(piece)?;
            Some((
                Ok::<_, std::io::Error>(Frame::data(Bytes::from(data))),
                piece + 1,
            ))
        });
        let answer = call(&service, wire.http1(StreamBody::new(Box::pin(slow)))).await;
        assert_eq!(answer.body, "hello dave", "{case}");
        assert_eq!(
            would_reject(&bench, &answer, case.name),
            Reason::BodyIncomplete
        );
    }
}

#[tokio::test]
async fn bad_177_a_streamed_body_that_does_not_match_arrives_whole_and_without_a_caller() {
    for case in Case::signing().into_iter().filter(Case::covers_body) {
        let bench = Bench::new();
        let layer = bench.layer(&case).stream_bodies().report_only();
        let service = layer.layer(bench.echo.clone());
        let wire = case.sign(&Wire::post("/", "hello dave"));
        let pieces = ["hello", " ", "mallory"].map(Bytes::from);
        let answer = call(&service, wire.http1(Box::pin(unsized_body(pieces)))).await;
        assert_eq!(answer.body, "hello mallory", "{case}");
        assert_eq!(
            would_reject(&bench, &answer, case.name),
            Reason::DigestMismatch
        );
    }
}

#[tokio::test]
async fn a_refused_request_claims_no_nonce() {
    for case in Case::signing() {
        let bench = Bench::new();
        let reporting = bench.layer(&case).report_only().layer(bench.echo.clone());
        let wire = case.sign(&Wire::post("/", "hello"));
        let mut elsewhere = wire.clone();
        elsewhere.target = "/elsewhere".to_owned();
        let answer = call(&reporting, elsewhere.request_in_memory()).await;
        would_reject(&bench, &answer, case.name);
        assert!(bench.replay.is_empty(), "{case}");
    }
}
