//! A replay cache that takes its time.

use countersign::{
    FirstUse, MokaReplayCache, NonceKey, NonceLife, Occupancy, ReplayCache, ReplayError, StoreId,
    Timestamp, Window,
};

use crate::wait::pending;

/// A cache as far away as a server: pending before and after each claim.
#[derive(Clone, Debug)]
pub struct Slow {
    cache: MokaReplayCache,
    times: usize,
}

impl Slow {
    /// `cache`, pending so many times on either side of a claim.
    pub const fn new(cache: MokaReplayCache, times: usize) -> Self {
        Self { cache, times }
    }
}

impl ReplayCache for Slow {
    async fn claim(&self, nonce: NonceKey<'_>, life: NonceLife) -> Result<FirstUse, ReplayError> {
        pending(self.times).await;
        let claimed = self.cache.claim(nonce, life).await;
        pending(self.times).await;
        claimed
    }

    fn store_id(&self) -> StoreId {
        self.cache.store_id()
    }

    fn prepare(&self, window: Window, now: Timestamp) {
        self.cache.prepare(window, now);
    }

    fn occupancy(&self) -> Option<Occupancy> {
        self.cache.occupancy()
    }
}
