//! The order of checks, as types.
//!
//! ```text
//! Head            borrowed view of the request head
//!  └ Scheme::claim       → Claim          untrusted, bounded
//!     └ Claim::fresh     → Fresh          time window, before any lookup
//!        └ Fresh::verify → Authenticated  key lookup, MAC in constant time
//!           └ checked    → Checked        body against its signed digest
//!              └ accept  → Accepted       one atomic claim of the nonce
//! ```
//!
//! Invariants: each step borrows the claim and consumes the step before it, and only the last gives
//! an [`Accepted`]. A nonce is claimed only after signature and digest were found good, so nobody
//! can burn another's nonce and a flood of bad requests leaves the cache untouched. Every refusal at
//! the MAC costs the same number of MAC computations, whether the key exists, is expired, is pinned
//! to another scheme, or is one of four.

use std::fmt;
use std::hint::black_box;
use std::sync::LazyLock;

use http::Method;

mod accepted;

pub use self::accepted::Accepted;
use crate::NonceCase;
use crate::body::{BodyVerifier, DeclaredLength};
use crate::canonical::Canonical;
use crate::claim::{AlgorithmChoice, Claim, Proof};
use crate::head::Head;
use crate::key::{KeyId, KeySet, SigningKey, Validity};
use crate::lookup::{KeyLookup, LookupError};
use crate::mac::{self, Derivation, KeyedMac, Signature, Strength};
use crate::policy::{NonceRule, Policy, ReplayPolicy};
use crate::reason::{Cause, Field, Reason, Refusal};
use crate::replay::{ClaimedNonce, NonceKey, NonceLife, ReplayCache, ReplayError, StoreId};
use crate::scheme::Scheme;
use crate::time::{Clock, Timestamp};
use crate::window::Freshness;

impl Claim<'_> {
    /// Checks what needs neither key nor I/O: the strength of the proof, the time, and that a
    /// nonce is there if one is required.
    ///
    /// # Errors
    /// [`Reason::UnsupportedAlgorithm`], [`Reason::TimestampExpired`],
    /// [`Reason::TimestampInFuture`], [`Reason::InvalidTimestamp`] or [`Reason::MissingNonce`].
    #[inline]
    pub fn fresh(&self, policy: &Policy, now: Timestamp) -> Result<Fresh<'_>, Refusal> {
        let strength = match &self.proof {
            Proof::Signature { signature, .. } => signature.algorithm().strength(),
            Proof::Possession => Strength::Bearer,
        };
        if strength < policy.min_strength {
            return Err(Reason::UnsupportedAlgorithm.into());
        }
        if let Some(signed_at) = self.signed_at {
            self.check_times(signed_at, policy, now)?;
        }
        if self.nonce.is_none() && policy.nonce == NonceRule::Required {
            return Err(Refusal::new(Reason::MissingNonce).field(Field::Nonce));
        }
        Ok(Fresh {
            claim: self,
            policy: *policy,
            now,
        })
    }

    fn check_times(
        &self,
        signed_at: Timestamp,
        policy: &Policy,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let window = policy.window;
        match window.place(signed_at, now) {
            Freshness::Fresh => {}
            Freshness::Expired => {
                return Err(Refusal::new(Reason::TimestampExpired).at(now, window));
            }
            Freshness::InFuture => {
                return Err(Refusal::new(Reason::TimestampInFuture).at(now, window));
            }
        }
        // An unsigned date may be absent or unreadable, but not tell another story.
        let contradicted = self.unsigned_date.is_some_and(|date| {
            date.seconds_since(signed_at).unsigned_abs() > window.past().as_secs()
        });
        if contradicted {
            return Err(Refusal::new(Reason::InvalidTimestamp)
                .field(Field::Date)
                .detail(
                    "The Date header and the signed time are further apart than the window; \
                         send the same time in both.",
                )
                .at(now, window));
        }
        Ok(())
    }
}

/// A claim made at a time inside the window.
#[derive(Debug)]
pub struct Fresh<'c> {
    claim: &'c Claim<'c>,
    policy: Policy,
    now: Timestamp,
}

