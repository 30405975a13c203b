//! The body of a request about to be signed: its bytes, or digests computed ahead of it.
//!
//! Invariant: a digest is computed once however often it is asked for, and only if a scheme asks
//! for it.

use std::fmt;
use std::sync::OnceLock;

use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256};

/// The digests of a body that is not at hand when its request is signed: a file that is streamed,
/// for instance.
///
/// Give the digest that the scheme puts into its headers: SHA-256 for Auth-Key, MD5 for HMAC-Auth,
/// SHA-1 over `Content-Type` and body for MAC in the yar profile. [`BodyHasher`] computes all
/// three in one pass. Nobody checks them before the receiver does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BodyDigest {
    md5: Option<[u8; 16]>,
    sha256: Option<[u8; 32]>,
    ext: Option<[u8; 20]>,
}

impl BodyDigest {
    /// No digest yet.
    pub const fn new() -> Self {
        Self {
            md5: None,
            sha256: None,
            ext: None,
        }
    }

    /// With the MD5 of the body.
    #[must_use]
    pub const fn md5(mut self, digest: [u8; 16]) -> Self {
        self.md5 = Some(digest);
        self
    }

    /// With the SHA-256 of the body.
    #[must_use]
    pub const fn sha256(mut self, digest: [u8; 32]) -> Self {
        self.sha256 = Some(digest);
        self
    }

    /// With the SHA-1 of the `Content-Type`, without blanks at its ends, directly followed by the
    /// body: what MAC's yar profile calls `ext`.
    #[must_use]
    pub const fn content_type_and_body_sha1(mut self, digest: [u8; 20]) -> Self {
        self.ext = Some(digest);
        self
    }
}

/// Computes a [`BodyDigest`] piece by piece.
///
/// ```
/// use countersign_core::BodyHasher;
///
/// let mut hasher = BodyHasher::new(b"text/plain");
/// hasher.update(b"hello ");
/// hasher.update(b"world");
/// let digest = hasher.finish();
/// # let mut whole = BodyHasher::new(b"text/plain");
/// # whole.update(b"hello world");
/// # assert_eq!(whole.finish(), digest);
/// ```
#[derive(Clone)]
pub struct BodyHasher {
    md5: Md5,
    sha256: Sha256,
    ext: Sha1,
}

impl BodyHasher {
    /// For a body that will be sent with this `Content-Type`; empty when it has none.
    pub fn new(content_type: &[u8]) -> Self {
        Self {
            md5: Md5::new(),
            sha256: Sha256::new(),
            ext: Sha1::new_with_prefix(crate::head::trim(content_type)),
        }
    }

    /// Takes the next piece of the body.
    pub fn update(&mut self, piece: &[u8]) {
        self.md5.update(piece);
        self.sha256.update(piece);
        self.ext.update(piece);
    }

    /// The digests of everything taken.
    pub fn finish(self) -> BodyDigest {
        BodyDigest::new()
            .md5(self.md5.finalize().into())
            .sha256(self.sha256.finalize().into())
            .content_type_and_body_sha1(self.ext.finalize().into())
    }
}

impl fmt::Debug for BodyHasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BodyHasher").finish_non_exhaustive()
    }
}

/// The body of a request about to be signed, as [`Scheme::dress`](crate::Scheme::dress) asks
/// about it.
#[derive(Clone, Debug, Default)]
pub struct BodyToSign<'a> {
    content: Content<'a>,
    md5: OnceLock<[u8; 16]>,
    sha256: OnceLock<[u8; 32]>,
    ext: OnceLock<(Box<[u8]>, [u8; 20])>,
}

#[derive(Clone, Copy, Default)]
enum Content<'a> {
    /// Nothing was said about a body: digests that the headers have already stand.
    #[default]
    Unsaid,
    None,
    Whole(&'a [u8]),
    Pieces(&'a [&'a [u8]]),
    Ahead(BodyDigest),
}

impl<'a> BodyToSign<'a> {
    fn of(content: Content<'a>) -> Self {
        Self {
            content,
            ..Self::default()
        }
    }

    pub(super) fn none() -> Self {
        Self::of(Content::None)
    }

    pub(super) fn whole(body: &'a [u8]) -> Self {
        Self::of(if body.is_empty() {
            Content::Unsaid
        } else {
            Content::Whole(body)
        })
    }

