//! A service that takes a request through the whole pipeline, and what it needs for that.

use std::collections::HashSet;
use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use countersign_core::{
    Accepted, Checked, Claim, ClaimedNonce, DeclaredLength, FirstUse, KeyId, KeyLookup, KeySet,
    LookupError, ManualClock, NonceKey, NonceLife, Policy, Reason, Refusal, ReplayCache,
    ReplayError, Scheme, SigningKey, StoreId, Timestamp, Window,
};

use super::{NOW, Request};

/// The result of a future that never waits.
pub(crate) fn ready<T>(future: impl Future<Output = T>) -> T {
    let mut context = Context::from_waker(Waker::noop());
    match pin!(future).poll(&mut context) {
        Poll::Ready(result) => result,
        Poll::Pending => panic!("nothing in these tests waits"),
    }
}

/// A fixed set of keys that counts how often it is asked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Keys {
    sets: Arc<Vec<KeySet>>,
    asked: Arc<AtomicUsize>,
}

impl Keys {
    /// One key per id.
    pub(crate) fn new(keys: impl IntoIterator<Item = SigningKey>) -> Self {
        Self::of_sets(keys.into_iter().map(KeySet::from))
    }

    pub(crate) fn of_sets(sets: impl IntoIterator<Item = KeySet>) -> Self {
        Self {
            sets: Arc::new(sets.into_iter().collect()),
            asked: Arc::default(),
        }
    }

    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

impl KeyLookup for Keys {
    type Principal = String;

    async fn lookup(&self, id: KeyId<'_>) -> Result<Option<KeySet>, LookupError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        Ok(self
            .sets
            .iter()
            .find(|set| set.id() == id.as_str())
            .cloned())
    }
}

/// What tells one request from another, when it was signed, and when it expires.
type Remembered = (Vec<u8>, i64, i64);

/// A replay cache over a set, which forgets what has expired and nothing else.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    claims: Arc<Mutex<HashSet<Remembered>>>,
    id: StoreId,
}

impl Default for Seen {
    fn default() -> Self {
        Self {
            claims: Arc::default(),
            id: StoreId::unique(),
        }
    }
}

impl Seen {
    pub(crate) fn len(&self) -> usize {
        self.claims.lock().expect("not poisoned").len()
    }
}

impl ReplayCache for Seen {
    async fn claim(&self, nonce: NonceKey<'_>, life: NonceLife) -> Result<FirstUse, ReplayError> {
        let fed = nonce.with_bytes(<[u8]>::to_vec);
        let mut claims = self.claims.lock().expect("not poisoned");
        claims.retain(|(_, _, expires)| *expires > life.now.as_unix());
        let claim = (fed, life.signed_at.as_unix(), life.expires.as_unix());
        if claims.insert(claim) {
            Ok(FirstUse::recorded())
        } else {
            Err(ReplayError::Replayed)
        }
    }

    fn store_id(&self) -> StoreId {
        self.id
    }
}

/// Verifies requests as a layer does, at a time of the test's choosing.
#[derive(Clone, Debug)]
pub(crate) struct Service<K = Keys> {
    pub(crate) keys: K,
    pub(crate) policy: Policy,
    /// The scheme's own unless given.
    pub(crate) window: Option<Window>,
    pub(crate) now: Timestamp,
    pub(crate) replay: Seen,
    pub(crate) max_body: u64,
}

impl Service {
    pub(crate) fn new(keys: impl IntoIterator<Item = SigningKey>) -> Self {
        Self::with_lookup(Keys::new(keys))
    }
}

impl<K: KeyLookup<Principal = String>> Service<K> {
    pub(crate) fn with_lookup(keys: K) -> Self {
        Self {
            keys,
            policy: Policy::default(),
            window: None,
            now: NOW,
            replay: Seen::default(),
            max_body: 1 << 20,
        }
    }

    pub(crate) fn at(mut self, now: Timestamp) -> Self {
        self.now = now;
        self
    }

    pub(crate) fn window(mut self, window: Window) -> Self {
        self.window = Some(window);
        self
    }

    pub(crate) fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// Everything between a claim and that of its nonce.
    pub(crate) fn check<'c>(
        &self,
        scheme: &dyn Scheme,
        request: &Request,
        claim: &'c Claim<'c>,
    ) -> Result<Checked<'c, String>, Refusal> {
        let head = request.head()?;
        let policy = Policy {
            window: self.window.unwrap_or_else(|| scheme.default_window()),
            ..self.policy
        };
        let fresh = claim.fresh(&policy, self.now)?;
        let authenticated = ready(fresh.verify(scheme, &head, &self.keys))?;
        let length = DeclaredLength::Exact(request.body.len() as u64);
        let mut body = authenticated.body_verifier(length, self.max_body)?;
        body.update(&request.body)?;
        authenticated.checked(body)
    }

    /// The claim of the nonce, at a time that may be later.
    pub(crate) fn accept(
        &self,
        checked: Checked<'_, String>,
        request: &Request,
        now: Timestamp,
        already: Option<ClaimedNonce>,
    ) -> Result<Accepted, Refusal> {
        let clock = ManualClock::new(now);
        ready(checked.accept(&request.method, &self.replay, &clock, already.as_slice()))
    }

    /// The whole pipeline.
    pub(crate) fn verify(
        &self,
        scheme: &dyn Scheme,
        request: &Request,
    ) -> Result<Accepted, Refusal> {
        let claim = scheme
            .claim(&request.head()?)
            .ok_or_else(|| Refusal::new(Reason::MissingCredentials))??;
        let checked = self.check(scheme, request, &claim)?;
        self.accept(checked, request, self.now, None)
    }

    /// Why the request is refused, if it is.
    pub(crate) fn refusal(&self, scheme: &dyn Scheme, request: &Request) -> Option<Reason> {
        self.verify(scheme, request)
            .err()
            .map(|refusal| refusal.reason())
    }
}
