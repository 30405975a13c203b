//! What somebody without a key can find out about the keys: nothing.

use countersign::{CachedLookup, Cause, KeySet, SchemeId, SigningKey, StaticKeys, VerifyLayer};
use countersign_tests::{
    Answer, Bench, Case, Counting, NOW, SECRETS, Wire, call, fresh_nonce, secret,
};
use tower::Layer;

/// Status, headers and body.
type Visible = (u16, Vec<(String, Vec<u8>)>, Vec<u8>);

/// Everything a caller can see of an answer.
fn visible(answer: &Answer) -> Visible {
    let headers = answer.headers.iter();
    let headers = headers.map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()));
    (
        answer.status.as_u16(),
        headers.collect(),
        answer.body.to_vec(),
    )
}

/// Keys of every kind that does not help, and what each is refused for.
fn keys(case: &Case) -> Vec<(SigningKey, Cause)> {
    let key = |id: &str| case.key_of(id, &secret(id));
    let other = match case.scheme().id() {
        SchemeId::AUTH_KEY => SchemeId::MAC,
        _ => SchemeId::AUTH_KEY,
    };
    vec![
        (key("expired"), Cause::KeyExpired),
        (key("early"), Cause::KeyNotYetValid),
        (key("pinned"), Cause::SchemeNotAllowed),
    ]
    .into_iter()
    .map(|(key, cause)| {
        let key = match cause {
            Cause::KeyExpired => key.not_after(NOW.plus(-1)),
            Cause::KeyNotYetValid => key.not_before(NOW.plus(1)),
            _ => key.schemes([other]),
        };
        (key, cause)
    })
    .collect()
}

#[tokio::test]
async fn bad_35_36_and_42_every_bad_key_gets_the_same_answer_after_the_same_work() {
    for case in Case::signing() {
        let bench = Bench::new();
        let counting = Counting::new(case.shared_scheme());
        let good = case.key();
        let unusable = keys(&case);
        let all = unusable.into_iter().map(|(key, _)| key).chain([case.key()]);
        let keys_of_layer = StaticKeys::new(all);
        let layer = bench.around(VerifyLayer::any([counting.clone().into()], keys_of_layer));
        let service = layer.layer(bench.echo.clone());

        let mut seen = Vec::new();
        let mut send = async |key: &SigningKey, cause: Cause| {
            let nonce = fresh_nonce();
            let wire = case.sign_as(&Wire::post("/", "hello"), key, NOW, Some(&nonce));
            counting.take();
            let answer = call(&service, wire.request_in_memory()).await;
            assert_eq!(answer.outcome().cause(), Some(cause), "{case}");
            seen.push((cause, counting.take(), visible(&answer)));
        };
        let wrong = secret("wrong");
        send(&case.key_of("unknown-id", &wrong), Cause::UnknownKey).await;
        send(&case.key_of(good.id(), &wrong), Cause::SignatureMismatch).await;
        for (key, cause) in keys(&case) {
            send(&key, cause).await;
        }
        let (_, work, answer) = seen[0].clone();
        assert_eq!(work, KeySet::<String>::MAX_ACTIVE, "{case}");
        for (cause, other_work, other) in &seen {
            assert_eq!((*other_work, other), (work, &answer), "{case} {cause:?}");
        }
    }
}

#[tokio::test]
async fn bad_35_under_basic_every_bad_key_gets_the_same_answer() {
    let (case, bench) = (Case::named("basic"), Bench::new());
    let unusable = keys(&case).into_iter().map(|(key, _)| key);
    let signing = SigningKey::new("a-key-that-signs", secret("signs"), "dave").unwrap();
    let all = StaticKeys::new(unusable.chain([case.key(), signing]));
    let layer = bench.around(VerifyLayer::any([case.any_scheme()], all));
    let service = layer.layer(bench.echo.clone());
    let mut seen = Vec::new();
    for id in ["unknown", "expired", "early", "pinned", "a-key-that-signs"] {
        let wire = case.sign_as(&Wire::get("/"), &case.key_of(id, ""), NOW, None);
        seen.push(visible(&call(&service, wire.request_in_memory()).await));
    }
    assert_eq!(seen[0].0, 401);
    assert!(seen.iter().all(|answer| answer == &seen[0]), "{seen:?}");
}

