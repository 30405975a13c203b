use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use countersign_core::{KeyId, KeyLookup, KeySet, LookupError, SigningKey};
use futures_util::FutureExt as _;
use futures_util::future::join_all;
use tokio::time::advance;

use super::CachedLookup;
use crate::keys::lookup_fn;
use crate::keys::testing::{Backend, Reply, find};

const TTL: Duration = Duration::from_secs(60);
const NEGATIVE_TTL: Duration = Duration::from_secs(5);
const MAX_STALE: Duration = Duration::from_secs(300);
const MOMENT: Duration = Duration::from_millis(1);

/// Moves the clock to a moment before `duration` has passed.
async fn advance_almost(duration: Duration) {
    advance(duration.saturating_sub(MOMENT)).await;
}

/// Whether `keys` has keys for "a"; `None` when it fails.
async fn known(keys: &CachedLookup<Backend>) -> Option<bool> {
    find(keys, "a").await.ok().map(|found| found.is_some())
}

fn cached(reply: Reply) -> (CachedLookup<Backend>, Backend) {
    let backend = Backend::that(reply);
    (CachedLookup::new(backend.clone()), backend)
}

fn cached_and_held(reply: Reply) -> (CachedLookup<Backend>, Backend) {
    let backend = Backend::held(reply);
    (CachedLookup::new(backend.clone()), backend)
}