impl<'c> Fresh<'c> {
    /// Looks the key up and verifies the signature.
    ///
    /// `scheme` and `head` are those the claim was read with.
    ///
    /// # Errors
    /// [`Reason::KeyLookupUnavailable`] when keys cannot be looked up, and
    /// [`Reason::InvalidCredentials`] in every other case, told apart only by the
    /// [`Cause`].
    #[allow(clippy::manual_async_fn)] // an `async fn` would keep its arguments twice
    pub fn verify<K: KeyLookup>(
        self,
        scheme: &dyn Scheme,
        head: &Head<'_>,
        keys: &K,
    ) -> impl Future<Output = Result<Authenticated<'c, K::Principal>, Refusal>> {
        async move {
            let found = keys.lookup(self.key_id()).await;
            self.verify_by(scheme, head, found)
        }
    }

    /// The id of the key to look up.
    #[inline]
    pub fn key_id(&self) -> KeyId<'c> {
        self.claim.key_id()
    }

    /// Verifies the signature by what looking up [`key_id`](Fresh::key_id) has `found`: for
    /// callers that look it up themselves.
    ///
    /// # Errors
    /// As [`verify`](Fresh::verify).
    pub fn verify_by<P>(
        self,
        scheme: &dyn Scheme,
        head: &Head<'_>,
        found: Result<Option<KeySet<P>>, LookupError>,
    ) -> Result<Authenticated<'c, P>, Refusal> {
        let found = found.map_err(|error| {
            Refusal::new(Reason::KeyLookupUnavailable).with_source(error.into_source())
        })?;
        // A lookup that answers with another id's keys must not authenticate anybody.
        let named = found.as_ref().map_or(DUMMY.id_bytes(), KeySet::id_bytes);
        let is_it = named == self.claim.key_id().as_bytes();
        let found = found.filter(|_| is_it);
        let index = match &self.claim.proof {
            Proof::Signature {
                signature,
                derivation,
                algorithm,
            } => {
                let trial = Trial {
                    signature,
                    derivation: *derivation,
                    algorithm: *algorithm,
                };
                self.find(
                    found.as_ref(),
                    |key| match key {
                        Some(key) => trial.keyed(key),
                        None => trial.dummy().ok_or(Cause::UnknownKey),
                    },
                    |mut keyed| {
                        Canonical::stream(&mut |piece| keyed.update(piece), |text| {
                            scheme.canonical(head, self.claim, text);
                        });
                        keyed.verify(signature)
                    },
                )
            }
            Proof::Possession => self.find(
                found.as_ref(),
                |key| {
                    Ok(match key {
                        Some(key) => key.secret().expose(),
                        None => DUMMY.secret().expose(),
                    })
                },
                |secret| mac::same_secret(secret, self.claim.key_id().as_bytes()),
            ),
        };
        match (found, index) {
            (Some(keys), Ok(index)) => Ok(Authenticated {
                claim: self.claim,
                policy: self.policy,
                keys,
                index,
            }),
            (_, Err(cause)) => Err(Refusal::invalid_credentials(cause)),
            (None, Ok(_)) => Err(Refusal::invalid_credentials(Cause::UnknownKey)),
        }
    }

    /// The index of the key whose trial `matches`. Does [`KeySet::MAX_ACTIVE`] trials unless one
    /// succeeds, with what `prepare` makes of no key where there is none that is usable: by the
    /// same way through the code, so that it takes the same time.
    fn find<'k, P, T>(
        &self,
        keys: Option<&'k KeySet<P>>,
        prepare: impl Fn(Option<&'k SigningKey<P>>) -> Result<T, Cause>,
        matches: impl Fn(T) -> bool,
    ) -> Result<usize, Cause> {
        let mut cause = Cause::UnknownKey;
        for slot in 0..KeySet::<P>::MAX_ACTIVE {
            let key = keys.and_then(|keys| keys.keys().get(slot));
            let usable = match key {
                Some(key) => self.usable(key),
                // Looking whether a key may be used takes time, too.
                None if slot == 0 => black_box(self.usable(&*DUMMY)).and(Err(Cause::UnknownKey)),
                None => Err(Cause::UnknownKey),
            };
            let prepared = usable.and_then(|()| prepare(key));
            let (usable, trial) = match prepared {
                Ok(trial) => (Ok(()), Ok(trial)),
                Err(unusable) => (Err(unusable), prepare(None)),
            };
            let right = trial.is_ok_and(&matches);
            match usable {
                Ok(()) if right => return Ok(slot),
                Ok(()) => cause = Cause::SignatureMismatch,
                Err(unusable) if key.is_some() && cause != Cause::SignatureMismatch => {
                    cause = unusable;
                }
                Err(_) => {}
            }
        }
        Err(cause)
    }

    fn usable<P>(&self, key: &SigningKey<P>) -> Result<(), Cause> {
        if !key.allows(self.claim.scheme) {
            return Err(Cause::SchemeNotAllowed);
        }
        match key.validity(self.now) {
            Validity::Valid => Ok(()),
            Validity::NotYet => Err(Cause::KeyNotYetValid),
            Validity::Over => Err(Cause::KeyExpired),
        }
    }
}

