//! Memory that is gone: what was accepted before must not be accepted again.

use std::time::Duration;

use countersign_core::ReplayError;
use countersign_redis::{LossGuard, RedisReplayCache};

use crate::support::claims::{Request, connect, until_accepting};
use crate::support::load::Load;
use crate::support::server::Server;

async fn guarded(server: &Server) -> RedisReplayCache {
    let cache = RedisReplayCache::connect(&server.url()).await.unwrap();
    until_accepting(&cache).await;
    cache
}

fn is_refused(outcome: &Result<countersign_core::FirstUse, ReplayError>) -> bool {
    matches!(
        outcome,
        Err(ReplayError::SignedBeforeStart | ReplayError::Unavailable(_))
    )
}

#[tokio::test]
#[ignore = "needs Redis, which cargo xtask test installs"]
async fn bad_087_what_was_accepted_before_a_restart_is_refused_after_it() {
    let mut server = Server::start();
    let caches = [guarded(&server).await, guarded(&server).await];
    let accepted = Request::new();
    accepted.claim(&caches[0]).await.unwrap();
    server.start_again();
    for cache in &caches {
        until_accepting(cache).await;
        let replayed = accepted.claim(cache).await;
        assert!(
            matches!(replayed, Err(ReplayError::SignedBeforeStart)),
            "{replayed:?}"
        );
    }
    // One that starts after the restart and has seen nothing of it.
    let newcomer = guarded(&server).await;
    let replayed = accepted.claim(&newcomer).await;
    assert!(
        matches!(replayed, Err(ReplayError::SignedBeforeStart)),
        "{replayed:?}"
    );
}

#[tokio::test]
#[ignore = "needs Redis, which cargo xtask test installs"]
async fn an_instance_that_starts_later_takes_over_what_the_others_know() {
    let server = Server::start();
    let first = guarded(&server).await;
    let accepted = Request::new();
    accepted.claim(&first).await.unwrap();
    let second = RedisReplayCache::connect(&server.url()).await.unwrap();
    let replayed = accepted.claim(&second).await;
    assert!(
        matches!(replayed, Err(ReplayError::Replayed)),
        "{replayed:?}"
    );
    // Its own start is no loss: what was signed before it, but in the server's time, is accepted.
    let earlier = Request::new().signed_at(accepted.signed_at);
    earlier.claim(&second).await.unwrap();
}

#[tokio::test]
#[ignore = "needs Redis, which cargo xtask test installs"]
async fn not_a_single_claim_is_answered_by_an_emptied_server_as_if_it_remembered() {
    let server = Server::start();
    for command in [&["FLUSHALL"][..], &["FLUSHALL", "ASYNC"], &["FLUSHDB"]] {
        let cache = guarded(&server).await;
        let accepted = Request::new();
        accepted.claim(&cache).await.unwrap();
        server.ask(command);
        let replayed = accepted.claim(&cache).await;
        assert!(is_refused(&replayed), "{command:?} {replayed:?}");
        until_accepting(&cache).await;
        let replayed = accepted.claim(&cache).await;
        assert!(is_refused(&replayed), "{command:?} {replayed:?}");
    }
}

#[tokio::test]
#[ignore = "needs Redis, which cargo xtask test installs"]
async fn under_load_nothing_is_accepted_twice_when_the_server_is_emptied_again_and_again() {
    let server = Server::start();
    let caches = [guarded(&server).await, guarded(&server).await];
    let load = Load::on(&caches);
    for _ in 0..4 {
        tokio::time::sleep(Duration::from_millis(1500)).await;
        server.ask(&["FLUSHALL"]);
    }
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let tally = load.stop().await;
    assert_eq!(tally.accepted_replays, []);
    assert!(tally.accepted > 1000 && tally.before_start > 0);
}

#[tokio::test]
#[ignore = "needs Redis, which cargo xtask test installs"]
async fn a_restart_from_an_older_snapshot_is_a_loss_too() {
    let mut server = Server::with(&["--dbfilename", "dump.rdb"]);
    let cache = guarded(&server).await;
    assert_eq!(server.ask(&["SAVE"]).trim(), "OK");
    // After the snapshot, which has the beginning of the memory but not this.
    let accepted = Request::new();
    accepted.claim(&cache).await.unwrap();
    server.start_again();
    assert!(server.ask(&["KEYS", "*"]).contains("epoch"));
    until_accepting(&cache).await;
    let replayed = accepted.claim(&cache).await;
    assert!(
        matches!(replayed, Err(ReplayError::SignedBeforeStart)),
        "{replayed:?}"
    );
}

#[tokio::test]
#[ignore = "needs Redis, which cargo xtask test installs"]
async fn strict_also_refuses_what_clocks_that_run_ahead_may_have_signed() {
    let server = Server::start();
    let strict = RedisReplayCache::builder(&server.url()).loss_guard(LossGuard::Strict);
    let cache = strict.connect().await.unwrap();
    let now = Request::new().signed_at;
    let soon = Request::new().signed_at(now + 4);
    assert!(matches!(
        soon.claim(&cache).await,
        Err(ReplayError::SignedBeforeStart)
    ));
    Request::new()
        .signed_at(now + 10)
        .claim(&cache)
        .await
        .unwrap();
}

#[tokio::test]
#[ignore = "needs Redis, which cargo xtask test installs"]
async fn without_the_guard_a_restart_forgets() {
    let mut server = Server::start();
    let cache = connect(&server.url()).await;
    let accepted = Request::new();
    accepted.claim(&cache).await.unwrap();
    server.start_again();
    until_accepting(&cache).await;
    accepted.claim(&cache).await.unwrap();
}
