//! What a layer under test stands on.

use countersign::{ManualClock, MokaReplayCache, RestartGuard, StaticKeys, VerifyLayer};

use crate::case::{Case, NOW};
use crate::echo::Echo;

/// A clock that stands still, a replay cache without a restart guard, and the service behind the
/// layer.
#[derive(Clone, Debug)]
pub struct Bench {
    /// Shows [`NOW`] until it is moved.
    pub clock: ManualClock,
    /// Remembers what was accepted.
    pub replay: MokaReplayCache,
    /// Sees what got through.
    pub echo: Echo,
}

impl Bench {
    /// With room for more requests than any test sends.
    pub fn new() -> Self {
        Self::with_capacity(1 << 20)
    }

    /// With room for `entries` remembered requests, all of which may be of one key.
    pub fn with_capacity(entries: usize) -> Self {
        let replay = MokaReplayCache::builder()
            .restart_guard(RestartGuard::Off)
            .capacity(entries)
            .per_key(entries);
        Self {
            clock: ManualClock::new(NOW),
            replay: replay.build().expect("valid settings"),
            echo: Echo::default(),
        }
    }

    /// A layer for the scheme and the keys of `case`.
    pub fn layer(&self, case: &Case) -> VerifyLayer<StaticKeys> {
        self.any([case])
    }

    /// A layer for any of the schemes of `cases`, with the keys of them all.
    pub fn any<'a>(&self, cases: impl IntoIterator<Item = &'a Case>) -> VerifyLayer<StaticKeys> {
        let cases: Vec<_> = cases.into_iter().collect();
        let schemes: Vec<_> = cases.iter().map(|case| case.any_scheme()).collect();
        let mut keys: Vec<countersign::SigningKey> = Vec::new();
        for key in cases.iter().flat_map(|case| case.keys()) {
            if !keys.iter().any(|known| known.id() == key.id()) {
                keys.push(key);
            }
        }
        self.around(VerifyLayer::any(schemes, StaticKeys::new(keys)))
    }

    /// `layer`, on this clock and this cache.
    pub fn around<K, R, S>(
        &self,
        layer: VerifyLayer<K, R, S>,
    ) -> VerifyLayer<K, MokaReplayCache, S> {
        layer.clock(self.clock.clone()).replay(self.replay.clone())
    }
}

impl Default for Bench {
    fn default() -> Self {
        Self::new()
    }
}
