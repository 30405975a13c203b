//! Around the client, a cache: how soon a revocation is felt.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use countersign::keys::CachedLookup;
use countersign_client::KeyServerClient;

use crate::stub::{ID, Reply, Stub, find};

/// A server that knows the credential until it is told otherwise.
async fn revocable() -> (Stub, Arc<AtomicBool>) {
    let revoked = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&revoked);
    let stub = Stub::that(move |_, _| {
        if told.load(Ordering::SeqCst) {
            Reply::problem(404, "credential_unknown")
        } else {
            Reply::credential()
        }
    });
    (stub.await, revoked)
}

fn cached(stub: &Stub, ttl: Duration) -> CachedLookup<KeyServerClient> {
    CachedLookup::new(stub.lookup()).ttl(ttl)
}

#[tokio::test]
async fn bad_211_a_revoked_key_is_gone_at_once_after_an_invalidation() {
    let (stub, revoked) = revocable().await;
    let keys = cached(&stub, Duration::from_secs(3600));
    assert!(find(&keys, ID).await.unwrap().is_some());
    revoked.store(true, Ordering::SeqCst);
    assert!(find(&keys, ID).await.unwrap().is_some(), "it is remembered");
    keys.invalidate(ID);
    assert!(find(&keys, ID).await.unwrap().is_none());
}

#[tokio::test]
async fn bad_211_a_revoked_key_is_gone_when_its_time_is_over() {
    let (stub, revoked) = revocable().await;
    let ttl = Duration::from_millis(100);
    let keys = cached(&stub, ttl);
    let asked_at = std::time::Instant::now();
    assert!(find(&keys, ID).await.unwrap().is_some());
    revoked.store(true, Ordering::SeqCst);
    while find(&keys, ID).await.unwrap().is_some() {
        assert!(
            asked_at.elapsed() < Duration::from_secs(20),
            "it is never gone"
        );
        tokio::task::yield_now().await;
    }
    assert!(asked_at.elapsed() >= ttl);
    assert_eq!(stub.asked().len(), 2);
}

#[tokio::test]
async fn bad_216_and_219_a_failure_is_not_remembered_and_the_old_keys_are_used_meanwhile() {
    let stub = Stub::that(|number, _| match number {
        0 | 2 => Reply::json(200, "{"),
        _ => Reply::credential(),
    })
    .await;
    let keys = cached(&stub, Duration::ZERO).max_stale(Duration::from_secs(3600));
    assert!(find(&keys, ID).await.is_err());
    assert!(find(&keys, ID).await.unwrap().is_some());
    assert!(find(&keys, ID).await.unwrap().is_some(), "stale");
    assert_eq!(stub.asked().len(), 3);
    let impatient = cached(&stub, Duration::ZERO).max_stale(Duration::ZERO);
    assert!(find(&impatient, ID).await.unwrap().is_some());
}
