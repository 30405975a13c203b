//! Remembering what a source of keys answered.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use countersign_core::{KeyId, KeyLookup, KeySet, LookupError};

use self::answers::Settings;
use self::flights::State;

mod answers;
mod flights;
mod front;
mod sync;
#[cfg(test)]
mod tests;

/// Remembers what another source of keys answered, in bounded memory.
///
/// * **One call at a time per id.** Lookups of an id that is being looked up wait for that answer.
///   The call is driven by whoever waits: it goes on when the first of them gives up, and ends when
///   all have.
/// * **Unknown ids are remembered too**, briefly and in a cache of their own: strangers who make up
///   ids can displace each other's, but no key.
/// * **Errors are never remembered.** While the source fails, keys that it gave before are served
///   for [`max_stale`](CachedLookup::max_stale); an id that the source has since denied is not.
/// * **A revoked key** is refused when its time is over, or at once after
///   [`invalidate`](CachedLookup::invalidate).
///
/// A call that panics is an error for everyone who waits for it, and for nobody else. A source that
/// may hang belongs into a [`TimeoutLookup`](super::TimeoutLookup) inside the cache.
///
/// Clones share what is remembered. Change a setting before cloning: every setting starts anew with
/// nothing remembered.
///
/// ```
/// use std::time::Duration;
///
/// use countersign::keys::{CachedLookup, StaticKeys};
///
/// let source = StaticKeys::<String>::empty(); // something slower, really
/// let keys = CachedLookup::new(source)
///     .ttl(Duration::from_secs(30))
///     .max_stale(Duration::from_secs(3600));
///
/// let revoke = keys.clone();
/// revoke.invalidate("example-id");
/// ```
pub struct CachedLookup<K: KeyLookup> {
    inner: Arc<K>,
    settings: Settings,
    state: Arc<State<K::Principal>>,
}

impl<K: KeyLookup> CachedLookup<K> {
    /// Remembers what `inner` answers.
    pub fn new(inner: K) -> Self {
        Self::with(Arc::new(inner), Settings::default())
    }

    /// How long keys are used before the source is asked again: 60 s unless set, the longest a
    /// revoked key should work without an [`invalidate`](CachedLookup::invalidate).
    #[must_use]
    pub fn ttl(self, ttl: Duration) -> Self {
        self.changed(|settings| settings.ttl = ttl)
    }

    /// How long an id counts as unknown before the source is asked again: 5 s unless set, the
    /// longest that a client with a brand-new key should have to wait.
    #[must_use]
    pub fn negative_ttl(self, ttl: Duration) -> Self {
        self.changed(|settings| settings.negative_ttl = ttl)
    }

    /// How long after their [`ttl`](CachedLookup::ttl) keys are still used when the source fails:
    /// 5 minutes unless set, enough to restart it. Zero makes its failures felt after the `ttl`.
    #[must_use]
    pub fn max_stale(self, max_stale: Duration) -> Self {
        self.changed(|settings| settings.max_stale = max_stale)
    }

    /// How many ids with keys are remembered: 100 000 unless set, about 1 KB each.
    #[must_use]
    pub fn capacity(self, ids: u64) -> Self {
        self.changed(|settings| settings.capacity = ids)
    }

    /// How many unknown ids are remembered, whatever strangers send: 10 000 unless set, about
    /// 0.5 KB each.
    #[must_use]
    pub fn negative_capacity(self, ids: u64) -> Self {
        self.changed(|settings| settings.negative_capacity = ids)
    }

    /// Forgets what is known of `id`: the next lookup asks the source.
    ///
    /// A lookup under way still gives its answer to those who wait for it already; it is neither
    /// remembered nor given to anybody who asks from now on.
    pub fn invalidate(&self, id: &str) {
        self.state.forget(id);
    }

    /// Forgets everything, as [`invalidate`](CachedLookup::invalidate) does for one id.
    pub fn invalidate_all(&self) {
        self.state.forget_all();
    }

    fn with(inner: Arc<K>, settings: Settings) -> Self {
        let state = Arc::new(State::new(&settings));
        Self {
            inner,
            settings,
            state,
        }
    }

    fn changed(self, change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = self.settings;
        change(&mut settings);
        Self::with(self.inner, settings)
    }
}

impl<K: KeyLookup> KeyLookup for CachedLookup<K> {
    type Principal = K::Principal;

    async fn lookup(&self, id: KeyId<'_>) -> Result<Option<KeySet<K::Principal>>, LookupError> {
        self.state.lookup(&self.inner, id).await
    }
}

impl<K: KeyLookup> Clone for CachedLookup<K> {
    fn clone(&self) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
            settings: self.settings,
            state: Arc::clone(&self.state),
        }
    }
}

impl<K: KeyLookup> fmt::Debug for CachedLookup<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CachedLookup")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
