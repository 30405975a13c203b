//! Remembering requests, so that each is accepted once.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::claim::NonceCase;
use crate::key::KeyId;
use crate::mac::Signature;
use crate::scheme::SchemeId;
use crate::time::Timestamp;
use crate::window::Window;

/// What makes a request unique within a second: its scheme, its key and its nonce (or the
/// decoded signature that stands in for one).
///
/// A cache reads it through [`with_bytes`](NonceKey::with_bytes) and keeps a fingerprint, never the
/// bytes.
#[derive(Clone, Copy)]
pub struct NonceKey<'a> {
    scheme: SchemeId,
    key_id: KeyId<'a>,
    nonce: &'a [u8],
    case: NonceCase,
}

impl<'a> NonceKey<'a> {
    /// The request of `key_id` under `scheme` with this nonce.
    pub const fn new(
        scheme: SchemeId,
        key_id: KeyId<'a>,
        nonce: &'a [u8],
        case: NonceCase,
    ) -> Self {
        Self {
            scheme,
            key_id,
            nonce,
            case,
        }
    }

    /// Under which scheme.
    pub const fn scheme(&self) -> SchemeId {
        self.scheme
    }

    /// By which key.
    pub const fn key_id(&self) -> KeyId<'a> {
        self.key_id
    }

    /// Calls `take` with everything that tells one request from another: scheme and key id, each
    /// followed by a NUL byte, which neither can contain, then the nonce in the form in which it
    /// is compared. Two different requests never have the same bytes.
    ///
    /// They come in one piece, as a hash costs twice as much over several small ones.
    pub fn with_bytes<T>(&self, take: impl FnOnce(&[u8]) -> T) -> T {
        let (scheme, id) = (self.scheme.name().as_bytes(), self.key_id.as_bytes());
        let pieces = [scheme, id, self.nonce];
        let length = pieces
            .into_iter()
            .fold(2_usize, |sum, piece| sum.saturating_add(piece.len()));
        let (mut short, mut long) = ([0; USUAL_LEN], Vec::new());
        let bytes = if let Some(short) = short.get_mut(..length) {
            short
        } else {
            long.resize(length, 0);
            &mut long
        };
        let mut free = &mut *bytes;
        for piece in pieces {
            if let Some(place) = free.split_off_mut(..piece.len()) {
                place.copy_from_slice(piece);
            }
            // A NUL is there already.
            let _ = free.split_off_first_mut();
        }
        if self.case == NonceCase::Folded {
            let before = length.saturating_sub(self.nonce.len());
            let nonce = bytes.get_mut(before..).unwrap_or_default();
            nonce.make_ascii_lowercase();
        }
        take(bytes)
    }
}

/// Room on the stack for the scheme, key id and nonce that requests usually have: the names of our
/// schemes have up to 16 characters, an id of 64 and a nonce of 64 are long.
const USUAL_LEN: usize = 160;

impl fmt::Debug for NonceKey<'_> {
    /// Without the nonce, which may be a signature.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NonceKey")
            .field("scheme", &self.scheme)
            .field("key_id", &self.key_id)
            .finish_non_exhaustive()
    }
}

/// The times that decide how long a request is remembered.
#[derive(Clone, Copy, Debug)]
pub struct NonceLife {
    /// When it was signed. A replay carries the same time, as the signature covers it.
    pub signed_at: Timestamp,
    /// The first second at which it is stale and may be forgotten.
    pub expires: Timestamp,
    /// The present second.
    pub now: Timestamp,
}

/// Proof that a request was claimed for the first time. Only a [`ReplayCache`] should make one.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct FirstUse;

impl FirstUse {
    /// To be returned by [`ReplayCache::claim`], after the request was recorded, atomically, as
    /// seen for the first time.
    pub const fn recorded() -> Self {
        Self
    }
}

