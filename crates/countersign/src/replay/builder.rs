//! The settings of a [`MokaReplayCache`].

use std::sync::Arc;

use countersign_core::{Clock, ConfigError, StoreId, SystemClock};

use super::fingerprint::Fingerprinter;
use super::memory::Memory;
use super::restart::{RestartGuard, Start};
use super::room::Room;
use super::{Inner, MokaReplayCache};

/// Builds a [`MokaReplayCache`]; see [`MokaReplayCache::builder`].
#[derive(Clone, Debug)]
#[must_use]
pub struct MokaReplayCacheBuilder {
    capacity: usize,
    per_key: Option<usize>,
    restart_guard: RestartGuard,
    clock: Arc<dyn Clock>,
}

impl MokaReplayCacheBuilder {
    /// How many requests are remembered at most; more are refused with
    /// [`Full`](countersign_core::ReplayError::Full) until some have expired.
    ///
    /// 1,048,576 by default: at up to 64 bytes each 64 MiB, and enough for 2,900 requests a second
    /// in the default window of 361 seconds.
    pub fn capacity(mut self, entries: usize) -> Self {
        self.capacity = entries;
        self
    }

    /// How many of them may be of one key, under one scheme; more are refused with
    /// [`KeyQuota`](countersign_core::ReplayError::KeyQuota).
    ///
    /// Half the capacity by default, so that no single key can lock out the others, while a
    /// service with few keys can still use the room.
    pub fn per_key(mut self, entries: usize) -> Self {
        self.per_key = Some(entries);
        self
    }

    /// What is done about requests accepted before this cache existed.
    ///
    /// [`RestartGuard::SinceStart`] by default: safe for clients whose clock is right, at the
    /// price of refusing the requests that were on their way during the start.
    pub fn restart_guard(mut self, guard: RestartGuard) -> Self {
        self.restart_guard = guard;
        self
    }

    /// The clock that says when the cache was made, [`SystemClock`] by default, for a cache that is
    /// used without a layer: the first layer built over it brings its own. The time of a claim
    /// comes with the claim.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Makes the cache, which remembers from this moment on.
    ///
    /// # Errors
    /// When the capacity is zero, the share of a key is zero or larger than the capacity, or the
    /// operating system gives no random bytes.
    pub fn build(self) -> Result<MokaReplayCache, ConfigError> {
        let capacity = self.capacity;
        if capacity == 0 {
            return Err(ConfigError::new(
                "replay cache capacity",
                "0",
                "use at least 1: requests per second times seconds of the window, doubled. A \
                 cache without room refuses every request",
            ));
        }
        let per_key = self.per_key.unwrap_or((capacity / 2).max(1));
        if per_key == 0 || per_key > capacity {
            return Err(ConfigError::new(
                "replay cache per_key",
                per_key.to_string(),
                format!("use 1 to {capacity}, the capacity; half of it is the default"),
            ));
        }
        Ok(MokaReplayCache(Arc::new(Inner {
            store: StoreId::unique(),
            fingerprinter: Fingerprinter::random()?,
            memory: Memory::new(
                Start::new(self.restart_guard, self.clock.now()),
                Room::new(capacity, per_key),
            ),
        })))
    }
}

impl Default for MokaReplayCacheBuilder {
    fn default() -> Self {
        Self {
            capacity: DEFAULT_CAPACITY,
            per_key: None,
            restart_guard: RestartGuard::default(),
            clock: Arc::new(SystemClock),
        }
    }
}

const DEFAULT_CAPACITY: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_a_million_entries_half_of_them_for_one_key() {
        let cache = MokaReplayCache::new();
        assert_eq!(cache.capacity(), 1_048_576);
        assert_eq!(cache.0.memory.room().per_key(), 524_288);
        assert!(cache.is_empty());
    }

    #[test]
    fn a_capacity_of_one_leaves_one_for_a_key() {
        let cache = MokaReplayCache::builder().capacity(1).build().unwrap();
        assert_eq!(cache.0.memory.room().per_key(), 1);
    }

    #[test]
    fn unusable_settings_are_refused_with_the_key_and_the_fix() {
        let builder = || MokaReplayCache::builder().capacity(10);
        for (bad, key, fix) in [
            (builder().capacity(0), "capacity = \"0\"", "at least 1"),
            (builder().per_key(0), "per_key = \"0\"", "1 to 10"),
            (builder().per_key(11), "per_key = \"11\"", "1 to 10"),
        ] {
            let error = bad.build().unwrap_err().to_string();
            assert!(error.contains(key) && error.contains(fix), "{error}");
        }
        assert!(builder().per_key(10).build().is_ok());
    }
}