#[tokio::test(start_paused = true)]
async fn keys_are_asked_for_again_when_their_time_is_over() {
    let (keys, backend) = cached(Reply::Known);
    assert_eq!(known(&keys).await, Some(true));
    advance_almost(TTL).await;
    assert_eq!(known(&keys).await, Some(true));
    assert_eq!(backend.calls(), 1);
    advance(MOMENT).await;
    assert_eq!(known(&keys).await, Some(true));
    assert_eq!(backend.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn bad_44_a_key_created_after_a_miss_works_after_the_negative_time() {
    let (keys, backend) = cached(Reply::Unknown);
    assert_eq!(known(&keys).await, Some(false));
    backend.now(Reply::Known);
    advance_almost(NEGATIVE_TTL).await;
    assert_eq!(known(&keys).await, Some(false));
    assert_eq!(backend.calls(), 1);
    advance(MOMENT).await;
    assert_eq!(known(&keys).await, Some(true));
}

#[tokio::test(start_paused = true)]
async fn bad_43_a_key_deleted_while_cached_is_refused_when_its_time_is_over() {
    let (keys, backend) = cached(Reply::Known);
    assert_eq!(known(&keys).await, Some(true));
    backend.now(Reply::Unknown);
    advance(TTL).await;
    assert_eq!(known(&keys).await, Some(false));
    // Nor does it come back when the source then fails.
    backend.now(Reply::Down);
    advance(NEGATIVE_TTL).await;
    assert_eq!(known(&keys).await, None);
}

#[tokio::test(start_paused = true)]
async fn bad_43_an_invalidated_key_is_refused_at_once() {
    let (keys, backend) = cached(Reply::Known);
    for forget in [
        (|keys| keys.invalidate("a")) as fn(&CachedLookup<Backend>),
        CachedLookup::invalidate_all,
    ] {
        backend.now(Reply::Known);
        keys.invalidate("a");
        assert_eq!(known(&keys).await, Some(true));
        backend.now(Reply::Unknown);
        forget(&keys.clone());
        assert_eq!(known(&keys).await, Some(false));
        // The failure of the source does not bring it back either.
        backend.now(Reply::Down);
        forget(&keys);
        assert_eq!(known(&keys).await, None);
    }
}

#[tokio::test(start_paused = true)]
async fn bad_43_an_answer_older_than_an_invalidation_is_not_remembered() {
    for forget in [
        (|keys| keys.invalidate("a")) as fn(&CachedLookup<Backend>),
        CachedLookup::invalidate_all,
    ] {
        let (keys, backend) = cached_and_held(Reply::Known);
        let mut early = Box::pin(find(&keys, "a"));
        assert!(early.as_mut().now_or_never().is_none());

        backend.now(Reply::Unknown);
        forget(&keys);
        let mut late = Box::pin(find(&keys, "a"));
        assert!(late.as_mut().now_or_never().is_none());
        assert_eq!(backend.calls(), 2, "the late one must not join the early");

        backend.release(2);
        assert!(late.await.unwrap().is_none());
        assert!(early.await.unwrap().is_some());
        assert_eq!(known(&keys).await, Some(false));
        assert_eq!((backend.calls(), keys.state.flights()), (2, 0));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn bad_43_after_an_invalidation_nobody_gets_what_was_before() {
    let version = Arc::new(AtomicU64::new(0));
    let keys = CachedLookup::new(lookup_fn({
        let version = Arc::clone(&version);
        move |id: String| {
            let version = version.load(Ordering::SeqCst);
            async move {
                tokio::task::yield_now().await;
                let key = SigningKey::with_principal(id, "a secret of enough bytes", version);
                Ok(Some(KeySet::from(key.unwrap())))
            }
        }
    }));
    let tasks = (0..4).map(|number| {
        let (keys, version) = (keys.clone(), Arc::clone(&version));
        tokio::spawn(async move {
            for _ in 0..2000 {
                let at_least = version.fetch_add(1, Ordering::SeqCst) + 1;
                match number {
                    0 => keys.invalidate_all(),
                    _ => keys.invalidate("a"),
                }
                let found = find(&keys, "a").await.unwrap().unwrap();
                assert!(*found.keys()[0].principal() >= at_least);
            }
        })
    });
    for task in join_all(tasks).await {
        task.unwrap();
    }
}

#[tokio::test]
async fn bad_60_a_hundred_lookups_of_one_id_are_one_call() {
    for reply in [Reply::Known, Reply::Unknown, Reply::Down] {
        let (keys, backend) = cached_and_held(reply);
        let mut all = Box::pin(join_all((0..100).map(|_| known(&keys))));
        assert!(all.as_mut().now_or_never().is_none());
        backend.release(1);
        let expected = match reply {
            Reply::Known => Some(true),
            Reply::Unknown => Some(false),
            _ => None,
        };
        assert_eq!(all.await, [expected; 100]);
        assert_eq!((backend.calls(), keys.state.flights()), (1, 0));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn bad_60_lookups_on_many_threads_are_one_call_as_well() {
    for _ in 0..200 {
        let (keys, backend) = cached(Reply::Known);
        let tasks = (0..16).map(|_| {
            let keys = keys.clone();
            tokio::spawn(async move { known(&keys).await })
        });
        for found in join_all(tasks).await {
            assert_eq!(found.unwrap(), Some(true));
        }
        assert_eq!((backend.calls(), keys.state.flights()), (1, 0));
    }
}

#[tokio::test]
async fn bad_60_an_error_is_not_remembered() {
    let (keys, backend) = cached(Reply::Down);
    assert_eq!(known(&keys).await, None);
    backend.now(Reply::Known);
    assert_eq!(known(&keys).await, Some(true));
    assert_eq!(backend.calls(), 2);
}

#[tokio::test]
async fn bad_41_the_call_goes_on_when_the_first_gives_up() {
    let (keys, backend) = cached_and_held(Reply::Known);
    let mut first = Box::pin(find(&keys, "a"));
    assert!(first.as_mut().now_or_never().is_none());
    let second = tokio::spawn({
        let keys = keys.clone();
        async move { known(&keys).await }
    });
    tokio::task::yield_now().await;
    drop(first);
    backend.release(1);
    assert_eq!(second.await.unwrap(), Some(true));
    assert_eq!(backend.calls(), 1);
}

#[tokio::test]
async fn bad_41_a_call_that_all_gave_up_leaves_nothing_behind() {
    let (keys, backend) = cached_and_held(Reply::Known);
    {
        let mut all = Box::pin(join_all((0..10).map(|_| known(&keys))));
        assert!(all.as_mut().now_or_never().is_none());
        assert_eq!(keys.state.flights(), 1);
    }
    assert_eq!(keys.state.flights(), 0);
    backend.release(1);
    assert_eq!(known(&keys).await, Some(true));
    assert_eq!(backend.calls(), 2);
}

#[tokio::test]
async fn bad_41_a_panic_fails_its_lookups_and_no_later_one() {
    let (keys, backend) = cached_and_held(Reply::Panic);
    let mut all = Box::pin(join_all((0..10).map(|_| find(&keys, "a"))));
    assert!(all.as_mut().now_or_never().is_none());
    backend.release(1);
    for answer in all.await {
        let error = answer.unwrap_err().to_string();
        assert!(error.contains("panicked"), "{error}");
    }
    backend.now(Reply::Known);
    backend.release(1);
    assert_eq!(known(&keys).await, Some(true));
    assert_eq!(keys.state.flights(), 0);
}

#[tokio::test]
async fn bad_41_a_panic_before_the_first_wait_is_no_different() {
    fn panics() -> LookupError {
        panic!("at once")
    }
    struct Panicking;
    impl KeyLookup for Panicking {
        type Principal = String;
        #[allow(clippy::manual_async_fn)] // to panic in the call, not in its future
        fn lookup(
            &self,
            _: KeyId<'_>,
        ) -> impl Future<Output = Result<Option<KeySet>, LookupError>> + Send {
            let error = panics();
            async { Err(error) }
        }
    }
    let keys = CachedLookup::new(Panicking);
    for _ in 0..2 {
        assert!(find(&keys, "a").await.is_err());
    }
    assert_eq!(keys.state.flights(), 0);
}

#[tokio::test(start_paused = true)]
async fn while_the_source_fails_the_last_keys_are_served_for_a_time() {
    let (keys, backend) = cached(Reply::Known);
    assert_eq!(known(&keys).await, Some(true));
    backend.now(Reply::Down);
    advance(TTL).await;
    assert_eq!(known(&keys).await, Some(true));
    advance_almost(MAX_STALE).await;
    assert_eq!(known(&keys).await, Some(true));
    assert_eq!(backend.calls(), 3, "the source is asked every time");
    advance(MOMENT).await;
    assert_eq!(known(&keys).await, None);
}

#[cfg(feature = "tracing")]
#[tokio::test(start_paused = true)]
async fn serving_old_keys_is_logged() {
    let logs = crate::keys::testing::Logs::capture();
    let (keys, backend) = cached(Reply::Known);
    assert_eq!(known(&keys).await, Some(true));
    backend.now(Reply::Down);
    assert_eq!(logs.count("WARN"), 0);
    advance(TTL).await;
    assert_eq!(known(&keys).await, Some(true));
    assert_eq!(logs.count("the backend is down"), 1, "{}", logs.text());
}

#[tokio::test(start_paused = true)]
async fn every_setting_is_heeded() {
    let (keys, backend) = cached(Reply::Known);
    let keys = keys
        .ttl(Duration::ZERO)
        .max_stale(Duration::ZERO)
        .negative_ttl(Duration::ZERO);
    for reply in [Reply::Known, Reply::Unknown, Reply::Known] {
        backend.now(reply);
        assert_eq!(known(&keys).await, Some(reply == Reply::Known));
    }
    backend.now(Reply::Down);
    assert_eq!(known(&keys).await, None);

    let (keys, backend) = cached(Reply::Known);
    let keys = keys
        .ttl(Duration::MAX)
        .max_stale(Duration::MAX)
        .negative_ttl(Duration::MAX);
    assert_eq!(known(&keys).await, Some(true));
    advance(Duration::from_secs(1_000_000)).await;
    assert_eq!(known(&keys).await, Some(true));
    assert_eq!(backend.calls(), 1);
}

#[tokio::test]
async fn bad_38_a_million_unknown_ids_leave_memory_flat_and_displace_no_key() {
    const BOUND: u64 = 100;
    let (keys, backend) = cached(Reply::Known);
    let keys = keys.negative_capacity(BOUND);
    assert_eq!(known(&keys).await, Some(true));
    backend.now(Reply::Unknown);
    for number in 0..1_000_000 {
        let id = format!("made-up-{number}");
        assert!(find(&keys, &id).await.unwrap().is_none());
    }
    let (found, unknown) = keys.state.answers().held();
    assert!(found == 1 && unknown <= BOUND, "{found} {unknown}");
    assert_eq!(keys.state.flights(), 0);
    assert_eq!(known(&keys).await, Some(true));
}

#[tokio::test]
async fn more_keys_than_fit_are_served_all_the_same() {
    let (keys, _) = cached(Reply::Known);
    let keys = keys.capacity(10);
    for number in 0..1000 {
        let id = format!("id-{number}");
        assert_eq!(find(&keys, &id).await.unwrap().unwrap().id(), id);
    }
    assert!(keys.state.answers().held().0 <= 10);
}

#[tokio::test]
async fn dropping_the_cache_drops_everything_it_shared() {
    let (keys, _) = cached_and_held(Reply::Known);
    let mut waiting = Box::pin(find(&keys, "a"));
    assert!(waiting.as_mut().now_or_never().is_none());
    let state = Arc::downgrade(&keys.state);
    drop(waiting);
    drop(keys);
    assert!(state.upgrade().is_none());
}

#[test]
fn bad_57_debug_shows_no_key() {
    let (keys, _) = cached(Reply::Known);
    find(&keys, "a").now_or_never().unwrap().unwrap();
    let shown = format!("{keys:?}");
    assert!(
        shown.contains("ttl: 60s") && !shown.contains("secret"),
        "{shown}"
    );
}
