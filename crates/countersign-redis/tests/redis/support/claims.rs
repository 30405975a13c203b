//! Requests as the cache sees them.

use std::sync::atomic::{AtomicU64, Ordering};

use countersign_core::{
    Clock, FirstUse, KeyId, NonceCase, NonceKey, NonceLife, ReplayCache, ReplayError, SchemeId,
    SystemClock, Timestamp, Window,
};
use countersign_redis::{LossGuard, RedisReplayCache, RedisReplayCacheBuilder};

use super::until;

/// A request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Request {
    pub(crate) nonce: Vec<u8>,
    pub(crate) signed_at: i64,
}

impl Request {
    /// A new one, signed now.
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        Self {
            nonce: format!("nonce {number}").into_bytes(),
            signed_at: SystemClock.now().as_unix(),
        }
    }

    pub(crate) fn signed_at(mut self, second: i64) -> Self {
        self.signed_at = second;
        self
    }

    pub(crate) fn nonce(mut self, nonce: &[u8]) -> Self {
        self.nonce = nonce.to_vec();
        self
    }

    pub(crate) async fn claim(&self, cache: &RedisReplayCache) -> Result<FirstUse, ReplayError> {
        let id = KeyId::parse(b"id").unwrap();
        let nonce = NonceKey::new(SchemeId::MOXIE, id, &self.nonce, NonceCase::Exact);
        let signed_at = Timestamp::from_unix(self.signed_at);
        let life = NonceLife {
            signed_at,
            expires: Window::DEFAULT.expiry(signed_at),
            now: SystemClock.now(),
        };
        cache.claim(nonce, life).await
    }
}

/// For tests that are not about the beginning of a memory.
pub(crate) fn unguarded(url: &str) -> RedisReplayCacheBuilder {
    RedisReplayCache::builder(url).loss_guard(LossGuard::Off)
}

pub(crate) async fn connect(url: &str) -> RedisReplayCache {
    unguarded(url).connect().await.unwrap()
}

/// Waits until requests are accepted.
pub(crate) async fn until_accepting(cache: &RedisReplayCache) {
    until("requests are accepted", || async {
        Request::new().claim(cache).await.is_ok()
    })
    .await;
}
