//! A master that sentinels watch.

use std::time::{Duration, Instant};

use countersign_core::ReplayError;
use countersign_redis::{ConnectError, RedisReplayCache};

use crate::support::claims::{Request, connect, until_accepting};
use crate::support::load::Load;
use crate::support::sentinel::Watched;

#[tokio::test]
#[ignore = "needs Redis, which cargo xtask test installs"]
async fn the_master_is_found_and_an_unknown_name_is_not() {
    let watched = Watched::start();
    let cache = connect(&watched.url()).await;
    let request = Request::new();
    request.claim(&cache).await.unwrap();
    assert!(matches!(
        request.claim(&cache).await,
        Err(ReplayError::Replayed)
    ));
    assert!(watched.master.ask(&["KEYS", "*"]).lines().count() >= 2);

    let unknown = watched.url().replace("/countersign", "/nobody");
    let error = RedisReplayCache::connect(&unknown).await.unwrap_err();
    assert!(matches!(error, ConnectError::Unreachable(_)), "{error:?}");
    assert!(
        error.to_string().contains("no sentinel names a master"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Redis, which cargo xtask test installs"]
async fn a_failover_accepts_no_replay_and_service_returns_by_itself() {
    let mut watched = Watched::start();
    let url = watched.url();
    let caches = [
        RedisReplayCache::connect(&url).await.unwrap(),
        RedisReplayCache::connect(&url).await.unwrap(),
    ];
    for cache in &caches {
        until_accepting(cache).await;
    }
    let load = Load::on(&caches);
    tokio::time::sleep(Duration::from_secs(1)).await;
    watched.master.kill();
    let killed = Instant::now();
    for cache in &caches {
        until_accepting(cache).await;
    }
    println!("back after {:?}", killed.elapsed());
    let accepted = Request::new();
    accepted.claim(&caches[0]).await.unwrap();
    assert!(watched.replica.ask(&["ROLE"]).starts_with("master"));
    tokio::time::sleep(Duration::from_millis(500)).await;
    let tally = load.stop().await;
    assert_eq!(tally.accepted_replays, []);
    assert!(tally.accepted > 100 && tally.unavailable > 0 && tally.before_start > 0);
    assert!(
        tally.longest < Duration::from_secs(1),
        "{:?}",
        tally.longest
    );
}

#[tokio::test]
#[ignore = "needs Redis, which cargo xtask test installs"]
async fn without_sentinels_the_link_there_is_stays_in_use() {
    let mut watched = Watched::start();
    let cache = connect(&watched.url()).await;
    for sentinel in &mut watched.sentinels {
        sentinel.kill();
    }
    // Longer than the keeper waits before it looks again.
    let until = Instant::now() + Duration::from_secs(5);
    while Instant::now() < until {
        Request::new().claim(&cache).await.unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
