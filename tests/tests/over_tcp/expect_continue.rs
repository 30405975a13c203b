//! `Expect: 100-continue`: who has to send the body, and who need not.

use countersign_tests::{Bench, Case, Protocol, Raw, Wire};

use crate::served;

#[tokio::test]
async fn bad_169_a_bad_head_is_refused_without_asking_for_the_body() {
    for case in Case::all() {
        let bench = Bench::new();
        let (server, _client) = served(&bench, &case, Protocol::Http1).await;
        let post = Wire::post("/", "hello");
        for wire in [case.sign_badly(&post), post] {
            let mut raw = Raw::connect(server.address()).await;
            raw.send(wire.header("expect", "100-continue").head()).await;
            let answer = raw.answer().await;
            assert_eq!(answer.status, 401, "{case}: {answer:?}");
            raw.finish().await;
            let rest = raw.rest().await;
            assert_eq!(rest, "", "{case}: nothing follows the refusal");
        }
        assert_eq!(bench.echo.calls(), 0, "{case}");
        server.stop().await;
    }
}

#[tokio::test]
async fn a_good_head_is_told_to_go_on_and_then_answered() {
    for case in Case::all() {
        let bench = Bench::new();
        let (server, _client) = served(&bench, &case, Protocol::Http1).await;
        let wire = case.sign(&Wire::post("/", "hello"));
        let mut raw = Raw::connect(server.address()).await;
        raw.send(wire.clone().header("expect", "100-continue").head())
            .await;
        assert_eq!(raw.head().await.status, 100, "{case}");
        assert_eq!(
            bench.replay.len(),
            0,
            "{case}: the nonce is claimed after the body"
        );
        raw.send(&wire.body).await;
        let answer = raw.answer().await;
        assert_eq!(
            (answer.status, &*answer.body),
            (200, &b"hello"[..]),
            "{case}"
        );
        server.stop().await;
    }
}

#[tokio::test]
async fn a_body_declared_too_large_is_refused_without_asking_for_it() {
    for case in Case::all() {
        let bench = Bench::new();
        let (server, _client) = served(&bench, &case, Protocol::Http1).await;
        let wire = case.sign(&Wire::post("/", "hello"));
        let wire = wire
            .header("content-length", "1048577")
            .header("expect", "100-continue");
        let mut raw = Raw::connect(server.address()).await;
        raw.send(wire.head()).await;
        let told = raw.answer().await.told();
        assert_eq!(told, (413, "body_too_large".to_owned()), "{case}");
        raw.finish().await;
        assert_eq!(raw.rest().await, "", "{case}");
        server.stop().await;
    }
}
