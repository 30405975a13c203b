//! Checking a body against what was signed, frame by frame.
//!
//! Invariants: nothing is buffered here, and nothing is sized by what the request declares. The
//! comparison happens once, at the end; until then no byte of the body is known to be good.

use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256};

use crate::claim::BodyBinding;
use crate::policy::Policy;
use crate::reason::{Field, Reason, Refusal};

/// What is known about a body before it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeclaredLength {
    /// Exactly so many bytes (zero: no body).
    Exact(u64),
    /// Unknown, at least so many.
    AtLeast(u64),
}

/// Reads a body along and tells at its end whether it is the one that was signed.
#[derive(Clone)]
pub struct BodyVerifier {
    hashes: Hashes,
    allowed: bool,
    seen: u64,
    max: u64,
}

#[derive(Clone)]
enum Hashes {
    None,
    Digests {
        md5: Option<(Md5, [u8; 16])>,
        sha256: Option<(Sha256, [u8; 32])>,
    },
    Ext {
        running: Sha1,
        content_type: bool,
        claimed: Option<[u8; 20]>,
    },
}

impl BodyVerifier {
    /// A verifier for a body bound as `binding`, of `declared` length, of at most `max` bytes.
    ///
    /// # Errors
    /// When the declared length already decides: [`Reason::BodyTooLarge`], or
    /// [`Reason::MissingDigest`] when there is a body, none may be unsigned, and this one is.
    #[inline]
    pub(crate) fn new(
        binding: &BodyBinding<'_>,
        declared: DeclaredLength,
        max: u64,
        policy: &Policy,
    ) -> Result<Self, Refusal> {
        let (DeclaredLength::Exact(least) | DeclaredLength::AtLeast(least)) = declared;
        if least > max {
            return Err(Reason::BodyTooLarge.into());
        }
        let allowed = policy.allows_body(binding);
        if least > 0 && !allowed {
            return Err(uncovered());
        }
        let hashes = match *binding {
            BodyBinding::Unbound
            | BodyBinding::Digests {
                md5: None,
                sha256: None,
            } => Hashes::None,
            BodyBinding::Digests { md5, sha256 } => Hashes::Digests {
                md5: md5.map(|claimed| (Md5::new(), claimed)),
                sha256: sha256.map(|claimed| (Sha256::new(), claimed)),
            },
            BodyBinding::Ext { content_type, sha1 } => Hashes::Ext {
                running: Sha1::new_with_prefix(content_type),
                content_type: !content_type.is_empty(),
                claimed: sha1,
            },
        };
        Ok(Self {
            hashes,
            allowed,
            seen: 0,
            max,
        })
    }

    /// Takes the next piece.
    ///
    /// # Errors
    /// [`Reason::BodyTooLarge`] as soon as the limit is passed, [`Reason::MissingDigest`] at the
    /// first byte of a body that should have been signed.
    pub fn update(&mut self, piece: &[u8]) -> Result<(), Refusal> {
        if piece.is_empty() {
            return Ok(());
        }
        self.seen = self
            .seen
            .saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
        if self.seen > self.max {
            return Err(Reason::BodyTooLarge.into());
        }
        if !self.allowed {
            return Err(uncovered());
        }
        match &mut self.hashes {
            Hashes::None => {}
            Hashes::Digests { md5, sha256 } => {
                if let Some((running, _)) = md5 {
                    running.update(piece);
                }
                if let Some((running, _)) = sha256 {
                    running.update(piece);
                }
            }
            Hashes::Ext { running, .. } => running.update(piece),
        }
        Ok(())
    }

    /// Whether the body, now complete, is the one that was signed.
    ///
    /// # Errors
    /// [`Reason::DigestMismatch`] when it is not.
    #[inline]
    pub fn finish(self) -> Result<(), Refusal> {
        let matches = match self.hashes {
            Hashes::None => true,
            Hashes::Digests { md5, sha256 } => {
                md5.is_none_or(|(running, claimed)| running.finalize() == claimed)
                    && sha256.is_none_or(|(running, claimed)| running.finalize() == claimed)
            }
            Hashes::Ext {
                running,
                content_type,
                claimed,
            } => {
                let expected = (content_type || self.seen > 0).then(|| running.finalize().into());
                claimed == expected
            }
        };
        if matches {
            Ok(())
        } else {
            Err(Refusal::new(Reason::DigestMismatch).field(Field::Digest))
        }
    }
}

impl std::fmt::Debug for BodyVerifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BodyVerifier")
            .field("seen", &self.seen)
            .field("max", &self.max)
            .finish_non_exhaustive()
    }
}

