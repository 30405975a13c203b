//! The end of the pipeline.

use std::fmt;

use crate::key::{KeySet, SigningKey};
use crate::replay::ClaimedNonce;
use crate::scheme::SchemeId;
use crate::time::Timestamp;

/// A request that passed every check: the only thing a handler ever sees.
///
/// Cloning is cheap.
pub struct Accepted<P = String> {
    pub(super) keys: KeySet<P>,
    pub(super) index: usize,
    pub(super) scheme: SchemeId,
    pub(super) signed_at: Option<Timestamp>,
    pub(super) claimed: Option<ClaimedNonce>,
}

impl<P> Accepted<P> {
    /// Who signed the request.
    pub fn principal(&self) -> &P {
        self.key().principal()
    }

    /// The id of the key it was signed with, as it may be shown
    /// ([`SigningKey::public_id`]).
    pub fn key_id(&self) -> &str {
        self.key().public_id()
    }

    /// The key it was signed with.
    // `index` was found in this very set, which never changes.
    #[allow(clippy::indexing_slicing)]
    pub fn key(&self) -> &SigningKey<P> {
        &self.keys.keys()[self.index]
    }

    /// The scheme it was signed under.
    pub const fn scheme(&self) -> SchemeId {
        self.scheme
    }

    /// When it was signed; `None` under a scheme that signs no time (Basic).
    pub const fn signed_at(&self) -> Option<Timestamp> {
        self.signed_at
    }

    /// What was claimed in the replay cache, for a layer further in.
    pub const fn claimed_nonce(&self) -> Option<ClaimedNonce> {
        self.claimed
    }
}

impl<P> Clone for Accepted<P> {
    fn clone(&self) -> Self {
        Self {
            keys: self.keys.clone(),
            ..*self
        }
    }
}

impl<P: fmt::Debug> fmt::Debug for Accepted<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Accepted")
            .field("principal", self.principal())
            .field("key_id", &self.key_id())
            .field("scheme", &self.scheme)
            .field("signed_at", &self.signed_at)
            .finish_non_exhaustive()
    }
}
