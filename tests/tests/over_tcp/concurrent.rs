//! Many requests at once.

use countersign_tests::{Bench, Case, Client, Protocol, Wire};
use futures_util::future::join_all;

use crate::{everywhere, served};

const COPIES: usize = 64;
const CONNECTIONS: usize = 8;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn bad_82_of_64_copies_on_several_connections_exactly_one_passes() {
    for (case, protocol) in everywhere().filter(|(case, _)| case.remembers()) {
        let bench = Bench::new();
        let (server, first) = served(&bench, &case, protocol).await;
        let mut clients = vec![first];
        while clients.len() < CONNECTIONS {
            clients.push(Client::connect(server.address(), protocol).await);
        }
        let wire = case.sign(&Wire::post("/transfer", "hello"));
        let sending = (0..COPIES).map(|copy| {
            let (client, wire) = (clients[copy % CONNECTIONS].clone(), wire.clone());
            tokio::spawn(async move { client.send(&wire).await })
        });
        let mut passed = 0;
        for answer in join_all(sending).await {
            let (status, code) = answer.unwrap().told();
            match status {
                200 => passed += 1,
                _ => assert_eq!((status, &*code), (401, "nonce_replayed"), "{case}"),
            }
        }
        assert_eq!((passed, bench.echo.calls()), (1, 1), "{case} {protocol:?}");
        assert_eq!(bench.replay.len(), 1, "{case}");
        server.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn bad_183_streams_of_one_connection_are_judged_apart() {
    for case in Case::all() {
        let bench = Bench::new();
        let (server, client) = served(&bench, &case, Protocol::Http2).await;
        let sending = (0..100).map(|number| {
            let (case, client) = (case.clone(), client.clone());
            let wire = Wire::post(&format!("/stream/{number}"), format!("body {number}"));
            tokio::spawn(async move {
                match number % 4 {
                    0 => (200, client.send(&case.sign(&wire)).await),
                    1 => (401, client.send(&case.sign_badly(&wire)).await),
                    2 => (401, client.send(&wire).await),
                    _ => {
                        let stale = countersign_tests::NOW.plus(-90_000);
                        let status = if case.remembers() { 401 } else { 200 };
                        (status, client.send(&case.sign_at(&wire, stale)).await)
                    }
                }
            })
        });
        for (number, joined) in join_all(sending).await.into_iter().enumerate() {
            let (expected, answer) = joined.unwrap();
            assert_eq!(answer.status, expected, "{case} {number}: {answer:?}");
            if expected == 200 {
                assert_eq!(answer.body, format!("body {number}"), "{case}");
                assert_eq!(answer.caller(), case.principal(), "{case}");
            }
        }
        let passing = if case.remembers() { 25 } else { 50 };
        assert_eq!(bench.echo.calls(), passing, "{case}");
        server.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn different_requests_at_once_do_not_disturb_each_other() {
    for (case, protocol) in everywhere() {
        let bench = Bench::new();
        let (server, first) = served(&bench, &case, protocol).await;
        let second = Client::connect(server.address(), protocol).await;
        let sending = (0..COPIES).map(|number| {
            let client = if number % 2 == 0 { &first } else { &second };
            let wire = case.sign(&Wire::post(&format!("/{number}"), "hello"));
            let client = client.clone();
            tokio::spawn(async move { client.send(&wire).await })
        });
        for answer in join_all(sending).await {
            assert_eq!(answer.unwrap().status, 200, "{case} {protocol:?}");
        }
        assert_eq!(bench.echo.calls(), COPIES, "{case}");
        server.stop().await;
    }
}