fn uncovered() -> Refusal {
    Refusal::new(Reason::MissingDigest).field(Field::Digest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{BodyPolicy, DigestStrength};

    const ABC_MD5: [u8; 16] = [
        0x90, 0x01, 0x50, 0x98, 0x3c, 0xd2, 0x4f, 0xb0, 0xd6, 0x96, 0x3f, 0x7d, 0x28, 0xe1, 0x7f,
        0x72,
    ];

    fn run(binding: BodyBinding<'_>, policy: Policy, pieces: &[&[u8]]) -> Result<(), Reason> {
        let unknown = DeclaredLength::AtLeast(0);
        let mut verifier =
            BodyVerifier::new(&binding, unknown, 8, &policy).map_err(|r| r.reason())?;
        for piece in pieces {
            verifier.update(piece).map_err(|r| r.reason())?;
        }
        verifier.finish().map_err(|r| r.reason())
    }

    fn md5(digest: Option<[u8; 16]>) -> BodyBinding<'static> {
        BodyBinding::Digests {
            md5: digest,
            sha256: None,
        }
    }

    #[test]
    fn a_body_matches_however_it_is_cut() {
        let policy = Policy::default();
        for pieces in [&[&b"abc"[..]][..], &[b"a", b"bc"], &[b"", b"ab", b"", b"c"]] {
            assert_eq!(run(md5(Some(ABC_MD5)), policy, pieces), Ok(()));
        }
        assert_eq!(
            run(md5(Some(ABC_MD5)), policy, &[b"abd"]),
            Err(Reason::DigestMismatch)
        );
        assert_eq!(
            run(md5(Some(ABC_MD5)), policy, &[]),
            Err(Reason::DigestMismatch)
        );
    }

    #[test]
    fn bad_149_a_body_without_digest_is_refused_at_its_first_byte() {
        let policy = Policy::default();
        assert_eq!(run(md5(None), policy, &[b"a"]), Err(Reason::MissingDigest));
        assert_eq!(run(md5(None), policy, &[b""]), Ok(()));
        let lenient = Policy {
            body: BodyPolicy::AllowUnsigned,
            ..policy
        };
        assert_eq!(run(md5(None), lenient, &[b"a"]), Ok(()));
        let declared = BodyVerifier::new(&md5(None), DeclaredLength::Exact(1), 8, &policy);
        assert_eq!(declared.unwrap_err().reason(), Reason::MissingDigest);
    }

    #[test]
    fn bad_155_a_large_body_is_refused_when_declared_and_when_read() {
        let policy = Policy::default();
        let declared = BodyVerifier::new(&md5(Some(ABC_MD5)), DeclaredLength::Exact(9), 8, &policy);
        assert_eq!(declared.unwrap_err().reason(), Reason::BodyTooLarge);
        let pieces: [&[u8]; 2] = [b"12345678", b"9"];
        assert_eq!(
            run(md5(Some(ABC_MD5)), policy, &pieces),
            Err(Reason::BodyTooLarge)
        );
    }

    #[test]
    fn bad_166_md5_does_not_cover_a_body_where_sha256_is_demanded() {
        let strict = Policy {
            min_digest: DigestStrength::Sha256,
            ..Policy::default()
        };
        assert_eq!(
            run(md5(Some(ABC_MD5)), strict, &[b"abc"]),
            Err(Reason::MissingDigest)
        );
    }

    #[test]
    fn bad_167_a_scheme_that_binds_no_body_passes_one_unless_told_not_to() {
        let policy = Policy::default();
        assert_eq!(run(BodyBinding::Unbound, policy, &[b"a"]), Ok(()));
        let strict = Policy {
            body: BodyPolicy::RequireEverywhere,
            ..policy
        };
        assert_eq!(
            run(BodyBinding::Unbound, strict, &[b"a"]),
            Err(Reason::MissingDigest)
        );
    }

    #[test]
    fn ext_covers_content_type_and_body_and_is_absent_with_neither() {
        let policy = Policy::default();
        let sha1: [u8; 20] = Sha1::digest(b"text/plainabc").into();
        let ext = |content_type, sha1| BodyBinding::Ext { content_type, sha1 };
        assert_eq!(
            run(ext(b"text/plain", Some(sha1)), policy, &[b"abc"]),
            Ok(())
        );
        assert_eq!(run(ext(b"", None), policy, &[]), Ok(()));
        for (content_type, claimed, body) in [
            (&b""[..], Some(sha1), &b"abc"[..]),
            (b"", None, b"abc"),
            (b"text/plain", None, b""),
            (b"", Some(sha1), b""),
        ] {
            let result = run(ext(content_type, claimed), policy, &[body]);
            assert_eq!(
                result,
                Err(Reason::DigestMismatch),
                "{content_type:?} {body:?}"
            );
        }
    }
}