/// Stands in for keys that do not exist, so that trying them costs the same. Its secret can be
/// read by every scheme; that it is public does not matter, as its trials never count.
static DUMMY: LazyLock<SigningKey<()>> = LazyLock::new(|| {
    #[allow(clippy::expect_used)]
    SigningKey::with_principal("dummy", "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE", ())
        .expect("the literal id is visible ASCII and the literal secret has 43 bytes")
});

/// One signature to be tried with several keys.
struct Trial<'t> {
    signature: &'t Signature,
    derivation: Derivation<'t>,
    algorithm: AlgorithmChoice,
}

impl Trial<'_> {
    fn keyed<P>(&self, key: &SigningKey<P>) -> Result<KeyedMac, Cause> {
        let algorithm = self.signature.algorithm();
        if self.algorithm == AlgorithmChoice::Key && key.own_algorithm() != algorithm {
            return Err(Cause::SchemeNotAllowed);
        }
        key.keyed(self.derivation, algorithm)
            .ok_or(Cause::UnusableSecret)
    }

    fn dummy(&self) -> Option<KeyedMac> {
        DUMMY.keyed(self.derivation, self.signature.algorithm())
    }
}

/// A request signed by a key that may sign it. Its body and its novelty are not yet known.
pub struct Authenticated<'c, P> {
    claim: &'c Claim<'c>,
    policy: Policy,
    keys: KeySet<P>,
    index: usize,
}

impl<'c, P> Authenticated<'c, P> {
    /// A verifier for the body, of which `declared` is known and at most `max` bytes are taken.
    ///
    /// # Errors
    /// [`Reason::BodyTooLarge`] or [`Reason::MissingDigest`], when the declared length already
    /// decides, so that nothing need be read.
    #[inline]
    pub fn body_verifier(
        &self,
        declared: DeclaredLength,
        max: u64,
    ) -> Result<BodyVerifier, Refusal> {
        BodyVerifier::new(&self.claim.body, declared, max, &self.policy)
    }

    /// The next step, once `body` has been given the whole body.
    ///
    /// # Errors
    /// [`Reason::DigestMismatch`].
    #[inline]
    pub fn checked(self, body: BodyVerifier) -> Result<Checked<'c, P>, Refusal> {
        body.finish()?;
        Ok(self.streaming())
    }

    /// The next step of a request without a body, which then must claim no digest but that of
    /// nothing.
    ///
    /// # Errors
    /// [`Reason::DigestMismatch`].
    #[inline]
    pub fn without_body(self) -> Result<Checked<'c, P>, Refusal> {
        if self.claim.body.claims_nothing() {
            // As nearly all: neither hashes are made nor room for them.
            return Ok(self.streaming());
        }
        let nothing = self.body_verifier(DeclaredLength::Exact(0), 0)?;
        self.checked(nothing)
    }

    /// The next step, with the body still to come.
    ///
    /// The caller must run the body through its [`BodyVerifier`] and let no reader see the end
    /// of one that does not match.
    #[inline]
    pub fn streaming(self) -> Checked<'c, P> {
        let Self {
            claim,
            policy,
            keys,
            index,
        } = self;
        Checked {
            claim,
            policy,
            keys,
            index,
        }
    }
}

impl<P> fmt::Debug for Authenticated<'_, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authenticated")
            .field("claim", &self.claim)
            .finish_non_exhaustive()
    }
}

