//! Callers that leave at any moment.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use countersign::VerifyLayer;
use countersign::keys::CachedLookup;
use countersign_tests::{Bench, Case, Holding, Scripted, Slow, Step, TestKeys, Wire, call};
use tower::limit::ConcurrencyLimit;
use tower::{Layer, ServiceExt};

/// A layer that waits wherever a layer can wait.
fn waiting(bench: &Bench, case: &Case) -> VerifyLayer<TestKeys, Slow> {
    let keys = TestKeys::new(case.static_keys()).holding(Holding::Waiting(2));
    let layer = VerifyLayer::any([case.any_scheme()], keys);
    let slow = Slow::new(bench.replay.clone(), 2);
    layer.clock(bench.clock.clone()).replay(slow)
}

fn body() -> Scripted {
    Scripted::new([
        Step::data("hel"),
        Step::Pending,
        Step::data("lo"),
        Step::Pending,
        Step::Pending,
    ])
}

/// Sends `wire` and leaves after `polls` polls; whether the answer came before that.
fn send_and_leave(bench: &Bench, case: &Case, wire: &Wire, polls: usize) -> bool {
    let service = waiting(bench, case).layer(bench.echo.clone());
    let mut answering = pin!(service.oneshot(wire.http1(body())));
    let mut context = Context::from_waker(Waker::noop());
    (0..polls).any(|_| matches!(answering.as_mut().poll(&mut context), Poll::Ready(_)))
}

#[tokio::test]
async fn bad_41_and_99_leaving_at_any_poll_breaks_nothing_and_never_lets_a_request_pass_twice() {
    for case in Case::signing() {
        let (mut before_the_claim, mut after_the_claim) = (0, 0);
        for polls in 0.. {
            let bench = Bench::new();
            let wire = case.sign(&Wire::post("/", "hello"));
            let answered = send_and_leave(&bench, &case, &wire, polls);
            let (claimed, calls) = (bench.replay.len(), bench.echo.calls());
            assert!(calls <= claimed, "{case} {polls}: called without a claim");
            assert!(claimed <= 1, "{case} {polls}");

            let service = waiting(&bench, &case).layer(bench.echo.clone());
            let again = call(&service, wire.http1(body())).await;
            if claimed == 0 {
                before_the_claim += 1;
                assert_eq!(again.status, 200, "{case} {polls}: {again:?}");
                assert_eq!(bench.echo.calls(), 1, "{case} {polls}");
            } else {
                after_the_claim += 1;
                assert_eq!(
                    again.told().1,
                    "nonce_replayed",
                    "{case} {polls}: {again:?}"
                );
                assert_eq!(bench.echo.calls(), calls, "{case} {polls}");
            }
            let other = case.sign(&Wire::post("/other", "hello"));
            assert_eq!(
                call(&service, other.http1(body())).await.status,
                200,
                "{case} {polls}"
            );
            assert_eq!(bench.replay.len(), 2, "{case} {polls}");
            if answered {
                break;
            }
            assert!(polls < 100, "{case}: never answered");
        }
        assert!(before_the_claim > 5, "{case}: {before_the_claim}");
        assert!(after_the_claim > 2, "{case}: {after_the_claim}");
    }
}

#[tokio::test]
async fn a_reporting_layer_that_is_left_claims_nothing_by_halves_either() {
    for case in Case::signing() {
        for polls in 0..20 {
            let bench = Bench::new();
            let service = waiting(&bench, &case)
                .report_only()
                .layer(bench.echo.clone());
            let wire = case.sign(&Wire::post("/", "hello"));
            {
                let mut answering = pin!(service.clone().oneshot(wire.http1(body())));
                let mut context = Context::from_waker(Waker::noop());
                for _ in 0..polls {
                    if answering.as_mut().poll(&mut context).is_ready() {
                        break;
                    }
                }
            }
            let claimed = bench.replay.len();
            let answer = call(&service, wire.http1(body())).await;
            assert_eq!(answer.status, 200, "{case} {polls}");
            assert_eq!(answer.caller().is_empty(), claimed == 1, "{case} {polls}");
            assert_eq!(bench.replay.len(), 1, "{case} {polls}");
        }
    }
}

#[tokio::test]
async fn leaving_at_any_poll_gives_the_only_place_back_and_strands_no_cached_lookup() {
    for case in Case::signing() {
        for polls in 0.. {
            let bench = Bench::new();
            let keys = TestKeys::new(case.static_keys()).holding(Holding::Waiting(2));
            let asked = keys.asked();
            let layer = VerifyLayer::any([case.any_scheme()], CachedLookup::new(keys));
            let layer = layer.clock(bench.clock.clone());
            let layer = layer.replay(Slow::new(bench.replay.clone(), 2));
            let service = ConcurrencyLimit::new(layer.layer(bench.echo.clone()), 1);
            let answered = {
                let wire = case.sign(&Wire::post("/", "hello"));
                let mut answering = pin!(service.clone().oneshot(wire.http1(body())));
                let mut context = Context::from_waker(Waker::noop());
                (0..polls).any(|_| answering.as_mut().poll(&mut context).is_ready())
            };
            for path in ["/next", "/last"] {
                let next = case.sign(&Wire::post(path, "hello"));
                let answer = call(&service, next.http1(body())).await;
                assert_eq!(answer.status, 200, "{case} {polls}: {answer:?}");
            }
            // The first lookup may have been given up; what came after it is remembered.
            assert!((1..=2).contains(&asked.times()), "{case} {polls}");
            if answered {
                break;
            }
            assert!(polls < 100, "{case}: never answered");
        }
    }
}
