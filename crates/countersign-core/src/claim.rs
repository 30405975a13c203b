//! What a request says about itself: read, bounded, and not yet believed.

use std::borrow::Cow;
use std::fmt;

#[cfg(feature = "auth-key")]
use http::HeaderMap;

use crate::key::{IdNature, KeyId};
use crate::mac::{Derivation, Signature};
use crate::octets::Octets;
use crate::scheme::SchemeId;
use crate::time::Timestamp;

/// The longest credential header that is read. Hawk's limit; the longest credential any scheme
/// here can need, with a 256-byte id and nonce, is under 1 KiB.
pub const MAX_CREDENTIAL_LEN: usize = 4096;

/// The longest nonce.
pub const MAX_NONCE_LEN: usize = 256;

/// A nonce as sent: 1 to 256 visible ASCII characters without `"`, `\` and `:`.
///
/// The three are excluded because they end a quoted string or a field in one scheme or another.
#[derive(Clone, Copy, Debug)]
pub struct Nonce<'a> {
    bytes: &'a [u8],
    case: NonceCase,
}

/// Whether two nonces that differ in case only are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NonceCase {
    /// They are different.
    Exact,
    /// They are the same, because the signature covers the nonce in lower case only: otherwise a
    /// replay could pass with the case of one letter changed.
    Folded,
}

impl<'a> Nonce<'a> {
    /// Reads a nonce; `None` when it is empty, too long or has an excluded character.
    pub fn parse(bytes: &'a [u8], case: NonceCase) -> Option<Self> {
        static ALLOWED: Octets = Octets::of(&[b'!'..=b'!', b'#'..=b'9', b';'..=b'[', b']'..=b'~']);
        let valid = (1..=MAX_NONCE_LEN).contains(&bytes.len()) && ALLOWED.contain_all(bytes);
        valid.then_some(Self { bytes, case })
    }

    /// As sent.
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Whether case matters.
    pub const fn case(&self) -> NonceCase {
        self.case
    }
}

/// How a request shows that its sender knows the secret.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Proof<'a> {
    /// By a MAC over the canonical text.
    Signature {
        /// The signature received.
        signature: Signature,
        /// How the scheme makes the HMAC key.
        derivation: Derivation<'a>,
        /// Whose choice the algorithm is.
        algorithm: AlgorithmChoice,
    },
    /// By sending the secret itself (Basic): the id *is* the secret.
    Possession,
}

/// Who decides the algorithm. Never the request: its signature's length only says which of the
/// allowed ones it was made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlgorithmChoice {
    /// The scheme has one.
    Scheme,
    /// The key's record names it.
    Key,
}

/// How the signature reaches the body.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum BodyBinding<'a> {
    /// It does not: the scheme has no place for a digest.
    Unbound,
    /// Through the digests found in signed headers; both `None` when there was none.
    Digests {
        /// The MD5 of the body.
        md5: Option<[u8; 16]>,
        /// The SHA-256 of the body.
        sha256: Option<[u8; 32]>,
    },
    /// Through yar's `ext`: SHA-1 over the `Content-Type` and the body, or nothing when there is
    /// neither.
    Ext {
        /// The `Content-Type` as sent, empty when absent.
        content_type: &'a [u8],
        /// The hash claimed.
        sha1: Option<[u8; 20]>,
    },
}

impl BodyBinding<'_> {
    /// Whether no body, too, is as claimed: there is no digest that it could differ from.
    pub(crate) const fn claims_nothing(&self) -> bool {
        match self {
            Self::Unbound => true,
            Self::Digests { md5, sha256 } => md5.is_none() && sha256.is_none(),
            Self::Ext { content_type, sha1 } => content_type.is_empty() && sha1.is_none(),
        }
    }
}

/// What a request claims, as one scheme reads it. Untrusted.
///
/// Only [`Scheme::claim`](crate::Scheme::claim) makes one; [`fresh`](Claim::fresh) is the next
/// step. It is large, so the steps after it borrow it.
#[derive(Clone)]
pub struct Claim<'a> {
    pub(crate) scheme: SchemeId,
    key_id: Cow<'a, [u8]>,
    pub(crate) proof: Proof<'a>,
    pub(crate) signed_at: Option<Timestamp>,
    pub(crate) time_text: &'a [u8],
    pub(crate) unsigned_date: Option<Timestamp>,
    pub(crate) nonce: Option<Nonce<'a>>,
    pub(crate) body: BodyBinding<'a>,
    pub(crate) ext: &'a [u8],
    /// Where the date and the nonce were read from, if there are no other x-headers.
    #[cfg(feature = "auth-key")]
    pub(crate) no_x_headers_but_date_and_nonce: Option<&'a HeaderMap>,
}

