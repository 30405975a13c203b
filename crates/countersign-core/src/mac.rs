//! HMAC, and nothing else that touches a signature.
//!
//! Invariants: an expected signature never leaves this file except as the result of signing; a
//! received one is compared in constant time and has no `PartialEq`.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::encoding;

/// The hash function inside the HMAC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Algorithm {
    /// HMAC-SHA-1, 20 bytes.
    Sha1,
    /// HMAC-SHA-256, 32 bytes.
    Sha256,
}

impl Algorithm {
    /// Both, from weakest to strongest.
    pub const ALL: [Self; 2] = [Self::Sha1, Self::Sha256];

    /// Its name in credentials, as the MAC draft spells it: `hmac-sha-1` or `hmac-sha-256`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "hmac-sha-1",
            Self::Sha256 => "hmac-sha-256",
        }
    }

    /// The algorithm with this name, which is matched exactly.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }

    /// The strength it gives a scheme.
    pub const fn strength(self) -> Strength {
        match self {
            Self::Sha1 => Strength::Sha1,
            Self::Sha256 => Strength::Sha256,
        }
    }
}

/// How much a scheme's proof is worth, from weakest to strongest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Strength {
    /// The secret itself is sent (Basic): whoever reads one request can send any other.
    #[default]
    Bearer,
    /// HMAC-SHA-1.
    Sha1,
    /// HMAC-SHA-256.
    Sha256,
}

impl Strength {
    /// A stable name: `bearer`, `sha1`, `sha256`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bearer => "bearer",
            Self::Sha1 => "sha1",
            Self::Sha256 => "sha256",
        }
    }
}

/// How a scheme makes the HMAC key from the secret.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum Derivation<'a> {
    /// The bytes of the secret.
    Raw,
    /// The 32 bytes that the secret spells in unpadded base64url.
    Base64Url,
    /// SHA-256(text ‖ secret).
    HashOfTextThenSecret(&'a [u8]),
    /// SHA-256(secret ‖ text).
    HashOfSecretThenText(&'a [u8]),
}

impl fmt::Debug for Derivation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Raw => "Raw",
            Self::Base64Url => "Base64Url",
            Self::HashOfTextThenSecret(_) => "HashOfTextThenSecret",
            Self::HashOfSecretThenText(_) => "HashOfSecretThenText",
        })
    }
}

/// A decoded signature of 20 or 32 bytes, as received or as made for sending.
#[derive(Clone, Copy)]
pub enum Signature {
    /// Of HMAC-SHA-1.
    Sha1([u8; 20]),
    /// Of HMAC-SHA-256.
    Sha256([u8; 32]),
}

impl Signature {
    /// All zero bytes: the place holder that a credential carries while it is being signed.
    pub(crate) const fn placeholder(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::Sha1 => Self::Sha1([0; 20]),
            Algorithm::Sha256 => Self::Sha256([0; 32]),
        }
    }

    /// The algorithm a signature of this length comes from.
    pub const fn algorithm(&self) -> Algorithm {
        match self {
            Self::Sha1(_) => Algorithm::Sha1,
            Self::Sha256(_) => Algorithm::Sha256,
        }
    }

    /// Its bytes, for writing it into a header or telling a replay.
    pub const fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Sha1(bytes) => bytes,
            Self::Sha256(bytes) => bytes,
        }
    }

    /// In lower-case hexadecimal.
    pub fn to_hex(&self) -> String {
        encoding::to_hex(self.as_bytes())
    }

    /// In standard Base64 with padding.
    pub fn to_base64(&self) -> String {
        encoding::to_base64(self.as_bytes())
    }

    /// In standard Base64 without padding.
    pub fn to_base64_unpadded(&self) -> String {
        encoding::to_base64_unpadded(self.as_bytes())
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signature({:?}, ***)", self.algorithm())
    }
}

/// A keyed HMAC, ready for the message.
#[derive(Clone)]
pub(crate) enum KeyedMac {
    Sha1(Hmac<Sha1>),
    Sha256(Hmac<Sha256>),
}

impl KeyedMac {
    /// HMAC takes a key of any length, so this is `None` only in theory.
    pub(crate) fn new(algorithm: Algorithm, key: &[u8]) -> Option<Self> {
        Some(match algorithm {
            Algorithm::Sha1 => Self::Sha1(Hmac::new_from_slice(key).ok()?),
            Algorithm::Sha256 => Self::Sha256(Hmac::new_from_slice(key).ok()?),
        })
    }

    #[inline]
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha1(mac) => mac.update(bytes),
            Self::Sha256(mac) => mac.update(bytes),
        }
    }

    /// Whether `received` is the signature of what was written: constant time in its bytes.
    pub(crate) fn verify(self, received: &Signature) -> bool {
        match self {
            Self::Sha1(mac) => mac.verify_slice(received.as_bytes()).is_ok(),
            Self::Sha256(mac) => mac.verify_slice(received.as_bytes()).is_ok(),
        }
    }

    pub(crate) fn sign(self) -> Signature {
        match self {
            Self::Sha1(mac) => Signature::Sha1(mac.finalize().into_bytes().into()),
            Self::Sha256(mac) => Signature::Sha256(mac.finalize().into_bytes().into()),
        }
    }
}

/// SHA-256 of the pieces, one after the other, as key material.
pub(crate) fn hashed_key(pieces: [&[u8]; 2]) -> Zeroizing<[u8; 32]> {
    let mut hash = Sha256::new();
    for piece in pieces {
        hash.update(piece);
    }
    Zeroizing::new(hash.finalize().into())
}

/// Whether two secrets are the same, in time that depends on neither: their hashes are compared.
pub(crate) fn same_secret(one: &[u8], other: &[u8]) -> bool {
    hashed_key([one, b""])
        .ct_eq(&*hashed_key([other, b""]))
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn algorithms_are_found_by_their_exact_name() {
        for algorithm in Algorithm::ALL {
            assert_eq!(Algorithm::from_name(algorithm.name()), Some(algorithm));
        }
        for other in ["", "none", "HMAC-SHA-1", "sha256", "hmac-sha-256 "] {
            assert_eq!(Algorithm::from_name(other), None, "{other:?}");
        }
    }

    #[test]
    fn a_signature_does_not_show_its_bytes() {
        assert_eq!(
            format!("{:?}", Signature::Sha1([7; 20])),
            "Signature(Sha1, ***)"
        );
    }

    #[test]
    fn bad_30_every_flipped_bit_is_refused() {
        let mut mac = KeyedMac::new(Algorithm::Sha1, b"key").unwrap();
        mac.update(b"message");
        let Signature::Sha1(good) = mac.clone().sign() else {
            unreachable!()
        };
        assert!(mac.clone().verify(&Signature::Sha1(good)));
        for bit in 0..160 {
            let mut flipped = good;
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(!mac.clone().verify(&Signature::Sha1(flipped)), "bit {bit}");
        }
    }

    #[test]
    fn a_signature_of_the_other_length_never_verifies() {
        let mut mac = KeyedMac::new(Algorithm::Sha256, b"key").unwrap();
        mac.update(b"message");
        let Signature::Sha256(long) = mac.clone().sign() else {
            unreachable!()
        };
        let short: [u8; 20] = long[..20].try_into().unwrap();
        assert!(!mac.verify(&Signature::Sha1(short)));
    }

    #[test]
    fn secrets_are_equal_only_when_every_byte_is() {
        assert!(same_secret(b"abc", b"abc"));
        assert!(!same_secret(b"abc", b"abd"));
        assert!(!same_secret(b"abc", b"abcd"));
        assert!(!same_secret(b"", b"a"));
    }
}
