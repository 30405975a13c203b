//! Clocks that move while the layer is at work, and windows that change.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use countersign::{Clock, Timestamp, Window};
use countersign_tests::{Bench, Case, NOW, Wire, call};
use futures_util::stream;
use http_body::Frame;
use http_body_util::StreamBody;
use tower::Layer;

#[tokio::test]
async fn a_request_that_becomes_stale_while_its_body_comes_is_refused() {
    for case in Case::signing() {
        let bench = Bench::new();
        let service = bench.layer(&case).layer(bench.echo.clone());
        let wire = case.sign(&Wire::post("/", "hello"));
        let clock = bench.clock.clone();
        let slow = stream::once(async move {
            clock.advance(301);
            Ok::<_, std::io::Error>(Frame::data(Bytes::from("hello")))
        });
        let answer = call(&service, wire.http1(StreamBody::new(Box::pin(slow)))).await;
        assert_eq!(
            answer.told(),
            (401, "timestamp_expired".to_owned()),
            "{case}"
        );
        assert_eq!(
            answer.json()["server_time"],
            NOW.plus(301).as_unix(),
            "{case}"
        );
        assert_eq!((bench.echo.calls(), bench.replay.len()), (0, 0), "{case}");
    }
}

#[tokio::test]
async fn a_clock_that_is_set_back_and_forth_lets_nothing_pass_twice() {
    for case in Case::signing() {
        let bench = Bench::new();
        let service = bench.layer(&case).layer(bench.echo.clone());
        let first = case.sign(&Wire::post("/first", "hello"));
        assert_eq!(
            call(&service, first.request_in_memory()).await.status,
            200,
            "{case}"
        );
        for now in [-60, 0, 30, 1000, 0, -60, 5000, 0] {
            let now = NOW.plus(now);
            bench.clock.set(now);
            let other = case.sign_at(&Wire::post(&format!("/{}", now.as_unix()), "hello"), now);
            call(&service, other.request_in_memory()).await;
            let again = call(&service, first.request_in_memory()).await;
            assert_eq!(again.status, 401, "{case} {now}: {again:?}");
        }
    }
}

#[tokio::test]
async fn bad_103_a_window_that_is_widened_does_not_bring_back_what_was_forgotten() {
    let window = |past| Window::new(Duration::from_secs(past), Duration::from_secs(5)).unwrap();
    for case in Case::signing() {
        let bench = Bench::new();
        let narrow = bench
            .layer(&case)
            .window(window(10))
            .layer(bench.echo.clone());
        let first = case.sign(&Wire::post("/first", "hello"));
        assert_eq!(
            call(&narrow, first.request_in_memory()).await.status,
            200,
            "{case}"
        );
        bench.clock.advance(60);
        let later = case.sign_at(&Wire::post("/later", "hello"), NOW.plus(60));
        assert_eq!(
            call(&narrow, later.request_in_memory()).await.status,
            200,
            "{case}"
        );

        let wide = bench
            .layer(&case)
            .window(window(300))
            .layer(bench.echo.clone());
        for replayed in [first, later] {
            let again = call(&wide, replayed.request_in_memory()).await;
            assert_eq!(again.status, 401, "{case}: {again:?}");
        }
        let fresh = case.sign_at(&Wire::post("/fresh", "hello"), NOW.plus(60));
        assert_eq!(
            call(&wide, fresh.request_in_memory()).await.status,
            200,
            "{case}"
        );
    }
}

#[tokio::test]
async fn bad_87_under_the_default_cache_time_moves_on_from_its_start() {
    // The cache of the layer itself, under the real clock.
    for case in Case::signing() {
        let bench = Bench::new();
        let layer = countersign::VerifyLayer::any([case.any_scheme()], case.static_keys());
        let service = layer.layer(bench.echo.clone());
        let now = countersign::Clock::now(&countersign::SystemClock);
        let fresh = case.sign_at(&Wire::post("/", "hello"), now.plus(1));
        assert_eq!(
            call(&service, fresh.request_in_memory()).await.status,
            200,
            "{case}"
        );
        assert_eq!(
            call(&service, fresh.request_in_memory()).await.status,
            401,
            "{case}"
        );
        let before = case.sign_at(&Wire::post("/before", "hello"), now.plus(-10));
        let answer = call(&service, before.request_in_memory()).await;
        assert_eq!(
            answer.told(),
            (401, "timestamp_expired".to_owned()),
            "{case}"
        );
    }
}

/// A clock that tells the time until it is broken.
#[derive(Clone, Debug, Default)]
struct Breakable(Arc<AtomicBool>);

impl Clock for Breakable {
    fn now(&self) -> Timestamp {
        let broken = self.0.load(Ordering::SeqCst);
        assert!(!broken, "the clock panics, as the test wants it to");
        NOW
    }
}

#[tokio::test]
async fn bad_195_a_clock_that_fails_lets_nobody_in() {
    for case in Case::signing() {
        let bench = Bench::new();
        let clock = Breakable::default();
        let layer = bench.layer(&case).clock(clock.clone());
        let service = layer.layer(bench.echo.clone());
        clock.0.store(true, Ordering::SeqCst);
        let request = case.sign(&Wire::get("/")).request_in_memory();
        let asked = tokio::spawn(async move { call(&service, request).await });
        assert!(asked.await.is_err_and(|error| error.is_panic()), "{case}");
        assert_eq!((bench.echo.calls(), bench.replay.len()), (0, 0), "{case}");
    }
}