/// A request whose head and body are what its key signed. It may still be a replay.
pub struct Checked<'c, P> {
    claim: &'c Claim<'c>,
    policy: Policy,
    keys: KeySet<P>,
    index: usize,
}

impl<P> Checked<'_, P> {
    /// Claims the nonce, or the signature in its place.
    ///
    /// The time is looked at once more: a body may have taken long, and a request must not be
    /// claimed when its second may already have been forgotten. `already` is what outer layers
    /// have claimed for this very request.
    ///
    /// # Errors
    /// [`Reason::NonceReplayed`], [`Reason::TimestampExpired`], [`Reason::ReplayStoreFull`] or
    /// [`Reason::ReplayStoreUnavailable`].
    #[allow(clippy::manual_async_fn)] // an `async fn` would keep its arguments twice
    pub fn accept<R: ReplayCache>(
        self,
        method: &Method,
        replay: &R,
        clock: &dyn Clock,
        already: &[ClaimedNonce],
    ) -> impl Future<Output = Result<Accepted<P>, Refusal>> {
        async move {
            let to_claim = (self.claim.signed_at, self.nonce_key(method));
            let claimed = if let (Some(signed_at), Some(nonce)) = to_claim {
                let own = self.mark(replay.store_id());
                let is_claimed = own.is_some_and(|own| already.contains(&own));
                if !is_claimed {
                    let now = clock.now();
                    let life = self.life(signed_at, now)?;
                    let claiming = replay.claim(nonce, life).await;
                    claiming.map_err(|error| self.refused(error, now))?;
                }
                // Made anew, as it would be kept for as long as the claim takes.
                self.mark(replay.store_id())
            } else {
                None
            };
            Ok(Accepted {
                keys: self.keys,
                index: self.index,
                scheme: self.claim.scheme,
                signed_at: self.claim.signed_at,
                claimed,
            })
        }
    }

    fn mark(&self, store: StoreId) -> Option<ClaimedNonce> {
        let signature = self.claim.signature()?;
        ClaimedNonce::new(store, self.claim.scheme, signature)
    }

    fn nonce_key(&self, method: &Method) -> Option<NonceKey<'_>> {
        let (scheme, key_id) = (self.claim.scheme, self.claim.key_id());
        if self.policy.replay == ReplayPolicy::Off {
            return None;
        }
        if let Some(nonce) = &self.claim.nonce {
            return Some(NonceKey::new(
                scheme,
                key_id,
                nonce.as_bytes(),
                nonce.case(),
            ));
        }
        let signature = self.claim.signature()?;
        let remembered = self.policy.replay == ReplayPolicy::All || !method.is_safe();
        remembered.then(|| NonceKey::new(scheme, key_id, signature.as_bytes(), NonceCase::Exact))
    }

    /// How long the request has to be remembered; an error when it is no longer fresh.
    fn life(&self, signed_at: Timestamp, now: Timestamp) -> Result<NonceLife, Refusal> {
        let window = self.policy.window;
        if window.place(signed_at, now) == Freshness::Expired {
            return Err(self.stale(now));
        }
        Ok(NonceLife {
            signed_at,
            expires: window.expiry(signed_at),
            now,
        })
    }

    fn stale(&self, now: Timestamp) -> Refusal {
        Refusal::new(Reason::TimestampExpired).at(now, self.policy.window)
    }

    fn refused(&self, error: ReplayError, now: Timestamp) -> Refusal {
        match error {
            ReplayError::Replayed => Refusal::new(Reason::NonceReplayed).field(Field::Nonce),
            ReplayError::Expired => self.stale(now),
            ReplayError::SignedBeforeStart => self
                .stale(now)
                .detail("The request was signed before this service started; sign it again.")
                .caused_by(Cause::SignedBeforeStart),
            ReplayError::Full => Reason::ReplayStoreFull.into(),
            ReplayError::KeyQuota => {
                Refusal::new(Reason::ReplayStoreFull).caused_by(Cause::KeyQuota)
            }
            ReplayError::Unavailable(source) => {
                Refusal::new(Reason::ReplayStoreUnavailable).with_source(source)
            }
        }
    }
}

impl<P> fmt::Debug for Checked<'_, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Checked")
            .field("claim", &self.claim)
            .finish_non_exhaustive()
    }
}
