//! The replay cache in process.
//!
//! [`MokaReplayCache`] remembers every accepted request for as long as its timestamp is fresh,
//! and is exact: no load, no order of threads and no step of the clock makes it accept a request
//! twice, and what it cannot remember it refuses. It lives and dies with its process; several
//! instances of one service need a shared store, or each of them accepts a request once.
//!
//! How it works: a replay carries the same signed time as the original, since the signature
//! covers it. So there is one set of fingerprints per *second of signed time*; a request need
//! only be looked up in the set of its own second, and a set is dropped whole once its second
//! has left the window. A few seconds in a row make a slice, which moka makes atomically and is
//! never asked to evict: its eviction forgets entries that are still fresh, which is what an
//! attacker wants.
//!
//! # Deployment caveats
//!
//! * Entries are let go of by later requests, so the figures of a cache that is idle stand still.
//! * If the clock runs ahead and is set back after requests of that time were forgotten, all
//!   requests are refused until the clock has caught up and for up to sixteen seconds more:
//!   accepting them could be accepting them twice. A new cache (a restart) ends it.

mod builder;
mod fingerprint;
mod memory;
mod recent;
mod restart;
mod retired;
mod room;
mod sharded;
mod slice;
mod span;
mod sync;
mod timeline;

use std::fmt;
use std::sync::Arc;

use countersign_core::{
    FirstUse, NonceKey, NonceLife, Occupancy, ReplayCache, ReplayError, StoreId, Timestamp, Window,
};

pub use self::builder::MokaReplayCacheBuilder;
use self::fingerprint::Fingerprinter;
use self::memory::Memory;
pub use self::restart::RestartGuard;

/// A replay cache in the memory of this process. Clones share it.
///
/// ```
/// use countersign::replay::MokaReplayCache;
///
/// # fn main() -> Result<(), countersign::ConfigError> {
/// let replay = MokaReplayCache::builder().capacity(100_000).build()?;
/// assert_eq!(replay.len(), 0);
/// # Ok(())
/// # }
/// ```
///
/// # Memory
///
/// An entry takes 20 to 40 bytes, whatever the length of its nonce, and a key with live entries as
/// much once: less than 64 bytes per entry, unless nearly all are of different keys, so 64 MiB at
/// the default capacity. Sixteen seconds of signed time with live entries take another five
/// kilobytes. Nothing is allocated ahead.
#[derive(Clone)]
pub struct MokaReplayCache(Arc<Inner>);

struct Inner {
    store: StoreId,
    fingerprinter: Fingerprinter,
    memory: Memory,
}

impl MokaReplayCache {
    /// A cache with the defaults of [`MokaReplayCache::builder`].
    ///
    /// # Panics
    /// When the operating system gives no random bytes; [`MokaReplayCacheBuilder::build`] returns
    /// that as an error.
    #[allow(clippy::expect_used)]
    pub fn new() -> Self {
        Self::builder()
            .build()
            .expect("the defaults are valid and the system gives random bytes")
    }

    /// A cache with other settings.
    pub fn builder() -> MokaReplayCacheBuilder {
        MokaReplayCacheBuilder::default()
    }

    /// How many requests are remembered, or are no longer but still take up room.
    pub fn len(&self) -> usize {
        self.0.memory.room().len()
    }

    /// Whether nothing is remembered.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many requests can be remembered.
    pub fn capacity(&self) -> usize {
        self.0.memory.room().capacity()
    }
}

impl Default for MokaReplayCache {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MokaReplayCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MokaReplayCache")
            .field("len", &self.len())
            .field("capacity", &self.capacity())
            .field("start", self.0.memory.start())
            .finish_non_exhaustive()
    }
}

impl ReplayCache for MokaReplayCache {
    async fn claim(&self, nonce: NonceKey<'_>, life: NonceLife) -> Result<FirstUse, ReplayError> {
        let fingerprint = self.0.fingerprinter.of(&nonce);
        self.0.memory.claim(fingerprint, life)
    }

    fn store_id(&self) -> StoreId {
        self.0.store
    }

    fn prepare(&self, window: Window, now: Timestamp) {
        self.0.memory.prepare(window, now);
    }

    fn occupancy(&self) -> Option<Occupancy> {
        Some(Occupancy {
            entries: self.len(),
            capacity: self.capacity(),
        })
    }
}
