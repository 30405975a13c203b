//! Key lookups that fail, panic, hang, or answer with the wrong keys.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use countersign::{
    CachedLookup, Decision, KeySet, LookupError, Reason, TimeoutLookup, VerifyLayer, lookup_fn,
};
use countersign_tests::{Bench, Case, Holding, NOW, Part, TestKeys, Wire, call};
use tower::{Layer, ServiceExt};

fn holding(case: &Case, holding: Holding) -> VerifyLayer<TestKeys> {
    let keys = TestKeys::new(case.static_keys()).holding(holding);
    VerifyLayer::any([case.any_scheme()], keys)
}

#[tokio::test]
async fn bad_40_when_keys_cannot_be_looked_up_nobody_passes_and_nobody_is_told_why() {
    let source = "db.internal:5432 refused user countersign";
    for case in Case::all() {
        let bench = Bench::new();
        let layer = bench.around(holding(&case, Holding::Down(source.to_owned())));
        for layer in [layer.clone(), layer.optional()] {
            let service = layer.layer(bench.echo.clone());
            for wire in [
                case.sign(&Wire::post("/", "hello")),
                case.sign_badly(&Wire::get("/")),
            ] {
                let answer = call(&service, wire.request_in_memory()).await;
                assert_eq!(
                    answer.told(),
                    (503, "key_lookup_unavailable".to_owned()),
                    "{case}"
                );
                assert_eq!(answer.header("retry-after"), "5", "{case}");
                assert_eq!(answer.header("www-authenticate"), "", "{case}");
                assert_eq!(answer.header("cache-control"), "no-store", "{case}");
                let body = String::from_utf8(answer.body.to_vec()).unwrap();
                assert!(!body.contains("db.internal"), "{case}");
                let outcome = answer.outcome().rejection().unwrap();
                let found = std::error::Error::source(outcome).unwrap().to_string();
                assert_eq!(found, source, "{case}: the operator is told");
            }
        }
        assert_eq!((bench.echo.calls(), bench.replay.len()), (0, 0), "{case}");
    }
}

#[tokio::test]
async fn a_reporting_layer_lets_requests_through_without_a_caller_when_its_keys_are_gone() {
    for case in Case::all() {
        let bench = Bench::new();
        let layer = holding(&case, Holding::Down("gone".to_owned())).report_only();
        let service = bench.around(layer).layer(bench.echo.clone());
        let answer = call(&service, case.sign(&Wire::get("/")).request_in_memory()).await;
        assert_eq!(
            (answer.status.as_u16(), answer.caller()),
            (200, ""),
            "{case}"
        );
        assert_eq!(answer.outcome().decision(), Decision::WouldReject, "{case}");
        assert_eq!(
            answer.outcome().reason(),
            Some(Reason::KeyLookupUnavailable),
            "{case}"
        );
    }
}

#[tokio::test]
async fn bad_41_a_lookup_that_panics_fails_one_request_and_leaves_the_layer_usable() {
    for case in Case::all() {
        let bench = Bench::new();
        let panicking = Arc::new(AtomicBool::new(true));
        let (flag, key) = (Arc::clone(&panicking), case.clone());
        let keys = lookup_fn(move |id: String| {
            let (panics, key) = (flag.load(Ordering::SeqCst), key.key());
            async move {
                assert!(!panics, "the lookup panics, as the test wants it to");
                Ok((id == key.id()).then(|| KeySet::from(key)))
            }
        });
        let layer = bench.around(VerifyLayer::any([case.any_scheme()], keys));
        let service = layer.layer(bench.echo.clone());
        let wire = case.sign(&Wire::post("/", "hello"));
        let failing = tokio::spawn(service.clone().oneshot(wire.request_in_memory()));
        assert!(failing.await.unwrap_err().is_panic(), "{case}");
        assert_eq!((bench.echo.calls(), bench.replay.len()), (0, 0), "{case}");
        panicking.store(false, Ordering::SeqCst);
        assert_eq!(
            call(&service, wire.request_in_memory()).await.status,
            200,
            "{case}"
        );
    }
}

#[tokio::test]
async fn bad_41_a_caller_that_leaves_during_the_lookup_leaves_nothing_behind() {
    for case in Case::all() {
        let bench = Bench::new();
        let layer = holding(&case, Holding::Hanging);
        let service = bench.around(layer).layer(bench.echo.clone());
        let wire = case.sign(&Wire::post("/", "hello"));
        let hanging = tokio::spawn(service.oneshot(wire.request_in_memory()));
        tokio::task::yield_now().await;
        hanging.abort();
        assert!(hanging.await.unwrap_err().is_cancelled(), "{case}");
        assert_eq!((bench.echo.calls(), bench.replay.len()), (0, 0), "{case}");
    }
}

#[tokio::test(start_paused = true)]
async fn bad_40_a_lookup_that_hangs_is_given_up_where_that_was_asked_for() {
    for case in Case::all() {
        let bench = Bench::new();
        let keys = TestKeys::new(case.static_keys()).holding(Holding::Hanging);
        let keys = TimeoutLookup::new(keys, Duration::from_secs(2));
        let layer = bench.around(VerifyLayer::any([case.any_scheme()], keys));
        let service = layer.layer(bench.echo.clone());
        let answer = call(&service, case.sign(&Wire::get("/")).request_in_memory()).await;
        assert_eq!(
            answer.told(),
            (503, "key_lookup_unavailable".to_owned()),
            "{case}"
        );
    }
}

