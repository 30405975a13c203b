//! What was answered, and until when it counts.
//!
//! Invariant: an id is in at most one of the two caches, once [`Answers::keep`] has returned.

use std::sync::Arc;
use std::time::Duration;

use countersign_core::{KeySet, LookupError};
use moka::notification::RemovalCause;
use moka::sync::{Cache, CacheBuilder};
use tokio::time::Instant;

use super::front::Front;
use super::sync::{AtomicU64, Ordering};

/// What a source of keys gives.
pub(super) type Answer<P> = Result<Option<KeySet<P>>, LookupError>;

#[derive(Clone, Copy, Debug)]
pub(super) struct Settings {
    pub(super) ttl: Duration,
    pub(super) negative_ttl: Duration,
    pub(super) max_stale: Duration,
    pub(super) capacity: u64,
    pub(super) negative_capacity: u64,
}

impl Default for Settings {
    /// The reasons are with the setters of [`CachedLookup`](super::CachedLookup).
    fn default() -> Self {
        Self {
            ttl: Duration::from_secs(60),
            negative_ttl: Duration::from_secs(5),
            max_stale: Duration::from_secs(5 * 60),
            capacity: 100_000,
            negative_capacity: 10_000,
        }
    }
}

/// The ids with keys and the ids without, apart: made-up ids must not displace keys.
pub(super) struct Answers<P> {
    front: Arc<Front<P>>,
    found: Cache<Arc<str>, Dated<KeySet<P>>>,
    unknown: Cache<Arc<str>, Dated<()>>,
    ttl: Duration,
    negative_ttl: Duration,
    kept_for: Duration,
    /// Counts the calls of [`Answers::forget_all`]. moka's own clears by time, and would leave an
    /// answer that was kept in the same tick of the clock.
    epoch: AtomicU64,
}

#[derive(Clone)]
pub(super) struct Dated<T> {
    pub(super) value: T,
    pub(super) asked_at: Instant,
    pub(super) epoch: u64,
}

impl<P: Send + Sync + 'static> Answers<P> {
    pub(super) fn new(settings: &Settings) -> Self {
        let kept_for = settings.ttl.saturating_add(settings.max_stale);
        let front = Arc::new(Front::new());
        let leaving = Arc::clone(&front);
        let left = move |id: Arc<Arc<str>>, gone: Dated<KeySet<P>>, cause| {
            if cause != RemovalCause::Replaced {
                leaving.remove_answer_of(&id, gone.asked_at);
            }
        };
        Self {
            front,
            found: cache(settings.capacity, kept_for)
                .eviction_listener(left)
                .build(),
            unknown: cache(settings.negative_capacity, settings.negative_ttl).build(),
            ttl: settings.ttl,
            negative_ttl: settings.negative_ttl,
            kept_for,
            epoch: AtomicU64::new(0),
        }
    }

    /// What counts as the answer for `id` without asking; never an error.
    pub(super) fn fresh(&self, id: &str) -> Option<Answer<P>> {
        if let Some(held) = self.front.find(id) {
            let age = held.asked_at.elapsed();
            if age < self.ttl && held.epoch == self.epoch.load(Ordering::SeqCst) {
                if age.subsec_micros() % SAMPLE == 0 {
                    // So that moka knows which ids are in use.
                    drop(self.found.get(id));
                }
                return Some(Ok(Some(held.value)));
            }
        }
        if let Some(keys) = self.within(self.ttl, self.found.get(id)) {
            return Some(Ok(Some(keys)));
        }
        self.within(self.negative_ttl, self.unknown.get(id))
            .map(|()| Ok(None))
    }

    /// The keys of `id` that may be used when the source fails.
    pub(super) fn stale(&self, id: &str) -> Option<KeySet<P>> {
        self.within(self.kept_for, self.found.get(id))
    }

    /// Keeps what the source answered when it was asked at `asked_at`. The age counts from there:
    /// what it said may be as old as that.
    pub(super) fn keep(&self, id: &Arc<str>, answer: Option<&KeySet<P>>, asked_at: Instant) {
        let epoch = self.epoch.load(Ordering::SeqCst);
        let id = Arc::clone(id);
        if let Some(keys) = answer {
            self.unknown.invalidate(&id);
            let value = keys.clone();
            let dated = Dated {
                value,
                asked_at,
                epoch,
            };
            self.front.put(&id, dated.clone());
            self.found.insert(id, dated);
        } else {
            self.front.remove(&id);
            self.found.invalidate(&id);
            let dated = Dated {
                value: (),
                asked_at,
                epoch,
            };
            self.unknown.insert(id, dated);
        }
    }

    pub(super) fn forget(&self, id: &str) {
        self.front.remove(id);
        self.found.invalidate(id);
        self.unknown.invalidate(id);
    }

    pub(super) fn forget_all(&self) {
        self.epoch.fetch_add(1, Ordering::SeqCst);
        self.front.clear();
        self.found.invalidate_all();
        self.unknown.invalidate_all();
    }

    /// How many ids are held, with keys and without.
    #[cfg(test)]
    pub(super) fn held(&self) -> (u64, u64) {
        self.found.run_pending_tasks();
        self.unknown.run_pending_tasks();
        assert_eq!(
            u64::try_from(self.front.len()),
            Ok(self.found.entry_count())
        );
        (self.found.entry_count(), self.unknown.entry_count())
    }

    /// Decided by tokio's clock, not by moka's, which no test can move.
    fn within<T>(&self, lifetime: Duration, dated: Option<Dated<T>>) -> Option<T> {
        let dated = dated?;
        let counts =
            dated.asked_at.elapsed() < lifetime && dated.epoch == self.epoch.load(Ordering::SeqCst);
        counts.then_some(dated.value)
    }
}

fn cache<T: Clone + Send + Sync + 'static>(
    ids: u64,
    lifetime: Duration,
) -> CacheBuilder<Arc<str>, T, Cache<Arc<str>, T>> {
    // moka panics above a thousand years.
    const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);
    Cache::builder()
        .max_capacity(ids)
        .time_to_live(lifetime.min(LONGEST))
}

/// moka is told of about one read in so many, by the last digits of the clock.
const SAMPLE: u32 = 64;