impl<'a> Claim<'a> {
    /// The claim of `key_id` under `scheme`, shown by `proof`.
    #[inline]
    pub const fn new(scheme: SchemeId, key_id: KeyId<'a>, proof: Proof<'a>) -> Self {
        Self::of(scheme, Cow::Borrowed(key_id.as_bytes()), proof)
    }

    /// As [`Claim::new`], for an id that the request holds in encoded form only. `None` when it
    /// is not a [`KeyId`].
    pub fn with_decoded_id(scheme: SchemeId, key_id: &[u8], proof: Proof<'a>) -> Option<Self> {
        let key_id = KeyId::parse(key_id)?.as_bytes().to_owned();
        Some(Self::of(scheme, Cow::Owned(key_id), proof))
    }

    #[inline]
    const fn of(scheme: SchemeId, key_id: Cow<'a, [u8]>, proof: Proof<'a>) -> Self {
        Self {
            scheme,
            key_id,
            proof,
            signed_at: None,
            time_text: b"",
            unsigned_date: None,
            nonce: None,
            body: BodyBinding::Unbound,
            ext: b"",
            #[cfg(feature = "auth-key")]
            no_x_headers_but_date_and_nonce: None,
        }
    }

    /// Signed at `time`, which the request spells `text`.
    #[inline]
    #[must_use]
    pub fn signed_at(mut self, time: Timestamp, text: &'a [u8]) -> Self {
        self.signed_at = Some(time);
        self.time_text = text;
        self
    }

    /// Accompanied by a date that the signature does not cover and that must not contradict the
    /// signed one.
    #[inline]
    #[must_use]
    pub fn unsigned_date(mut self, time: Option<Timestamp>) -> Self {
        self.unsigned_date = time;
        self
    }

    /// With the nonce `nonce`, which the signature covers.
    #[inline]
    #[must_use]
    pub fn nonce(mut self, nonce: Option<Nonce<'a>>) -> Self {
        self.nonce = nonce;
        self
    }

    /// With the body bound by `binding`.
    #[inline]
    #[must_use]
    pub fn body(mut self, binding: BodyBinding<'a>) -> Self {
        self.body = binding;
        self
    }

    /// With an opaque extension that the signature covers (MAC's `ext`).
    #[inline]
    #[must_use]
    pub fn ext(mut self, ext: &'a [u8]) -> Self {
        self.ext = ext;
        self
    }

    /// The scheme.
    pub const fn scheme(&self) -> SchemeId {
        self.scheme
    }

    /// The id claimed.
    #[inline]
    pub fn key_id(&self) -> KeyId<'_> {
        let nature = match self.proof {
            Proof::Possession => IdNature::Secret,
            Proof::Signature { .. } => IdNature::Name,
        };
        KeyId::already_checked(&self.key_id, nature)
    }

    /// The time claimed; `None` for a scheme that signs none.
    pub const fn time(&self) -> Option<Timestamp> {
        self.signed_at
    }

    /// The time as the request spells it.
    pub const fn time_text(&self) -> &'a [u8] {
        self.time_text
    }

    /// The nonce claimed.
    pub const fn claimed_nonce(&self) -> Option<Nonce<'a>> {
        self.nonce
    }

    /// The opaque extension, empty when there is none.
    pub const fn ext_text(&self) -> &'a [u8] {
        self.ext
    }

    /// The signature, unless the proof is the secret itself.
    pub(crate) const fn signature(&self) -> Option<&Signature> {
        match &self.proof {
            Proof::Signature { signature, .. } => Some(signature),
            Proof::Possession => None,
        }
    }
}

impl fmt::Debug for Claim<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claim")
            .field("scheme", &self.scheme)
            .field("key_id", &self.key_id())
            .field("signed_at", &self.signed_at)
            .field("body", &self.body)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_is_small_enough_to_be_handed_over() {
        // A larger struct is copied by a loop that costs twice as much.
        assert!(size_of::<Claim<'_>>() <= 256, "{}", size_of::<Claim<'_>>());
    }

    #[test]
    fn bad_92_unusable_nonces_are_refused() {
        let long = [b'n'; MAX_NONCE_LEN + 1];
        for bad in [
            &b""[..],
            b"a b",
            b"a\r",
            b"a\n",
            b"a\0",
            b"a\"",
            b"a:b",
            b"a\\",
            b"\xff",
            &long,
        ] {
            assert!(Nonce::parse(bad, NonceCase::Exact).is_none(), "{bad:?}");
        }
        assert!(Nonce::parse(&[b'n'; MAX_NONCE_LEN], NonceCase::Exact).is_some());
        assert!(Nonce::parse(b"5EZFSkMOSZmL7geEqL2cy/EB5h0=", NonceCase::Exact).is_some());
    }
}
