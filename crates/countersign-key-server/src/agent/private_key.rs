//! Private keys at rest: sealed, each in its place, under the signature of its key password.
//!
//! Invariants: a private key is kept only as [`SealedPrivateKey`]; nothing that the server keeps
//! opens it, since the key signature comes with the request and goes with it; what was sealed in
//! one place does not open in another; a wrong key signature, a changed byte and a foreign record
//! all fail alike.
//!
//! The key-encryption key is HKDF-SHA256 of the key signature, with a salt of the record's own, so
//! that two keys of the same password share nothing, and the account and key id as its context.
//! The cipher is the project's XChaCha20-Poly1305, with all of the place as associated data.

use std::fmt;

use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::seal::cipher::{CipherKey, KEY_LEN, framed};

/// The bytes of a key signature, an HMAC-SHA256.
pub(crate) const KEY_SIGNATURE_LEN: usize = 32;

/// The bytes of the salt, which stand before the sealed key.
const SALT_LEN: usize = 32;

/// Keeps these keys apart from any others that are derived; changes with the way of sealing.
const PURPOSE: &[u8] = b"countersign/agent-key/v1";

/// Where a private key belongs: whose it is, and what names it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PlaceOfKey<'a> {
    pub(crate) account: &'a str,
    pub(crate) host: &'a str,
    pub(crate) local_name: &'a str,
    pub(crate) namespace: &'a str,
    pub(crate) id: &'a str,
}

impl PlaceOfKey<'_> {
    fn info(&self) -> Vec<u8> {
        framed(&[PURPOSE, self.account.as_bytes(), self.id.as_bytes()])
    }

    fn associated_data(&self) -> Vec<u8> {
        framed(&[
            self.account.as_bytes(),
            self.host.as_bytes(),
            self.local_name.as_bytes(),
            self.namespace.as_bytes(),
            self.id.as_bytes(),
        ])
    }
}

/// A private key, sealed: a salt, then what the cipher made. It fits any length of key.
#[derive(Clone)]
pub(crate) struct SealedPrivateKey {
    salt: [u8; SALT_LEN],
    sealed: Vec<u8>,
}

impl SealedPrivateKey {
    /// Seals `private` for its `place`.
    ///
    /// # Errors
    /// When the operating system has no random numbers.
    pub(crate) fn seal(
        private: &[u8],
        key_signature: &[u8; KEY_SIGNATURE_LEN],
        place: &PlaceOfKey<'_>,
    ) -> Result<Self, getrandom::Error> {
        let mut salt = [0; SALT_LEN];
        getrandom::fill(&mut salt)?;
        let key = key_encryption_key(key_signature, &salt, place);
        let sealed = key.seal(&place.associated_data(), private)?;
        Ok(Self { salt, sealed })
    }

    /// The private key, or `None` when this was not sealed with this key signature, not for this
    /// place, or has changed.
    pub(crate) fn open(
        &self,
        key_signature: &[u8; KEY_SIGNATURE_LEN],
        place: &PlaceOfKey<'_>,
    ) -> Option<Zeroizing<Vec<u8>>> {
        let key = key_encryption_key(key_signature, &self.salt, place);
        key.open(&place.associated_data(), &self.sealed)
    }

    /// What [`to_bytes`](Self::to_bytes) made; `None` when it is too short for the salt.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (salt, sealed) = bytes.split_first_chunk()?;
        Some(Self {
            salt: *salt,
            sealed: sealed.to_vec(),
        })
    }

    /// The bytes to keep.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        [&self.salt[..], &self.sealed].concat()
    }
}

impl fmt::Debug for SealedPrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealedPrivateKey(***)")
    }
}