#[tokio::test]
async fn bad_40_and_60_a_failure_is_not_remembered() {
    for case in Case::all() {
        let bench = Bench::new();
        let (down, key) = (Arc::new(AtomicBool::new(true)), case.clone());
        let flag = Arc::clone(&down);
        let keys = CachedLookup::new(lookup_fn(move |id: String| {
            let (down, key) = (flag.load(Ordering::SeqCst), key.key());
            async move {
                if down {
                    return Err(LookupError::new("gone"));
                }
                Ok((id == key.id()).then(|| KeySet::from(key)))
            }
        }));
        let layer = bench.around(VerifyLayer::any([case.any_scheme()], keys));
        let service = layer.layer(bench.echo.clone());
        let wire = case.sign(&Wire::post("/", "hello"));
        assert_eq!(
            call(&service, wire.request_in_memory()).await.status,
            503,
            "{case}"
        );
        down.store(false, Ordering::SeqCst);
        assert_eq!(
            call(&service, wire.request_in_memory()).await.status,
            200,
            "{case}"
        );
    }
}

#[tokio::test]
async fn a_lookup_that_answers_with_the_keys_of_another_id_authenticates_nobody() {
    for case in Case::signing() {
        let bench = Bench::new();
        let key = case.clone();
        let keys = lookup_fn(move |_: String| {
            let key = key.other_key();
            async move { Ok::<_, LookupError>(Some(KeySet::from(key))) }
        });
        let layer = bench.around(VerifyLayer::any([case.any_scheme()], keys));
        let service = layer.layer(bench.echo.clone());
        // Signed with the very secret that the lookup finds, under another id.
        let secret = countersign_tests::SECRETS[1];
        let forged = case.key_of("example-id", secret);
        let wire = case.sign_as(&Wire::get("/"), &forged, NOW, Some("nonce"));
        let answer = call(&service, wire.request_in_memory()).await;
        assert_eq!(
            answer.told(),
            (401, "invalid_credentials".to_owned()),
            "{case}"
        );
    }
}

#[tokio::test]
async fn stale_and_unreadable_requests_are_refused_without_a_lookup() {
    for case in Case::signing() {
        let bench = Bench::new();
        let keys = TestKeys::new(case.static_keys());
        let asked = keys.asked();
        let layer = bench.around(VerifyLayer::any([case.any_scheme()], keys));
        let service = layer.layer(bench.echo.clone());
        let good = case.sign(&Wire::get("/"));
        let header = case.credential_header();
        for wire in [
            Wire::get("/"),
            case.sign_at(&Wire::get("/"), NOW.plus(-90_000)),
            case.sign_at(&Wire::get("/"), NOW.plus(90_000)),
            good.clone().header(header, "x"),
            good.clone().set(header, "x"),
        ] {
            assert_eq!(
                call(&service, wire.request_in_memory()).await.status,
                401,
                "{case}"
            );
        }
        assert_eq!(asked.times(), 0, "{case}");
        assert_eq!(
            call(&service, good.request_in_memory()).await.status,
            200,
            "{case}"
        );
        assert_eq!(asked.times(), 1, "{case}");
    }
}

#[tokio::test]
async fn bad_43_and_55_a_key_that_was_taken_away_or_replaced_verifies_no_longer() {
    for case in Case::all() {
        let bench = Bench::new();
        let keys = case.static_keys();
        let layer = bench.around(VerifyLayer::any([case.any_scheme()], keys.clone()));
        let service = layer.layer(bench.echo.clone());
        let signed = |n: usize| case.sign(&Wire::post(&format!("/{n}"), "hello"));
        assert_eq!(
            call(&service, signed(1).request_in_memory()).await.status,
            200,
            "{case}"
        );
        keys.replace([case.other_key()]).unwrap();
        let answer = call(&service, signed(2).request_in_memory()).await;
        assert_eq!(
            answer.told(),
            (401, "invalid_credentials".to_owned()),
            "{case}"
        );
        keys.replace(case.keys()).unwrap();
        assert_eq!(
            call(&service, signed(3).request_in_memory()).await.status,
            200,
            "{case}"
        );
    }
}

/// The id is signed under no scheme, so two ids must never share a secret: `StaticKeys` refuses
/// that, and this is why.
#[tokio::test]
async fn bad_53_with_a_secret_that_two_ids_share_one_can_stand_in_for_the_other() {
    for case in Case::signing() {
        let bench = Bench::new();
        let shared = case.clone();
        let keys = lookup_fn(move |id: String| {
            let key = shared.key_of(&id, countersign_tests::SECRETS[0]);
            async move { Ok::<_, LookupError>(Some(KeySet::from(key))) }
        });
        let layer = bench.around(VerifyLayer::any([case.any_scheme()], keys));
        let service = layer.layer(bench.echo.clone());
        let wire = Part::KeyId.request(&case);
        let signature = case.signature(&wire);
        let renamed = Part::KeyId.change(&case, &wire);
        assert_eq!(case.signature(&renamed), signature, "{case}");
        assert_eq!(
            call(&service, renamed.request_in_memory()).await.status,
            200,
            "{case}"
        );
    }
}
