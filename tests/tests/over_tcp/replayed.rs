//! Requests that come a second time.

use countersign::ReplayPolicy;
use countersign_tests::{Bench, Case, NOW, NonceUse, Part, Protocol, Wire};

use crate::{everywhere, serve, served};

const REPLAYED: &str = "nonce_replayed";

#[tokio::test]
async fn bad_81_a_request_with_a_nonce_passes_once_whatever_its_method() {
    for (case, protocol) in everywhere().filter(|(case, _)| case.nonce_use() != NonceUse::Never) {
        let bench = Bench::new();
        let (server, client) = served(&bench, &case, protocol).await;
        for method in ["GET", "HEAD", "POST", "DELETE"] {
            let wire = case.sign_with_nonce(&Wire::new(method, "/"));
            assert_eq!(client.send(&wire).await.status, 200, "{case} {method}");
            for _ in 0..2 {
                let answer = client.send(&wire).await;
                assert_eq!(answer.status, 401, "{case} {protocol:?} {method}");
                let code = answer.told().1;
                assert!(
                    method == "HEAD" || code == REPLAYED,
                    "{case} {method}: {code}"
                );
            }
        }
        assert_eq!(bench.echo.calls(), 4, "{case}");
        server.stop().await;
    }
}

#[tokio::test]
async fn bad_97_without_a_nonce_an_unsafe_method_passes_once_and_a_safe_one_again() {
    for (case, protocol) in everywhere() {
        let bench = Bench::new();
        let (server, client) = served(&bench, &case, protocol).await;
        for (method, again) in [("GET", 200), ("HEAD", 200), ("POST", 401), ("DELETE", 401)] {
            if !case.remembers() || case.nonce_use() == NonceUse::Always {
                continue;
            }
            let wire = case.sign(&Wire::new(method, "/"));
            assert_eq!(client.send(&wire).await.status, 200, "{case} {method}");
            assert_eq!(
                client.send(&wire).await.status,
                again,
                "{case} {protocol:?} {method}"
            );
        }
        server.stop().await;
    }
}

#[tokio::test]
async fn under_the_strict_policy_everything_passes_once() {
    for (case, protocol) in everywhere().filter(|(case, _)| case.remembers()) {
        let bench = Bench::new();
        let layer = bench.layer(&case).replay_policy(ReplayPolicy::All);
        let (server, client) = serve(&bench, layer, protocol).await;
        for method in ["GET", "POST"] {
            let wire = case.sign(&Wire::new(method, "/"));
            assert_eq!(client.send(&wire).await.status, 200, "{case} {method}");
            assert_eq!(
                client.send(&wire).await.told().1,
                REPLAYED,
                "{case} {method}"
            );
        }
        server.stop().await;
    }
}

#[tokio::test]
async fn with_the_policy_off_and_under_basic_nothing_is_remembered() {
    for (case, protocol) in everywhere() {
        let bench = Bench::new();
        let mut layer = bench.layer(&case);
        if case.remembers() {
            layer = layer.replay_policy(ReplayPolicy::Off);
        }
        let (server, client) = serve(&bench, layer, protocol).await;
        let wire = case.sign(&Wire::post("/", "hello"));
        for _ in 0..3 {
            assert_eq!(client.send(&wire).await.status, 200, "{case}");
        }
        assert!(bench.replay.is_empty(), "{case}");
        server.stop().await;
    }
}

#[tokio::test]
async fn bad_96_a_replay_in_another_spelling_is_still_one() {
    let spellings = [
        Part::NonceCase,
        Part::HostCase,
        Part::DefaultPort,
        Part::DigestSpelling,
    ];
    let mut tried = 0;
    for case in Case::signing() {
        let bench = Bench::new();
        let (server, client) = served(&bench, &case, Protocol::Http1).await;
        for part in spellings {
            if part.notice(&case) != countersign_tests::Notice::Unnoticed {
                continue;
            }
            let wire = part.request(&case);
            assert_eq!(client.send(&wire).await.status, 200, "{case} {part:?}");
            let respelt = part.change(&case, &wire);
            assert_eq!(
                client.send(&respelt).await.told().1,
                REPLAYED,
                "{case} {part:?}"
            );
            tried += 1;
        }
        let wire = case.sign(&Wire::post("/signature", "hello"));
        let signature = case.signature(&wire);
        assert_eq!(client.send(&wire).await.status, 200, "{case}");
        for respelt in [signature.to_ascii_uppercase(), format!("{signature}=")] {
            let answer = client.send(&case.with_signature(&wire, &respelt)).await;
            assert_eq!(answer.status, 401, "{case} {respelt}");
        }
        server.stop().await;
    }
    assert_eq!(tried, 22);
}

#[tokio::test]
async fn bad_95_a_request_from_the_future_is_remembered_until_it_is_stale() {
    for case in Case::signing() {
        let bench = Bench::new();
        let (server, client) = served(&bench, &case, Protocol::Http1).await;
        let window = case.scheme().default_window();
        let [past, future] =
            [window.past(), window.future()].map(|side| side.as_secs().cast_signed());
        let early = case.sign_at(&Wire::post("/", "hello"), NOW.plus(future));
        assert_eq!(client.send(&early).await.status, 200, "{case}");
        for later in [0, future, past, future + past] {
            bench.clock.set(NOW.plus(later));
            assert_eq!(
                client.send(&early).await.told().1,
                REPLAYED,
                "{case} {later}"
            );
        }
        bench.clock.set(NOW.plus(future + past + 1));
        assert_eq!(
            client.send(&early).await.told().1,
            "timestamp_expired",
            "{case}"
        );
        server.stop().await;
    }
}

#[tokio::test]
async fn bad_90_and_91_a_nonce_is_spent_for_one_key_and_one_second_only() {
    for case in Case::signing()
        .into_iter()
        .filter(|case| case.nonce_use() != NonceUse::Never)
    {
        let bench = Bench::new();
        let (server, client) = served(&bench, &case, Protocol::Http1).await;
        let wire = Wire::post("/", "hello");
        for (key, at) in [
            (case.key(), NOW),
            (case.other_key(), NOW),
            (case.key(), NOW.plus(-1)),
        ] {
            let signed = case.sign_as(&wire, &key, at, Some("one-nonce"));
            assert_eq!(client.send(&signed).await.status, 200, "{case}");
        }
        let other = case.sign_as(&Wire::get("/other"), &case.key(), NOW, Some("one-nonce"));
        assert_eq!(client.send(&other).await.told().1, REPLAYED, "{case}");
        server.stop().await;
    }
}
