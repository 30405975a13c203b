//! Claims made the way a layer makes them, at times of the test's choice.

// Each test binary uses a part of it.
#![allow(dead_code, clippy::expect_used, clippy::panic)]

use std::pin::pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use countersign::replay::MokaReplayCache;
use countersign::{
    Basic, Claim, FirstUse, Head, KeyId, KeyLookup, KeySet, LookupError, ManualClock, Nonce,
    NonceCase, NonceKey, NonceLife, Origin, Policy, Proof, ReplayCache, ReplayError, SchemeId,
    SigningKey, StoreId, Strength, Timestamp, Window,
};
use http::{HeaderMap, Method, Uri, Version};

/// The answer of a cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Accepted,
    Replayed,
    Expired,
    BeforeStart,
    Full,
    KeyQuota,
}

/// Somebody whose requests are good in every other respect.
pub(crate) struct Caller {
    id: String,
    scheme: SchemeId,
    keys: OneKey,
}

impl Caller {
    pub(crate) fn new(name: &str) -> Self {
        let id = format!("{name}-of-the-replay-tests");
        let key = SigningKey::new(id.clone(), &id, "caller").expect("a valid key");
        Self {
            id,
            scheme: SchemeId::MOXIE,
            keys: OneKey(key.into()),
        }
    }

    pub(crate) fn scheme(mut self, scheme: SchemeId) -> Self {
        self.scheme = scheme;
        self
    }

    /// Sends a request, and claims it in `cache` with the times of `life`.
    pub(crate) fn claim(&self, cache: &MokaReplayCache, nonce: &str, life: NonceLife) -> Answer {
        self.claim_timed(cache, nonce, NonceCase::Exact, life).0
    }

    /// As [`Caller::claim`], with the time that the cache took.
    pub(crate) fn claim_timed(
        &self,
        cache: &MokaReplayCache,
        nonce: &str,
        case: NonceCase,
        life: NonceLife,
    ) -> (Answer, Duration) {
        let probe = Probe {
            cache: cache.clone(),
            life,
            answer: Mutex::new(None),
        };
        let id = KeyId::parse(self.id.as_bytes()).expect("a valid id");
        let nonce = Nonce::parse(nonce.as_bytes(), case).expect("a valid nonce");
        let claim = Claim::new(self.scheme, id, Proof::Possession)
            .signed_at(life.signed_at, b"")
            .nonce(Some(nonce));
        let policy = Policy {
            min_strength: Strength::Bearer,
            ..Policy::default()
        };
        let (target, headers) = (Uri::from_static("/"), HeaderMap::new());
        let origin = Origin::default();
        let head = Head::new(&Method::POST, &target, Version::HTTP_10, &headers, &origin)
            .expect("a valid head");
        // Whatever the test is about, to the pipeline the request is fresh.
        let fresh = claim.fresh(&policy, life.signed_at).expect("fresh");
        let clock = ManualClock::new(life.signed_at);
        let accepted = at_once(async {
            let authenticated = fresh.verify(&Basic, &head, &self.keys).await?;
            let checked = authenticated.streaming();
            checked.accept(&Method::POST, &probe, &clock, &[]).await
        });
        let answer = probe.answer.into_inner();
        let answer = answer.unwrap_or_else(PoisonError::into_inner);
        let answer = answer.expect("the cache was asked");
        assert_eq!(accepted.is_ok(), answer.0 == Answer::Accepted);
        answer
    }
}

/// The times of a request signed at `signed_at`, seen at `now` with the default window.
pub(crate) fn seen(signed_at: i64, now: i64) -> NonceLife {
    seen_in(Window::DEFAULT, signed_at, now)
}

pub(crate) fn seen_in(window: Window, signed_at: i64, now: i64) -> NonceLife {
    let signed_at = Timestamp::from_unix(signed_at);
    NonceLife {
        signed_at,
        expires: window.expiry(signed_at),
        now: Timestamp::from_unix(now),
    }
}

/// A cache with room for `capacity` entries, all of which one key may take, at any time.
pub(crate) fn cache(capacity: usize) -> MokaReplayCache {
    MokaReplayCache::builder()
        .capacity(capacity)
        .per_key(capacity)
        .clock(ManualClock::new(Timestamp::from_unix(0)))
        .build()
        .expect("valid settings")
}

/// Steele, Lea and Flood's generator "split mix": even and fast, and a failure can be repeated from its seed.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next().checked_rem(bound).expect("a bound above zero")
    }
}

struct OneKey(KeySet);

impl KeyLookup for OneKey {
    type Principal = String;

    async fn lookup(&self, _id: KeyId<'_>) -> Result<Option<KeySet>, LookupError> {
        Ok(Some(self.0.clone()))
    }
}

/// Passes one claim on, with other times, and notes the answer.
struct Probe {
    cache: MokaReplayCache,
    life: NonceLife,
    answer: Mutex<Option<(Answer, Duration)>>,
}

impl ReplayCache for Probe {
    async fn claim(&self, nonce: NonceKey<'_>, _: NonceLife) -> Result<FirstUse, ReplayError> {
        let started = Instant::now();
        let result = self.cache.claim(nonce, self.life).await;
        let taken = started.elapsed();
        let answer = match &result {
            Ok(_) => Answer::Accepted,
            Err(ReplayError::Replayed) => Answer::Replayed,
            Err(ReplayError::Expired) => Answer::Expired,
            Err(ReplayError::SignedBeforeStart) => Answer::BeforeStart,
            Err(ReplayError::Full) => Answer::Full,
            Err(ReplayError::KeyQuota) => Answer::KeyQuota,
            Err(other) => panic!("{other}"),
        };
        *self.answer.lock().unwrap_or_else(PoisonError::into_inner) = Some((answer, taken));
        result
    }

    fn store_id(&self) -> StoreId {
        self.cache.store_id()
    }
}

/// Runs what has nothing to wait for.
pub(crate) fn at_once<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("a cache in memory never waits"),
    }
}
