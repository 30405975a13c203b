//! A replay cache without room, out of reach, or just started.

use countersign::{
    FirstUse, ManualClock, MokaReplayCache, NonceKey, NonceLife, ReplayCache, ReplayError,
    RestartGuard, StoreId,
};
use countersign_tests::{Bench, Case, NOW, Wire, call};
use tower::Layer;

#[tokio::test]
async fn bad_85_a_full_cache_refuses_what_is_new_and_forgets_nothing() {
    for case in Case::signing() {
        let bench = Bench::with_capacity(3);
        let service = bench.layer(&case).layer(bench.echo.clone());
        let signed = |n: usize| case.sign(&Wire::post(&format!("/{n}"), "hello"));
        let accepted: Vec<_> = (0..3).map(signed).collect();
        for wire in &accepted {
            assert_eq!(
                call(&service, wire.request_in_memory()).await.status,
                200,
                "{case}"
            );
        }
        for n in 3..20 {
            let answer = call(&service, signed(n).request_in_memory()).await;
            assert_eq!(
                answer.told(),
                (503, "replay_store_full".to_owned()),
                "{case}"
            );
            assert_eq!(answer.header("retry-after"), "5", "{case}");
            assert_eq!(answer.header("cache-control"), "no-store", "{case}");
        }
        for wire in &accepted {
            let answer = call(&service, wire.request_in_memory()).await;
            assert_eq!(answer.told(), (401, "nonce_replayed".to_owned()), "{case}");
        }
        assert_eq!((bench.echo.calls(), bench.replay.len()), (3, 3), "{case}");
        // There is room again once the window has passed, and the old ones are stale then.
        bench.clock.advance(301);
        let late = case.sign_at(&Wire::post("/late", "hello"), NOW.plus(301));
        assert_eq!(
            call(&service, late.request_in_memory()).await.status,
            200,
            "{case}"
        );
        for wire in &accepted {
            let answer = call(&service, wire.request_in_memory()).await;
            assert_eq!(
                answer.told(),
                (401, "timestamp_expired".to_owned()),
                "{case}"
            );
        }
    }
}

#[tokio::test]
async fn bad_85_a_refusal_for_want_of_room_does_not_spend_the_nonce() {
    let (case, bench) = (Case::named("moxie as built"), Bench::with_capacity(1));
    let service = bench.layer(&case).layer(bench.echo.clone());
    let first = case.sign_at(&Wire::get("/"), NOW.plus(-300));
    let second = case.sign(&Wire::get("/"));
    assert_eq!(call(&service, first.request_in_memory()).await.status, 200);
    assert_eq!(call(&service, second.request_in_memory()).await.status, 503);
    bench.clock.advance(1);
    assert_eq!(call(&service, second.request_in_memory()).await.status, 200);
}

#[tokio::test]
async fn bad_86_one_key_cannot_take_the_room_of_the_others() {
    for case in Case::signing() {
        let bench = Bench::new();
        let cache = MokaReplayCache::builder()
            .restart_guard(RestartGuard::Off)
            .capacity(6)
            .per_key(3);
        let layer = bench.layer(&case).replay(cache.build().unwrap());
        let service = layer.layer(bench.echo.clone());
        let of_other = |n: usize| {
            let nonce = countersign_tests::fresh_nonce();
            let wire = Wire::post(&format!("/other/{n}"), "hello");
            case.sign_as(&wire, &case.other_key(), NOW, Some(&nonce))
        };
        let captured = of_other(0);
        assert_eq!(
            call(&service, captured.request_in_memory()).await.status,
            200,
            "{case}"
        );
        let mut statuses = Vec::new();
        for n in 0..5 {
            let wire = case.sign(&Wire::post(&format!("/{n}"), "hello"));
            statuses.push(
                call(&service, wire.request_in_memory())
                    .await
                    .status
                    .as_u16(),
            );
        }
        assert_eq!(statuses, [200, 200, 200, 503, 503], "{case}");
        let replayed = call(&service, captured.request_in_memory()).await;
        assert_eq!(replayed.told().1, "nonce_replayed", "{case}");
        assert_eq!(
            call(&service, of_other(1).request_in_memory()).await.status,
            200,
            "{case}"
        );
    }
}

/// A store that cannot be reached.
#[derive(Clone, Debug)]
struct Unreachable(StoreId);

impl ReplayCache for Unreachable {
    async fn claim(&self, _: NonceKey<'_>, _: NonceLife) -> Result<FirstUse, ReplayError> {
        Err(ReplayError::unavailable("connection refused"))
    }

    fn store_id(&self) -> StoreId {
        self.0
    }
}

#[tokio::test]
async fn bad_89_without_its_store_the_layer_lets_nothing_through_that_must_be_remembered() {
    for case in Case::signing() {
        let bench = Bench::new();
        let layer = bench.layer(&case).replay(Unreachable(StoreId::unique()));
        let service = layer.layer(bench.echo.clone());
        let wire = case.sign(&Wire::post("/", "hello"));
        let answer = call(&service, wire.request_in_memory()).await;
        assert_eq!(
            answer.told(),
            (503, "replay_store_unavailable".to_owned()),
            "{case}"
        );
        assert_eq!(answer.header("retry-after"), "5", "{case}");
        assert!(!format!("{:?}", answer.body).contains("refused"), "{case}");
        assert_eq!(bench.echo.calls(), 0, "{case}");
    }
}

#[tokio::test]
async fn bad_87_after_a_restart_nothing_passes_that_was_signed_before_it() {
    for case in Case::signing() {
        let bench = Bench::new();
        let restarted = MokaReplayCache::builder()
            .clock(ManualClock::new(NOW))
            .build()
            .unwrap();
        let service = bench
            .layer(&case)
            .replay(restarted)
            .layer(bench.echo.clone());
        let before = case.sign_at(&Wire::post("/before", "hello"), NOW.plus(-1));
        let answer = call(&service, before.request_in_memory()).await;
        assert_eq!(
            answer.told(),
            (401, "timestamp_expired".to_owned()),
            "{case}"
        );
        let since = case.sign(&Wire::post("/since", "hello"));
        assert_eq!(
            call(&service, since.request_in_memory()).await.status,
            200,
            "{case}"
        );
    }
}

#[tokio::test]
async fn bad_83_a_bad_request_does_not_spend_the_nonce_of_a_good_one() {
    for case in Case::signing() {
        let bench = Bench::new();
        let service = bench.layer(&case).layer(bench.echo.clone());
        let genuine = case.sign_as(&Wire::post("/", "hello"), &case.key(), NOW, Some("nonce"));
        let mut bad = vec![countersign_tests::Part::Signature.change(&case, &genuine)];
        if case.covers_body() {
            bad.push(genuine.clone().body("jello"));
        }
        for wire in bad {
            assert_eq!(
                call(&service, wire.request_in_memory()).await.status,
                401,
                "{case}"
            );
        }
        assert_eq!(
            call(&service, genuine.request_in_memory()).await.status,
            200,
            "{case}"
        );
    }
}
