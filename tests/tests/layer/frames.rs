//! How a body was cut, and what comes after it.

use bytes::Bytes;
use countersign_tests::{Bench, Case, Scripted, Step, Wire, call, unsized_body};
use http::HeaderMap;
use tower::Layer;

const MIB: usize = 1 << 20;

#[tokio::test]
async fn a_body_of_a_million_frames_reaches_the_service_in_a_few() {
    for case in ["auth-key wiki", "hmac-auth sha1", "mac yar sha256"].map(Case::named) {
        let bench = Bench::new();
        let service = bench.layer(&case).layer(bench.echo.clone());
        let wire = case.sign(&Wire::post("/", vec![b'x'; MIB]));
        let bytes = (0..MIB).map(|_| Bytes::from_static(b"x"));
        let answer = call(&service, wire.http1(Box::pin(unsized_body(bytes)))).await;
        assert_eq!(
            (answer.status.as_u16(), answer.body.len()),
            (200, MIB),
            "{case}"
        );
        let frames = bench.echo.last().frames;
        assert!(frames.len() <= 128, "{case}: {} frames", frames.len());
    }
}

#[tokio::test]
async fn small_frames_between_large_ones_cost_a_frame_each_at_most() {
    let (case, bench) = (Case::named("auth-key wiki"), Bench::new());
    let service = bench.layer(&case).layer(bench.echo.clone());
    let (small, large) = (Bytes::from_static(b"y"), Bytes::from(vec![b'x'; 1024]));
    let pieces: Vec<_> = (0..1000)
        .map(|n| {
            if n % 2 == 0 {
                large.clone()
            } else {
                small.clone()
            }
        })
        .collect();
    let wire = case.sign(&Wire::post("/", pieces.concat()));
    let answer = call(&service, wire.http1(Box::pin(unsized_body(pieces)))).await;
    assert_eq!(answer.body, wire.body);
    let frames = bench.echo.last().frames;
    assert_eq!(frames.len(), 1000);
    assert!(frames.iter().all(|&length| length == 1 || length == 1024));
}

#[tokio::test]
async fn large_frames_are_passed_on_as_they_came() {
    for case in Case::all() {
        let bench = Bench::new();
        let service = bench.layer(&case).layer(bench.echo.clone());
        let pieces = [2000, 70_000, 1024].map(|length| Bytes::from(vec![b'x'; length]));
        let wire = case.sign(&Wire::post("/", pieces.concat()));
        let answer = call(&service, wire.http1(Box::pin(unsized_body(pieces)))).await;
        assert_eq!(answer.status, 200, "{case}");
        assert_eq!(bench.echo.last().frames, [2000, 70_000, 1024], "{case}");
    }
}

#[tokio::test]
async fn frames_without_data_are_passed_over() {
    for case in Case::all() {
        let bench = Bench::new();
        let service = bench.layer(&case).layer(bench.echo.clone());
        let wire = case.sign(&Wire::post("/", "hello"));
        let empty = || Step::data("");
        let steps = [
            empty(),
            Step::data("hel"),
            empty(),
            Step::Pending,
            Step::data("lo"),
            empty(),
        ];
        let answer = call(&service, wire.http1(Scripted::new(steps))).await;
        assert_eq!(answer.body, "hello", "{case}");
        assert!(
            bench.echo.last().frames.iter().all(|&length| length > 0),
            "{case}"
        );
    }
}

#[tokio::test]
async fn trailers_which_nobody_signs_are_dropped() {
    for case in Case::all() {
        let bench = Bench::new();
        let service = bench.layer(&case).layer(bench.echo.clone());
        let wire = case.sign(&Wire::post("/", "hello"));
        let mut trailers = HeaderMap::new();
        trailers.insert("x-mac-role", "admin".parse().unwrap());
        let steps = [Step::data("hello"), Step::Trailers(trailers)];
        let answer = call(&service, wire.http1(Scripted::new(steps))).await;
        assert_eq!(answer.body, "hello", "{case}");
        let seen = bench.echo.last();
        assert!(
            !seen.trailers && !seen.headers.contains_key("x-mac-role"),
            "{case}"
        );
    }
}
