//! Bodies that the service reads while they are being verified.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use countersign::{BoxError, Reason, Rejection, VerifiedBody};
use countersign_tests::{Bench, Case, Scripted, Step, Wire, broken, call, unsized_body};
use http::{HeaderMap, Request, Response};
use http_body::Body as _;
use http_body_util::{BodyExt, Full};
use tower::{Layer, ServiceExt, service_fn};

fn covering() -> impl Iterator<Item = Case> {
    Case::signing().into_iter().filter(Case::covers_body)
}

fn pieces(text: &str) -> Scripted {
    Scripted::new(text.split('|').map(Step::data))
}

#[tokio::test]
async fn a_good_body_arrives_frame_by_frame() {
    for case in Case::all() {
        let bench = Bench::new();
        let service = bench.layer(&case).stream_bodies().layer(bench.echo.clone());
        let wire = case.sign(&Wire::post("/", "hello dave"));
        let steps = [
            Step::data("hel"),
            Step::Pending,
            Step::data(""),
            Step::data("lo"),
            Step::data(" dave"),
            Step::Pending,
            Step::data(""),
        ];
        let answer = call(&service, wire.http1(Scripted::new(steps))).await;
        assert_eq!(
            (answer.status.as_u16(), &*answer.body),
            (200, &b"hello dave"[..]),
            "{case}"
        );
        assert_eq!(answer.caller(), case.principal(), "{case}");
        assert_eq!(bench.echo.last().frames, [3, 2, 5], "{case}");
    }
}

#[tokio::test]
async fn no_body_at_all_is_fine_and_one_that_should_be_there_is_missed() {
    for case in Case::all() {
        let bench = Bench::new();
        let service = bench.layer(&case).stream_bodies().layer(bench.echo.clone());
        let none = case.sign(&Wire::new("POST", "/none"));
        assert_eq!(
            call(&service, none.request_in_memory()).await.status,
            200,
            "{case}"
        );
        let chunked = case.sign(&Wire::new("POST", "/chunked"));
        assert_eq!(
            call(&service, chunked.http1(Scripted::new([])))
                .await
                .status,
            200,
            "{case}"
        );
        if case.covers_body() {
            let dropped = case.sign(&Wire::post("/dropped", "hello")).body("");
            let answer = call(&service, dropped.request_in_memory()).await;
            assert_eq!(answer.told(), (401, "digest_mismatch".to_owned()), "{case}");
            let dropped = case.sign(&Wire::post("/dropped", "hello"));
            let answer = call(&service, dropped.http1(Scripted::new([]))).await;
            assert_eq!(
                answer.status, 422,
                "{case}: the service sees an error, not an empty body"
            );
        }
    }
}

#[tokio::test]
async fn bad_158_a_body_that_does_not_match_ends_in_an_error_before_its_last_frame() {
    for case in covering() {
        let bench = Bench::new();
        let service = bench.layer(&case).stream_bodies().layer(bench.echo.clone());
        for (number, (sent, seen)) in [
            ("hello| |mallory", &[5, 1][..]),
            ("hello mallory", &[]),
            ("hello| |dave|!", &[5, 1, 4]),
            ("hello| ", &[5]),
        ]
        .into_iter()
        .enumerate()
        {
            let wire = case.sign(&Wire::post(&format!("/{number}"), "hello dave"));
            let answer = call(&service, wire.http1(pieces(sent))).await;
            let label = format!("{case} {sent}");
            assert_eq!(answer.status, 422, "{label}: {answer:?}");
            let last = bench.echo.last();
            assert_eq!(last.frames, seen, "{label}");
            let error = last.body.unwrap_err();
            assert!(error.starts_with("digest_mismatch: "), "{label}: {error}");
        }
    }
}

#[tokio::test]
async fn bad_155_a_body_that_grows_too_large_ends_in_an_error_before_its_last_frame() {
    for case in Case::all() {
        let bench = Bench::new();
        let layer = bench.layer(&case).stream_bodies().max_body(6);
        let service = layer.layer(bench.echo.clone());
        let wire = case.sign(&Wire::post("/", "hello dave"));
        let body = Scripted::new(["hel", "lo ", "dave"].map(Step::data));
        let polls = body.polls();
        let answer = call(&service, wire.http1(body)).await;
        assert_eq!(answer.status, 422, "{case}");
        assert_eq!(bench.echo.last().frames, [3], "{case}");
        assert!(
            bench
                .echo
                .last()
                .body
                .unwrap_err()
                .starts_with("body_too_large"),
            "{case}"
        );
        assert_eq!(polls(), 3, "{case}");
        let declared = case.sign(&Wire::post("/declared", "hello dave"));
        let answer = call(&service, declared.request_in_memory()).await;
        assert_eq!(answer.told(), (413, "body_too_large".to_owned()), "{case}");
    }
}

#[tokio::test]
async fn bad_157_a_body_that_is_cut_ends_in_an_error_before_its_last_frame() {
    for case in Case::all() {
        let bench = Bench::new();
        let service = bench.layer(&case).stream_bodies().layer(bench.echo.clone());
        let wire = case.sign(&Wire::post("/", "hello dave"));
        let answer = call(&service, wire.http1(broken(&["hello", " dave"]))).await;
        assert_eq!(answer.status, 422, "{case}");
        assert_eq!(bench.echo.last().frames, [5], "{case}");
        assert_eq!(
            bench.echo.last().body.unwrap_err(),
            "the connection was cut",
            "{case}"
        );
    }
}

