//! A replay cache in the state that steady traffic leaves it in.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use countersign::{
    ConfigError, FirstUse, KeyId, MokaReplayCache, NonceCase, NonceKey, NonceLife, ReplayCache,
    ReplayError, RestartGuard, SchemeId, StoreId, Timestamp, Window,
};
use futures_util::FutureExt as _;

use crate::Result;
use crate::requests;

/// For how many seconds a request signed just now is remembered.
const REMEMBERED: u64 = 301;

/// A cache with a fixed number of live nonces. Each claim is taken for that of the next new
/// request, signed when it arrives; as time goes on with the requests, one expires for each.
/// Clones share it.
#[derive(Clone, Debug)]
pub struct Traffic {
    cache: MokaReplayCache,
    per_second: u64,
    count: Arc<AtomicU64>,
}

impl Traffic {
    /// With `live` nonces, of [`KEYS`](requests::KEYS) keys in turn.
    ///
    /// # Errors
    /// Never, unless the system gives no random bytes.
    pub fn with_live(live: u32) -> Result<Self> {
        let traffic = Self::empty(live)?;
        let ids: Vec<String> = (0..requests::KEYS).map(requests::id).collect();
        for (id, _) in ids.iter().cycle().zip(0..live) {
            let id = KeyId::parse(id.as_bytes()).ok_or("an id")?;
            traffic.claim_one(SchemeId::AUTH_KEY, id)?;
        }
        Ok(traffic)
    }

    fn empty(live: u32) -> std::result::Result<Self, ConfigError> {
        let room = usize::try_from(live)
            .unwrap_or(usize::MAX)
            .saturating_mul(2);
        Ok(Self {
            cache: MokaReplayCache::builder()
                .capacity(room)
                .per_key(room)
                .restart_guard(RestartGuard::Off)
                .build()?,
            per_second: (u64::from(live) / REMEMBERED).max(1),
            count: Arc::default(),
        })
    }

    /// The cache.
    pub fn cache(&self) -> &MokaReplayCache {
        &self.cache
    }

    /// Claims the next request, made with key `id`.
    ///
    /// # Errors
    /// When it is refused.
    pub fn claim_one(&self, scheme: SchemeId, id: KeyId<'_>) -> Result<()> {
        loop {
            let number = self.count.fetch_add(1, Ordering::Relaxed);
            let claimed = self
                .claim_number(number, scheme, id)
                .now_or_never()
                .ok_or("the cache in process never waits")?;
            match claimed {
                // This thread was kept waiting while others let the time of its request pass.
                Err(ReplayError::Expired) => {}
                claimed => return claimed.map(drop).map_err(Into::into),
            }
        }
    }

    async fn claim_number(
        &self,
        number: u64,
        scheme: SchemeId,
        id: KeyId<'_>,
    ) -> std::result::Result<FirstUse, ReplayError> {
        let mut nonce = *b"________-a-nonce-of-24-b";
        if let Some(start) = nonce.first_chunk_mut() {
            *start = number.to_le_bytes();
        }
        #[allow(clippy::arithmetic_side_effects)] // at least one
        let second = number / self.per_second;
        let now = requests::NOW.plus(i64::try_from(second).unwrap_or(i64::MAX));
        let nonce = NonceKey::new(scheme, id, &nonce, NonceCase::Exact);
        self.cache.claim(nonce, life(now)).await
    }
}

impl ReplayCache for Traffic {
    /// Claims the next request of the same key and scheme, whatever its nonce and its time.
    async fn claim(
        &self,
        nonce: NonceKey<'_>,
        _life: NonceLife,
    ) -> std::result::Result<FirstUse, ReplayError> {
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        self.claim_number(number, nonce.scheme(), nonce.key_id())
            .await
    }

    fn store_id(&self) -> StoreId {
        self.cache.store_id()
    }
}

fn life(now: Timestamp) -> NonceLife {
    NonceLife {
        signed_at: now,
        expires: Window::DEFAULT.expiry(now),
        now,
    }
}