/// Remembers which requests were accepted.
///
/// One call is one atomic step: of any number of concurrent claims of one request exactly one
/// gets [`FirstUse`]. Nothing is forgotten before its `expires`; what cannot be remembered is
/// refused.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not remember requests",
    note = "use MokaReplayCache, or implement ReplayCache over a store with an atomic insert"
)]
pub trait ReplayCache: Send + Sync + 'static {
    /// Claims a request that is good in every other respect.
    ///
    /// # Errors
    /// When it was claimed before, or when that cannot be told or remembered.
    fn claim(
        &self,
        nonce: NonceKey<'_>,
        life: NonceLife,
    ) -> impl Future<Output = Result<FirstUse, ReplayError>> + Send;

    /// Tells the store apart from others: clones of one cache, and caches over one shared
    /// server, give the same id.
    fn store_id(&self) -> StoreId;

    /// Called when a layer with this `window` is built, at the time `now` of its clock and before
    /// any claim under it, so that the cache knows what to keep and when it began to.
    fn prepare(&self, _window: Window, _now: Timestamp) {}

    /// How full the cache is, where that can be told without I/O.
    fn occupancy(&self) -> Option<Occupancy> {
        None
    }
}

/// How full a replay cache is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Occupancy {
    /// Requests remembered.
    pub entries: usize,
    /// Requests that can be remembered at once.
    pub capacity: usize,
}

/// The identity of a store of nonces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StoreId(u64);

impl StoreId {
    /// A new one, unique in this process.
    pub fn unique() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }

    /// The one of a shared store, told by what names it (an address and a prefix, say).
    pub fn named(name: &str) -> Self {
        let mut hasher = DefaultHasher::new();
        name.hash(&mut hasher);
        // The upper half, so that names and counters never meet.
        Self(hasher.finish() | 1 << 63)
    }
}

/// Why a request could not be claimed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ReplayError {
    /// It was claimed before.
    Replayed,
    /// Its second has already been forgotten, so whether it was claimed cannot be told.
    Expired,
    /// It was signed before the cache began to remember.
    SignedBeforeStart,
    /// There is no room. Nothing was forgotten to make some.
    Full,
    /// The key has used up its own share of the room.
    KeyQuota,
    /// The store cannot be reached, or did not answer in time.
    Unavailable(Arc<dyn Error + Send + Sync>),
}

impl ReplayError {
    /// The store cannot be reached, because of `source`.
    pub fn unavailable(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Unavailable(Arc::from(source.into()))
    }
}

impl fmt::Display for ReplayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Replayed => f.write_str("the request was accepted before"),
            Self::Expired => f.write_str("the second of the request is no longer remembered"),
            Self::SignedBeforeStart => f.write_str("the request was signed before the start"),
            Self::Full => f.write_str("the replay cache is full"),
            Self::KeyQuota => f.write_str("the key's share of the replay cache is used up"),
            Self::Unavailable(source) => write!(f, "the replay store is unavailable: {source}"),
        }
    }
}

impl Error for ReplayError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Unavailable(source) => Some(&**source),
            _ => None,
        }
    }
}

/// Marks a request whose nonce was claimed, so that a second layer over the same store does not
/// take it for a replay of itself.
///
/// Kept in the request's extensions, where nothing from the wire can put it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ClaimedNonce {
    store: StoreId,
    scheme: SchemeId,
    /// The beginning of the signature, which covers time and nonce.
    proof: [u8; 16],
}

impl ClaimedNonce {
    /// The mark of a request with this signature, which was found good.
    pub(crate) fn new(store: StoreId, scheme: SchemeId, signature: &Signature) -> Option<Self> {
        Some(Self {
            store,
            scheme,
            proof: *signature.as_bytes().first_chunk()?,
        })
    }
}