#[expect(
    clippy::expect_used,
    reason = "to go on without a derived key would seal under zeros"
)]
fn key_encryption_key(
    key_signature: &[u8; KEY_SIGNATURE_LEN],
    salt: &[u8; SALT_LEN],
    place: &PlaceOfKey<'_>,
) -> CipherKey {
    let mut key = Zeroizing::new([0; KEY_LEN]);
    Hkdf::<Sha256>::new(Some(salt), key_signature)
        .expand(&place.info(), &mut *key)
        .expect("32 bytes are fewer than the 8160 that HKDF-SHA256 gives");
    CipherKey::new(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRIVATE: &[u8] = b"a private key of some length";
    const SIGNATURE: [u8; KEY_SIGNATURE_LEN] = [7; KEY_SIGNATURE_LEN];
    const PLACE: PlaceOfKey<'static> = PlaceOfKey {
        account: "dave",
        host: "localhost:8070",
        local_name: "ed448",
        namespace: "urn:nf:iot:e2e:1.0",
        id: "first",
    };

    fn bytes(hexadecimal: &str) -> Vec<u8> {
        hexadecimal
            .as_bytes()
            .chunks(2)
            .map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap())
            .collect()
    }

    fn sealed() -> SealedPrivateKey {
        SealedPrivateKey::seal(PRIVATE, &SIGNATURE, &PLACE).unwrap()
    }

    #[test]
    fn a_key_opens_in_its_place() {
        let kept = SealedPrivateKey::from_bytes(&sealed().to_bytes()).unwrap();
        assert_eq!(&kept.open(&SIGNATURE, &PLACE).unwrap()[..], PRIVATE);
    }

    #[test]
    fn a_key_that_was_sealed_long_ago_opens() {
        let vector = include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/vectors/sealed-private-key.json"
        ));
        let vector: serde_json::Value = serde_json::from_str(vector).unwrap();
        let text = |name: &str| vector[name].as_str().unwrap();
        let place = PlaceOfKey {
            account: text("account"),
            host: text("host"),
            local_name: text("local_name"),
            namespace: text("namespace"),
            id: text("id"),
        };
        let signature = bytes(text("key_signature")).try_into().unwrap();
        let sealed = SealedPrivateKey::from_bytes(&bytes(text("sealed"))).unwrap();
        let private = sealed.open(&signature, &place).unwrap();
        assert_eq!(*private, bytes(text("private")));
    }

    #[test]
    fn a_key_opens_nowhere_else() {
        #[rustfmt::skip]
        let elsewhere = [
            PlaceOfKey { account: "eve", ..PLACE },
            PlaceOfKey { host: "localhost", ..PLACE },
            PlaceOfKey { local_name: "ed25519", ..PLACE },
            PlaceOfKey { namespace: "urn:ieee:iot:e2e:1.0", ..PLACE },
            PlaceOfKey { id: "second", ..PLACE },
            PlaceOfKey { account: "davef", id: "irst", ..PLACE },
            PlaceOfKey { account: "davelocalhost:8070", host: "", ..PLACE },
        ];
        let sealed = sealed();
        for place in elsewhere {
            assert!(sealed.open(&SIGNATURE, &place).is_none(), "{place:?}");
        }
    }

    #[test]
    fn different_accounts_and_ids_never_derive_from_the_same_context() {
        let one = PlaceOfKey {
            account: "davef",
            id: "irst",
            ..PLACE
        };
        assert_ne!(one.info(), PLACE.info());
    }

    #[test]
    fn a_wrong_key_signature_is_refused() {
        let sealed = sealed();
        for bit in 0..SIGNATURE.len() * 8 {
            let mut wrong = SIGNATURE;
            wrong[bit / 8] ^= 1 << (bit % 8);
            assert!(sealed.open(&wrong, &PLACE).is_none(), "bit {bit}");
        }
    }

    #[test]
    fn any_flipped_bit_is_refused() {
        let bytes = sealed().to_bytes();
        for bit in 0..bytes.len() * 8 {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let changed = SealedPrivateKey::from_bytes(&changed).unwrap();
            assert!(changed.open(&SIGNATURE, &PLACE).is_none(), "bit {bit}");
        }
    }

    #[test]
    fn any_shorter_prefix_is_refused() {
        let bytes = sealed().to_bytes();
        for length in 0..bytes.len() {
            let opened = SealedPrivateKey::from_bytes(&bytes[..length])
                .and_then(|prefix| prefix.open(&SIGNATURE, &PLACE));
            assert!(opened.is_none(), "{length} bytes");
        }
    }

    #[test]
    fn the_same_key_sealed_twice_shares_no_salt() {
        let (one, other) = (sealed(), sealed());
        assert_ne!(one.salt, other.salt);
        assert_ne!(one.sealed, other.sealed);
    }

    #[test]
    fn a_sealed_key_shows_nothing() {
        assert_eq!(format!("{:?}", sealed()), "SealedPrivateKey(***)");
    }
}