    pub(super) fn pieces(pieces: &'a [&'a [u8]]) -> Self {
        Self::of(if pieces.iter().all(|piece| piece.is_empty()) {
            Content::None
        } else {
            Content::Pieces(pieces)
        })
    }

    pub(super) fn ahead(digest: BodyDigest) -> Self {
        Self::of(Content::Ahead(digest))
    }

    /// Whether there is no body, as far as is known.
    pub const fn is_empty(&self) -> bool {
        matches!(self.content, Content::Unsaid | Content::None)
    }

    /// Whether it was said that there is no body: a digest in the headers is stale then.
    pub const fn is_known_to_be_empty(&self) -> bool {
        matches!(self.content, Content::None)
    }

    /// The MD5; `None` when only other digests were given.
    pub fn md5(&self) -> Option<[u8; 16]> {
        match self.content {
            Content::Ahead(digest) => digest.md5,
            _ => Some(*self.md5.get_or_init(|| self.hash(Md5::new()))),
        }
    }

    /// The SHA-256; `None` when only other digests were given.
    pub fn sha256(&self) -> Option<[u8; 32]> {
        match self.content {
            Content::Ahead(digest) => digest.sha256,
            _ => Some(*self.sha256.get_or_init(|| self.hash(Sha256::new()))),
        }
    }

    /// The SHA-1 of `content_type` and the body; `None` when only other digests were given.
    pub fn sha1_after(&self, content_type: &[u8]) -> Option<[u8; 20]> {
        if let Content::Ahead(digest) = self.content {
            return digest.ext;
        }
        let hash = || self.hash(Sha1::new_with_prefix(content_type));
        let (of, digest) = self.ext.get_or_init(|| (content_type.into(), hash()));
        Some(if **of == *content_type {
            *digest
        } else {
            hash()
        })
    }

    fn hash<D: Digest, const N: usize>(&self, mut digest: D) -> [u8; N]
    where
        [u8; N]: From<sha2::digest::Output<D>>,
    {
        match self.content {
            Content::Unsaid | Content::None | Content::Ahead(_) => {}
            Content::Whole(body) => digest.update(body),
            Content::Pieces(pieces) => pieces.iter().for_each(|piece| digest.update(piece)),
        }
        digest.finalize().into()
    }
}

impl fmt::Debug for Content<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsaid => f.write_str("Unsaid"),
            Self::None => f.write_str("None"),
            // A body may hold secrets.
            Self::Whole(_) | Self::Pieces(_) => f.write_str("Bytes"),
            Self::Ahead(digest) => digest.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_hash_like_the_whole_and_like_what_was_hashed_ahead() {
        let whole = BodyToSign::whole(b"hello world");
        let pieces = BodyToSign::pieces(&[b"hello", b"", b" world"]);
        let mut hasher = BodyHasher::new(b" text/plain ");
        hasher.update(b"hello w");
        hasher.update(b"orld");
        let ahead = BodyToSign::ahead(hasher.finish());
        for body in [&pieces, &ahead] {
            assert_eq!(body.md5(), whole.md5());
            assert_eq!(body.sha256(), whole.sha256());
            assert_eq!(
                body.sha1_after(b"text/plain"),
                whole.sha1_after(b"text/plain")
            );
            assert!(!body.is_empty());
        }
    }

    #[test]
    fn the_hash_of_another_content_type_is_another() {
        let body = BodyToSign::whole(b"hello");
        let first = body.sha1_after(b"text/plain");
        assert_ne!(body.sha1_after(b"text/html"), first);
        assert_eq!(body.sha1_after(b"text/plain"), first);
    }

    #[test]
    fn no_bytes_are_no_body() {
        assert!(BodyToSign::whole(b"").is_empty());
        assert!(BodyToSign::pieces(&[b"", b""]).is_known_to_be_empty());
        assert!(BodyToSign::none().is_known_to_be_empty());
        assert!(!BodyToSign::default().is_known_to_be_empty());
        assert!(!BodyToSign::ahead(BodyDigest::new()).is_empty());
    }

    #[test]
    fn a_digest_that_was_not_given_is_not_made_up() {
        let body = BodyToSign::ahead(BodyDigest::new().sha256([7; 32]));
        assert_eq!(body.md5(), None);
        assert_eq!(body.sha1_after(b""), None);
        assert_eq!(body.sha256(), Some([7; 32]));
    }

    #[test]
    fn debug_shows_no_body() {
        let shown = format!("{:?}", BodyToSign::whole(b"password=hunter2"));
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}