#[tokio::test]
async fn bad_36_and_55_the_work_does_not_tell_how_many_keys_an_id_has() {
    for case in Case::signing() {
        let bench = Bench::new();
        let counting = Counting::new(case.shared_scheme());
        let key = |id: &str, n: usize| case.key_of(id, &secret(&format!("{id} {n}")));
        let sets = [("one_", 1), ("two_", 2), ("four", 4)];
        let all = sets
            .into_iter()
            .flat_map(|(id, count)| (0..count).map(move |n| key(id, n)));
        let layer = VerifyLayer::any([counting.clone().into()], StaticKeys::new(all));
        let service = bench.around(layer).layer(bench.echo.clone());
        for (id, count) in sets {
            let bad = case.sign_as(
                &Wire::get("/"),
                &case.key_of(id, SECRETS[1]),
                NOW,
                Some(&fresh_nonce()),
            );
            counting.take();
            assert_eq!(
                call(&service, bad.request_in_memory()).await.status,
                401,
                "{case}"
            );
            assert_eq!(counting.take(), 4, "{case} {id}");
            // Every active key verifies, and who verifies first stops the search.
            for n in 0..count {
                let nonce = fresh_nonce();
                let wire = Wire::get(&format!("/{n}"));
                let good = case.sign_as(&wire, &key(id, n), NOW, Some(&nonce));
                counting.take();
                assert_eq!(
                    call(&service, good.request_in_memory()).await.status,
                    200,
                    "{case}"
                );
                assert_eq!(counting.take(), n + 1, "{case} {id} {n}");
            }
        }
    }
}

#[tokio::test]
async fn bad_54_a_secret_in_the_wrong_form_costs_and_says_the_same() {
    let (case, bench) = (Case::named("mac yar sha1"), Bench::new());
    let counting = Counting::new(case.shared_scheme());
    let unusable = SigningKey::new("unusable", "not base64url of 32 bytes", "dave").unwrap();
    let layer = VerifyLayer::any(
        [counting.clone().into()],
        StaticKeys::new([unusable, case.key()]),
    );
    let service = bench.around(layer).layer(bench.echo.clone());
    let mut seen = Vec::new();
    for id in ["unusable", "unknown", case.key().id()] {
        let key = case.key_of(id, SECRETS[1]);
        let wire = case.sign_as(&Wire::get("/"), &key, NOW, Some("nonce"));
        counting.take();
        let answer = call(&service, wire.request_in_memory()).await;
        seen.push((visible(&answer), counting.take()));
    }
    assert_eq!(seen[0].1, 4);
    assert!(seen.iter().all(|one| one == &seen[0]), "{seen:?}");
}

#[tokio::test]
async fn bad_27_to_32_no_part_or_extension_of_a_signature_is_one() {
    for case in Case::signing() {
        let bench = Bench::new();
        let service = bench.layer(&case).layer(bench.echo.clone());
        let wire = case.sign(&Wire::get("/"));
        let signature = case.signature(&wire);
        let mut bad: Vec<String> = (0..signature.len())
            .map(|end| signature[..end].to_owned())
            .collect();
        bad.push(format!("{signature}00"));
        bad.push(format!("{signature},{signature}"));
        bad.push(format!("{signature} "));
        bad.push("0".repeat(signature.len()));
        bad.push("A".repeat(signature.len()));
        for bad in bad {
            let unpadded = signature.trim_end_matches('=');
            if bad.trim() == unpadded && case.name.starts_with("hmac-auth") {
                continue;
            }
            let forged = case.with_signature(&wire, &bad);
            if forged.value(case.credential_header()).trim() == wire.value(case.credential_header())
            {
                continue;
            }
            let answer = call(&service, forged.request_in_memory()).await;
            assert_eq!(answer.status, 401, "{case} {bad:?}");
        }
        assert_eq!((bench.echo.calls(), bench.replay.len()), (0, 0), "{case}");
        assert_eq!(
            call(&service, wire.request_in_memory()).await.status,
            200,
            "{case}"
        );
    }
}

#[tokio::test]
async fn bad_37_a_key_in_the_cache_and_an_id_that_never_was_get_the_same_answer_after_the_same_work()
 {
    for case in Case::signing() {
        let bench = Bench::new();
        let counting = Counting::new(case.shared_scheme());
        let cached = CachedLookup::new(case.static_keys());
        let layer = VerifyLayer::any([counting.clone().into()], cached);
        let service = bench.around(layer).layer(bench.echo.clone());
        let mut seen = Vec::new();
        // The first pair fills the cache, the second finds it filled.
        for _ in 0..2 {
            for id in [case.key().id(), "unknown-id"] {
                let key = case.key_of(id, &secret("wrong"));
                let nonce = fresh_nonce();
                let wire = case.sign_as(&Wire::post("/", "hello"), &key, NOW, Some(&nonce));
                counting.take();
                let answer = call(&service, wire.request_in_memory()).await;
                seen.push((counting.take(), visible(&answer)));
            }
        }
        assert_eq!(seen[0].1.0, 401, "{case}");
        assert!(seen.iter().all(|one| *one == seen[0]), "{case}: {seen:?}");
    }
}