impl fmt::Debug for ClaimedNonce {
    /// Without the signature.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClaimedNonce")
            .field("store", &self.store)
            .field("scheme", &self.scheme)
            .finish_non_exhaustive()
    }
}

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// [`ReplayCache`] as a trait object, at the price of one allocation per claim.
///
/// Implemented by every `ReplayCache`; use it as `Arc<dyn DynReplayCache>`, which is a
/// `ReplayCache` again.
pub trait DynReplayCache: Send + Sync + 'static {
    /// As [`ReplayCache::claim`].
    fn claim_dyn<'a>(
        &'a self,
        nonce: NonceKey<'a>,
        life: NonceLife,
    ) -> BoxFuture<'a, Result<FirstUse, ReplayError>>;

    /// As [`ReplayCache::store_id`].
    fn store_id_dyn(&self) -> StoreId;

    /// As [`ReplayCache::prepare`].
    fn prepare_dyn(&self, window: Window, now: Timestamp);

    /// As [`ReplayCache::occupancy`].
    fn occupancy_dyn(&self) -> Option<Occupancy>;
}

impl<R: ReplayCache> DynReplayCache for R {
    fn claim_dyn<'a>(
        &'a self,
        nonce: NonceKey<'a>,
        life: NonceLife,
    ) -> BoxFuture<'a, Result<FirstUse, ReplayError>> {
        Box::pin(self.claim(nonce, life))
    }

    fn store_id_dyn(&self) -> StoreId {
        self.store_id()
    }

    fn prepare_dyn(&self, window: Window, now: Timestamp) {
        self.prepare(window, now);
    }

    fn occupancy_dyn(&self) -> Option<Occupancy> {
        self.occupancy()
    }
}

impl ReplayCache for Arc<dyn DynReplayCache> {
    async fn claim(&self, nonce: NonceKey<'_>, life: NonceLife) -> Result<FirstUse, ReplayError> {
        (**self).claim_dyn(nonce, life).await
    }

    fn store_id(&self) -> StoreId {
        (**self).store_id_dyn()
    }

    fn prepare(&self, window: Window, now: Timestamp) {
        (**self).prepare_dyn(window, now);
    }

    fn occupancy(&self) -> Option<Occupancy> {
        (**self).occupancy_dyn()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fed(scheme: SchemeId, id: &str, nonce: &[u8], case: NonceCase) -> Vec<u8> {
        let key_id = KeyId::parse(id.as_bytes()).unwrap();
        NonceKey::new(scheme, key_id, nonce, case).with_bytes(<[u8]>::to_vec)
    }

    #[test]
    fn fields_cannot_flow_into_each_other() {
        let exact = NonceCase::Exact;
        let one = fed(SchemeId::MAC, "ab", b"c", exact);
        for other in [
            fed(SchemeId::MAC, "a", b"bc", exact),
            fed(SchemeId::MOXIE, "ab", b"c", exact),
            fed(SchemeId::MAC, "ab", b"C", exact),
            fed(SchemeId::MAC, "ab", b"c\0", exact),
        ] {
            assert_ne!(one, other);
        }
    }

    #[test]
    fn a_folded_nonce_is_the_same_in_either_case() {
        let folded = NonceCase::Folded;
        let long = [b'A'; 200];
        assert_eq!(
            fed(SchemeId::MOXIE, "k", &long, folded),
            fed(SchemeId::MOXIE, "k", &long.to_ascii_lowercase(), folded)
        );
        assert_eq!(fed(SchemeId::MOXIE, "K", b"aB", folded), b"moxie\0K\0ab");
    }

    #[test]
    fn what_is_longer_than_usual_is_whole() {
        for length in 0..=256 {
            let nonce = vec![b'n'; length];
            let bytes = fed(SchemeId::MAC, "k", &nonce, NonceCase::Exact);
            assert_eq!(bytes, [b"mac\0k\0", &nonce[..]].concat());
        }
    }

    #[test]
    fn stores_are_told_apart() {
        assert_ne!(StoreId::unique(), StoreId::unique());
        assert_eq!(StoreId::named("a"), StoreId::named("a"));
        assert_ne!(StoreId::named("a"), StoreId::named("b"));
    }
}
