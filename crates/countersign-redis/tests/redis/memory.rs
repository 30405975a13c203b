//! A server that runs out of memory, or begins to evict.

use countersign_core::ReplayError;

use crate::support::claims::{Request, connect, until_accepting};
use crate::support::server::Server;
use crate::support::until;

#[tokio::test]
#[ignore = "needs Redis, which cargo xtask test installs"]
async fn bad_085_a_full_server_refuses_forgets_nothing_and_recovers() {
    let server = Server::start();
    let cache = connect(&server.url()).await;
    let accepted = Request::new();
    accepted.claim(&cache).await.unwrap();
    let used = server.figure("used_memory");
    server.ask(&["CONFIG", "SET", "maxmemory", &(used + 200_000).to_string()]);
    let mut requests = vec![accepted];
    let full = loop {
        let request = Request::new();
        match request.claim(&cache).await {
            Ok(_) => requests.push(request),
            Err(refusal) => break refusal,
        }
    };
    assert!(matches!(full, ReplayError::Full), "{full:?}");
    for request in &requests {
        let replayed = request.claim(&cache).await;
        // Redis refuses any SET when it is full, also one that would have done nothing.
        assert!(
            matches!(replayed, Err(ReplayError::Full | ReplayError::Replayed)),
            "{replayed:?}"
        );
    }
    server.ask(&["CONFIG", "SET", "maxmemory", "0"]);
    until_accepting(&cache).await;
    for request in &requests {
        let replayed = request.claim(&cache).await;
        assert!(
            matches!(replayed, Err(ReplayError::Replayed)),
            "{replayed:?}"
        );
    }
}

#[tokio::test]
#[ignore = "needs Redis, which cargo xtask test installs"]
async fn a_server_that_begins_to_evict_is_refused_while_it_does() {
    let server = Server::start();
    let cache = connect(&server.url()).await;
    server.ask(&["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"]);
    until("claims are refused", || async {
        match Request::new().claim(&cache).await {
            Ok(_) => false,
            Err(refusal) => {
                assert!(
                    refusal.to_string().contains("maxmemory-policy"),
                    "{refusal}"
                );
                true
            }
        }
    })
    .await;
    server.ask(&["CONFIG", "SET", "maxmemory-policy", "noeviction"]);
    until_accepting(&cache).await;
}