#[tokio::test]
async fn bad_100_the_nonce_is_claimed_before_the_service_is_called_and_stays_so() {
    for case in Case::signing() {
        let bench = Bench::new();
        let remembered = bench.replay.clone();
        let looking = service_fn(move |request: Request<VerifiedBody<Scripted>>| {
            let before = remembered.len();
            async move {
                let whole = request.into_body().collect().await.is_ok();
                let body = Full::new(Bytes::from(format!("{before} {whole}")));
                Ok::<_, Infallible>(Response::new(body))
            }
        });
        let service = bench.layer(&case).stream_bodies().layer(looking);
        let wire = case.sign(&Wire::post("/", "hello dave"));
        let sent = if case.covers_body() {
            "hello| mallory"
        } else {
            "hello| dave"
        };
        let first = call(&service, wire.http1(pieces(sent))).await;
        assert_eq!(first.body, format!("1 {}", !case.covers_body()), "{case}");
        let again = call(&service, wire.http1(pieces("hello| dave"))).await;
        assert_eq!(again.told(), (401, "nonce_replayed".to_owned()), "{case}");
    }
}

#[tokio::test]
async fn the_error_is_the_rejection_and_nothing_follows_it() {
    for case in covering() {
        let bench = Bench::new();
        let found = Arc::new(Mutex::new(None));
        let write = Arc::clone(&found);
        let reading = service_fn(move |request: Request<VerifiedBody<Scripted>>| {
            let write = Arc::clone(&write);
            async move {
                let mut body = request.into_body();
                let first = body.frame().await.unwrap().unwrap();
                assert_eq!(first.into_data().unwrap(), "hello");
                let error: BoxError = body.frame().await.unwrap().unwrap_err();
                let end = (body.is_end_stream(), body.frame().await.is_none());
                *write.lock().unwrap() = Some((error, end));
                Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()))
            }
        });
        let service = bench.layer(&case).stream_bodies().layer(reading);
        let wire = case.sign(&Wire::post("/", "hello dave"));
        call(&service, wire.http1(pieces("hello| mallory"))).await;
        let (error, end) = found.lock().unwrap().take().unwrap();
        assert_eq!(end, (true, true), "{case}");
        let rejection = error.downcast_ref::<Rejection>();
        let rejection = rejection.unwrap_or_else(|| panic!("{case}: {error:?}"));
        assert_eq!(rejection.reason(), Reason::DigestMismatch, "{case}");
        assert_eq!(rejection.scheme(), Some(case.scheme().id()), "{case}");
    }
}

#[tokio::test]
async fn trailers_are_dropped_and_do_not_end_the_body_early() {
    for case in Case::all() {
        let bench = Bench::new();
        let service = bench.layer(&case).stream_bodies().layer(bench.echo.clone());
        let wire = case.sign(&Wire::post("/", "hello dave"));
        let mut trailers = HeaderMap::new();
        trailers.insert("x-mac-role", "admin".parse().unwrap());
        let steps = [
            Step::data("hello"),
            Step::data(" dave"),
            Step::Trailers(trailers),
        ];
        let answer = call(&service, wire.http1(Scripted::new(steps))).await;
        assert_eq!(answer.body, "hello dave", "{case}");
        assert!(!bench.echo.last().trailers, "{case}");
    }
}

#[tokio::test]
async fn what_is_said_about_the_length_is_true_at_every_step() {
    let case = Case::named("auth-key wiki");
    let bench = Bench::new();
    let checking = service_fn(|request: Request<VerifiedBody<Scripted>>| async move {
        let mut body = request.into_body();
        let mut left = 10_u64;
        while left > 0 {
            let hint = body.size_hint();
            assert!(hint.lower() <= left, "{hint:?} with {left} to come");
            assert!(
                hint.upper().is_none_or(|upper| upper >= left),
                "{hint:?} with {left} to come"
            );
            assert!(!body.is_end_stream(), "with {left} to come");
            let data = body.frame().await.unwrap().unwrap().into_data().unwrap();
            left -= data.len() as u64;
        }
        assert!(body.frame().await.is_none());
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()))
    });
    let service = bench.layer(&case).stream_bodies().layer(checking);
    let wire = case.sign(&Wire::post("/", "hello dave"));
    assert_eq!(
        call(&service, wire.http1(pieces("he|l|lo |dave")))
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn a_service_that_does_not_read_the_body_may_answer_all_the_same() {
    let (case, bench) = (Case::named("auth-key wiki"), Bench::new());
    let ignoring = service_fn(|_: Request<VerifiedBody<_>>| async {
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()))
    });
    let service = bench.layer(&case).stream_bodies().layer(ignoring);
    let wire = case.sign(&Wire::post("/", "hello"));
    let body = Box::pin(unsized_body(["mallory"].map(Bytes::from)));
    let response = service.oneshot(wire.http1(body)).await.unwrap();
    assert_eq!(response.status(), 200);
}
