//! Servers whose clock is off.

use countersign_core::ReplayError;
use countersign_redis::RedisReplayCache;

use crate::support::claims::{Request, connect, unguarded};
use crate::support::stub::Stub;
use crate::support::until;

const MEMORY: &str = "maxmemory_policy:noeviction\r\n";

#[tokio::test]
async fn a_server_whose_clock_is_off_is_refused_at_the_start() {
    let stub = Stub::start(MEMORY).await;
    for (ahead, word) in [(60_000, "ahead of"), (-60_000, "behind")] {
        stub.set_ahead(ahead);
        let error = RedisReplayCache::connect(&stub.url())
            .await
            .unwrap_err()
            .to_string();
        assert!(error.contains("clock") && error.contains(word), "{error}");
    }
    stub.set_ahead(3_000);
    connect(&stub.url()).await;
}

#[tokio::test]
async fn a_clock_that_leaps_is_noticed_by_the_next_claim_and_forgiven_when_it_is_right() {
    let stub = Stub::start(MEMORY).await;
    let cache = RedisReplayCache::connect(&stub.url()).await.unwrap();
    Request::new().claim(&cache).await.unwrap();
    let during = Request::new();
    // The stub says OK to everything, as a server does whose entry has ended.
    stub.set_ahead(3_600_000);
    let leapt = during.claim(&cache).await;
    assert!(
        matches!(leapt, Err(ReplayError::Unavailable(_))),
        "{leapt:?}"
    );
    stub.set_ahead(0);
    until("requests are accepted again", || async {
        Request::new().claim(&cache).await.is_ok()
    })
    .await;
    // What was accepted before may have ended while the clock was wrong.
    let before = during.claim(&cache).await;
    assert!(
        matches!(before, Err(ReplayError::SignedBeforeStart)),
        "{before:?}"
    );
}

#[tokio::test]
async fn an_entry_that_ended_before_it_was_made_is_no_first_use() {
    let stub = Stub::start(MEMORY).await;
    let cache = unguarded(&stub.url()).connect().await.unwrap();
    // In the last second of its window, when its entry would end in 11 s.
    let request = Request::new();
    let request = request.clone().signed_at(request.signed_at - 300);
    stub.set_ahead(12_000);
    let outcome = request.claim(&cache).await;
    assert!(outcome.is_err(), "{outcome:?}");
}
