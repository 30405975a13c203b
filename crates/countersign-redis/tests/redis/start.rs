//! What is looked at before the first claim.

use countersign_redis::{ConnectError, RedisReplayCache};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use crate::support::claims::{Request, connect, unguarded};
use crate::support::sentinel::until_linked;
use crate::support::server::Server;
use crate::support::stub::Stub;

async fn refusal(url: &str) -> String {
    let error = RedisReplayCache::connect(url).await.unwrap_err();
    assert!(matches!(error, ConnectError::Refused(_)), "{error:?}");
    error.to_string()
}

#[tokio::test]
#[ignore = "needs Redis, which cargo xtask test installs"]
async fn bad_085_a_server_that_evicts_is_refused_with_the_name_of_the_setting() {
    for policy in ["allkeys-lru", "volatile-ttl"] {
        let server = Server::with(&["--maxmemory-policy", policy]);
        let refusal = refusal(&server.url()).await;
        assert!(refusal.contains("maxmemory-policy noeviction"), "{refusal}");
        assert!(refusal.contains(policy), "{refusal}");
    }
}

#[tokio::test]
async fn a_server_that_does_not_tell_its_policy_needs_an_assurance() {
    let stub = Stub::start("maxmemory:0\r\n").await;
    let refusal = refusal(&stub.url()).await;
    assert!(
        refusal.contains("dangerously_assume_noeviction"),
        "{refusal}"
    );
    let assured = unguarded(&stub.url()).dangerously_assume_noeviction();
    let cache = assured.connect().await.unwrap();
    Request::new().claim(&cache).await.unwrap();
}

#[tokio::test]
#[ignore = "needs Redis, which cargo xtask test installs"]
async fn a_replica_is_refused() {
    let master = Server::start();
    let replica = Server::with(&["--replicaof", "127.0.0.1", &master.port().to_string()]);
    until_linked(&replica);
    let refusal = refusal(&replica.url()).await;
    assert!(refusal.contains("replica"), "{refusal}");
}

#[tokio::test]
async fn what_is_not_redis_is_refused() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("redis://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream
                .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                .await
                .unwrap();
        }
    });
    let refusal = refusal(&url).await;
    assert!(
        refusal.contains("does not speak the Redis protocol"),
        "{refusal}"
    );
}

#[tokio::test]
async fn nobody_at_the_address_is_told_from_somebody_unfit() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    // It accepts, and says nothing.
    let url = format!("redis://{address}");
    let silent = RedisReplayCache::connect(&url).await.unwrap_err();
    assert!(matches!(silent, ConnectError::Unreachable(_)), "{silent:?}");
    drop(listener);
    let nobody = RedisReplayCache::connect(&url).await.unwrap_err();
    assert!(matches!(nobody, ConnectError::Unreachable(_)), "{nobody:?}");
    assert!(
        nobody.to_string().contains(&address.to_string()),
        "{nobody}"
    );
}

#[tokio::test]
#[ignore = "needs Redis, which cargo xtask test installs"]
async fn caches_over_one_server_are_one_store_and_others_are_not() {
    use countersign_core::ReplayCache;
    let server = Server::start();
    let (one, two) = (connect(&server.url()).await, connect(&server.url()).await);
    assert_eq!(one.store_id(), two.store_id());
    assert_eq!(one.store_id(), one.clone().store_id());
    let prefix = unguarded(&server.url())
        .prefix("other:")
        .connect()
        .await
        .unwrap();
    let database = connect(&format!("{}/1", server.url())).await;
    assert_ne!(one.store_id(), prefix.store_id());
    assert_ne!(one.store_id(), database.store_id());
    let request = Request::new();
    for cache in [&one, &prefix, &database] {
        request.claim(cache).await.unwrap();
        assert!(request.claim(cache).await.is_err());
    }
    assert!(request.claim(&two).await.is_err());
}
