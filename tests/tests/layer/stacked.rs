//! Two layers over one request.

use countersign::{Decision, Outcome};
use countersign_tests::{Answer, Bench, Case, Wire, call};
use http::Response;
use tower::{Layer, ServiceBuilder};

#[tokio::test]
async fn bad_104_a_reporting_layer_outside_does_not_turn_a_request_into_a_replay_of_itself() {
    for case in Case::all() {
        let bench = Bench::new();
        let outcomes = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
        let log = std::sync::Arc::clone(&outcomes);
        let service = ServiceBuilder::new()
            .layer(bench.layer(&case).report_only())
            .map_response(move |response: Response<_>| {
                let outcome = response.extensions().get::<Outcome>().unwrap();
                log.lock().unwrap().push(outcome.decision());
                response
            })
            .layer(bench.layer(&case))
            .service(bench.echo.clone());
        let wire = case.sign(&Wire::post("/", "hello"));
        let first = call(&service, wire.request_in_memory()).await;
        assert_eq!(first.status, 200, "{case}: {first:?}");
        assert_eq!(first.outcome().decision(), Decision::Accepted, "{case}");
        assert_eq!(bench.replay.len(), usize::from(case.remembers()), "{case}");

        let again = call(&service, wire.request_in_memory()).await;
        let (status, outer, inner) = if case.remembers() {
            (401, Decision::WouldReject, Decision::Rejected)
        } else {
            (200, Decision::Accepted, Decision::Accepted)
        };
        assert_eq!(
            (again.status.as_u16(), again.outcome().decision()),
            (status, outer),
            "{case}"
        );
        assert_eq!(
            *outcomes.lock().unwrap(),
            [Decision::Accepted, inner],
            "{case}"
        );
    }
}

#[tokio::test]
async fn bad_198_the_same_layer_twice_claims_the_nonce_once() {
    for case in Case::all() {
        let bench = Bench::new();
        let layer = bench.layer(&case);
        let service = ServiceBuilder::new()
            .layer(layer.clone())
            .layer(layer.clone())
            .layer(layer)
            .service(bench.echo.clone());
        let wire = case.sign(&Wire::post("/", "hello"));
        assert_eq!(
            call(&service, wire.request_in_memory()).await.status,
            200,
            "{case}"
        );
        assert_eq!(bench.replay.len(), usize::from(case.remembers()), "{case}");
        let again = call(&service, wire.request_in_memory()).await;
        assert_eq!(again.status == 200, !case.remembers(), "{case}");
    }
}

#[tokio::test]
async fn a_layer_between_with_a_cache_of_its_own_changes_nothing() {
    let (case, bench, other) = (Case::named("mac yar sha1"), Bench::new(), Bench::new());
    let service = ServiceBuilder::new()
        .layer(bench.layer(&case))
        .layer(other.layer(&case))
        .layer(bench.layer(&case))
        .service(bench.echo.clone());
    let wire = case.sign(&Wire::post("/", "hello"));
    let answer: Answer = call(&service, wire.request_in_memory()).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!((bench.replay.len(), other.replay.len()), (1, 1));
}

#[tokio::test]
async fn bad_88_two_services_over_one_cache_accept_a_request_once() {
    for case in Case::signing() {
        let bench = Bench::new();
        let one = bench.layer(&case).layer(bench.echo.clone());
        let other = bench.layer(&case).layer(bench.echo.clone());
        let wire = case.sign(&Wire::post("/", "hello"));
        assert_eq!(
            call(&one, wire.request_in_memory()).await.status,
            200,
            "{case}"
        );
        assert_eq!(
            call(&other, wire.request_in_memory()).await.told().1,
            "nonce_replayed",
            "{case}"
        );
    }
}

#[tokio::test]
async fn a_body_read_by_the_outer_layer_is_verified_again_by_the_inner_one() {
    for case in Case::all() {
        for streamed in [false, true] {
            let bench = Bench::new();
            let mut outer = bench.layer(&case);
            let mut inner = bench.layer(&case);
            if streamed {
                (outer, inner) = (outer.stream_bodies(), inner.stream_bodies());
            }
            let service = ServiceBuilder::new()
                .layer(outer)
                .layer(inner)
                .service(bench.echo.clone());
            let wire = case.sign(&Wire::post("/", "hello"));
            let answer = call(&service, wire.request_in_memory()).await;
            assert_eq!(answer.body, "hello", "{case} {streamed}");
        }
    }
}

#[tokio::test]
async fn a_reporting_layer_with_a_smaller_limit_leaves_the_body_whole_for_the_inner_one() {
    for case in Case::all() {
        let bench = Bench::new();
        let service = ServiceBuilder::new()
            .layer(bench.layer(&case).max_body(3).report_only())
            .layer(bench.layer(&case))
            .service(bench.echo.clone());
        let wire = case.sign(&Wire::post("/", "hello dave"));
        let pieces = ["he", "llo", " ", "dave"].map(bytes::Bytes::from);
        let body = countersign_tests::unsized_body(pieces);
        let answer = call(&service, wire.http1(Box::pin(body))).await;
        assert_eq!(
            (answer.status.as_u16(), &*answer.body),
            (200, &b"hello dave"[..]),
            "{case}"
        );
        assert_eq!(
            answer.outcome().reason(),
            Some(countersign::Reason::BodyTooLarge),
            "{case}"
        );
    }
}
