//! A server that dies, hangs, or turns into a replica, under load.

use std::time::{Duration, Instant};

use countersign_core::ReplayError;
use countersign_redis::RedisReplayCache;

use crate::support::claims::{Request, connect, unguarded, until_accepting};
use crate::support::load::{Load, Tally};
use crate::support::server::Server;

/// The timeout of 500 ms, and what a machine with other work may add.
const LONGEST: Duration = Duration::from_secs(1);

async fn instances(server: &Server) -> [RedisReplayCache; 2] {
    let url = server.url();
    let instances = [
        RedisReplayCache::connect(&url).await.unwrap(),
        RedisReplayCache::connect(&url).await.unwrap(),
    ];
    until_accepting(&instances[0]).await;
    instances
}

fn check(tally: &Tally) {
    assert_eq!(tally.accepted_replays, []);
    assert!(tally.accepted > 100, "{tally:?}");
    assert!(tally.unavailable > 0, "{tally:?}");
    assert!(tally.longest < LONGEST, "{tally:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Redis, which cargo xtask test installs"]
async fn bad_089_a_server_killed_three_times_accepts_no_replay_and_service_returns_by_itself() {
    let mut server = Server::start();
    let caches = instances(&server).await;
    let load = Load::on(&caches);
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_millis(1500)).await;
        server.kill();
        tokio::time::sleep(Duration::from_millis(700)).await;
        server.start_again();
        for cache in &caches {
            until_accepting(cache).await;
        }
    }
    let tally = load.stop().await;
    check(&tally);
    assert!(tally.before_start > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Redis, which cargo xtask test installs"]
async fn bad_089_a_server_that_hangs_for_ten_seconds_holds_nobody_up_and_accepts_no_replay() {
    let server = Server::start();
    let caches = instances(&server).await;
    let load = Load::on(&caches);
    tokio::time::sleep(Duration::from_millis(500)).await;
    server.freeze();
    tokio::time::sleep(Duration::from_secs(2)).await;
    // Once it is known to hang, claims fail at once.
    let began = Instant::now();
    assert!(Request::new().claim(&caches[0]).await.is_err());
    assert!(began.elapsed() < Duration::from_millis(100));
    tokio::time::sleep(Duration::from_secs(8)).await;
    server.thaw();
    let thawed = Instant::now();
    for cache in &caches {
        until_accepting(cache).await;
    }
    assert!(
        thawed.elapsed() < Duration::from_secs(4),
        "{:?}",
        thawed.elapsed()
    );
    tokio::time::sleep(Duration::from_millis(500)).await;
    check(&load.stop().await);
}

#[tokio::test]
#[ignore = "needs Redis, which cargo xtask test installs"]
async fn a_claim_that_timed_out_may_have_been_recorded_and_is_never_accepted() {
    let server = Server::start();
    let cache = connect(&server.url()).await;
    server.freeze();
    let request = Request::new();
    let began = Instant::now();
    let outcome = request.claim(&cache).await;
    assert!(
        matches!(outcome, Err(ReplayError::Unavailable(_))),
        "{outcome:?}"
    );
    assert!(began.elapsed() < LONGEST);
    server.thaw();
    until_accepting(&cache).await;
    let outcome = request.claim(&cache).await;
    assert!(matches!(outcome, Err(ReplayError::Replayed)), "{outcome:?}");
}

#[tokio::test]
#[ignore = "needs Redis, which cargo xtask test installs"]
async fn a_master_that_becomes_a_replica_is_refused_until_it_is_a_master_again() {
    let (server, other) = (Server::start(), Server::start());
    let cache = connect(&server.url()).await;
    Request::new().claim(&cache).await.unwrap();
    server.ask(&["REPLICAOF", "127.0.0.1", &other.port().to_string()]);
    for _ in 0..20 {
        let outcome = Request::new().claim(&cache).await;
        assert!(
            matches!(outcome, Err(ReplayError::Unavailable(_))),
            "{outcome:?}"
        );
    }
    server.ask(&["REPLICAOF", "NO", "ONE"]);
    until_accepting(&cache).await;
}

#[tokio::test]
#[ignore = "needs Redis, which cargo xtask test installs"]
async fn bad_089_accepting_without_a_server_is_possible_and_never_the_default() {
    let mut server = Server::start();
    let open = unguarded(&server.url()).dangerously_accept_when_unavailable();
    let open = open.connect().await.unwrap();
    let closed = connect(&server.url()).await;
    let request = Request::new();
    request.claim(&open).await.unwrap();
    // A replay is a replay while the server can tell.
    assert!(matches!(
        request.claim(&open).await,
        Err(ReplayError::Replayed)
    ));
    server.kill();
    Request::new().claim(&open).await.unwrap();
    assert!(Request::new().claim(&closed).await.is_err());
}

#[tokio::test]
#[ignore = "needs Redis, which cargo xtask test installs"]
async fn the_connection_ends_with_the_last_clone() {
    let server = Server::start();
    let cache = connect(&server.url()).await;
    let clone = cache.clone();
    drop(cache);
    Request::new().claim(&clone).await.unwrap();
    drop(clone);
    crate::support::until("the connection is closed", || async {
        // The one that asks.
        server.figure("connected_clients") == 1
    })
    .await;
}
