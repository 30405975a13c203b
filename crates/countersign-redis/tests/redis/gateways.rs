//! Gateways that share a server.

use crate::support::claims::unguarded;
use crate::support::gateway::{self, Client};
use crate::support::server::Server;
use crate::support::until;

/// How many connections each of the two gateways gets its copies over.
const COPIES: usize = 32;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Redis, which cargo xtask test installs"]
async fn bad_082_of_64_copies_over_two_gateways_exactly_one_passes_a_thousand_times() {
    let server = Server::start();
    let upstream = gateway::upstream().await;
    let mut clients = Vec::new();
    for _ in 0..2 {
        let address = gateway::start(gateway::config(upstream, &server.url())).await;
        for _ in 0..COPIES {
            clients.push(Client::connect(address).await);
        }
    }
    for round in 0..1000 {
        let headers = gateway::signed(&format!("round {round}").replace(' ', "-"));
        let copies = clients
            .iter_mut()
            .map(|client| client.send(headers.clone()));
        let answers = futures_util::future::join_all(copies).await;
        let passed = answers
            .iter()
            .filter(|(head, _)| head.status == 200)
            .count();
        assert_eq!(passed, 1, "round {round}");
        for (head, body) in answers.iter().filter(|(head, _)| head.status != 200) {
            assert_eq!(head.status, 401);
            assert!(body.contains("nonce_replayed"), "{body}");
        }
    }
}

#[tokio::test]
#[ignore = "needs Redis, which cargo xtask test installs"]
async fn bad_089_a_gateway_answers_503_with_retry_after_while_the_server_is_away() {
    let mut server = Server::start();
    let upstream = gateway::upstream().await;
    let cache = unguarded(&server.url()).connect().await.unwrap();
    let config = gateway::config(upstream, "memory").replay_cache(cache);
    let mut client = Client::connect(gateway::start(config).await).await;
    let (head, _) = client.send(gateway::signed("one")).await;
    assert_eq!(head.status, 200);

    server.kill();
    let (head, body) = client.send(gateway::signed("two")).await;
    assert_eq!(head.status, 503);
    assert!(head.headers.contains_key("retry-after"));
    assert!(body.contains("replay_store_unavailable"), "{body}");
    let port = server.port().to_string();
    assert!(!body.contains(&port) && !body.contains("redis"), "{body}");

    server.start_again();
    let mut number = 0;
    let client = tokio::sync::Mutex::new(client);
    until("requests pass again", || {
        number += 1;
        let headers = gateway::signed(&format!("again-{number}"));
        let client = &client;
        async move { client.lock().await.send(headers).await.0.status == 200 }
    })
    .await;
}
