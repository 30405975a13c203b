//! Nonces: texts that an account signs once and never again.

use sha2::{Digest as _, Sha256};

use super::names::Reason;
use crate::store::{EntryId, EntryKind};

/// The fewest characters of a nonce, as in the original: base64 of 32 random bytes has 44.
const MIN_LEN: usize = 32;

/// The most characters of a nonce: what is hashed for nothing when it was used.
const MAX_LEN: usize = 512;

/// A nonce of a request.
#[derive(Clone, Debug)]
pub(crate) struct Nonce(String);

impl Nonce {
    /// Reads a nonce of 32 to 512 characters. It may have no colon: with one, the nonce of a login
    /// could end like the fields of a request to make a key, and one signature would do for both.
    pub(crate) fn parse(text: String) -> Result<Self, Reason> {
        let length = text.chars().count();
        if length < MIN_LEN {
            return Err("It must have at least 32 characters; take 32 random bytes in base64.");
        }
        if length > MAX_LEN {
            return Err("It may have 512 characters.");
        }
        if text.contains(':') || text.chars().any(char::is_control) {
            return Err("It must not contain colons or control characters.");
        }
        Ok(Self(text))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// What says that `owner` has used it. Hashed, so that every one takes the same little room.
    pub(super) fn entry(&self, owner: &str) -> EntryId {
        let hash: [u8; 32] = Sha256::digest(self.0.as_bytes()).into();
        let mut name = String::with_capacity(64);
        for byte in hash {
            for digit in [byte >> 4, byte & 0x0f] {
                name.extend(char::from_digit(digit.into(), 16));
            }
        }
        EntryId::new(EntryKind::Nonce, owner, name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_has_32_to_512_characters_and_no_colon() {
        let of = |length| Nonce::parse("é".repeat(length));
        assert!(of(31).is_err() && of(513).is_err());
        assert!(of(32).is_ok() && of(512).is_ok());
        for bad in [":", "\n"] {
            assert!(Nonce::parse(bad.repeat(32)).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn each_account_has_nonces_of_its_own() {
        let nonce = Nonce::parse("n".repeat(44)).unwrap();
        let other = Nonce::parse("n".repeat(45)).unwrap();
        assert_eq!(nonce.entry("a"), nonce.entry("a"));
        assert_ne!(nonce.entry("a"), nonce.entry("b"));
        assert_ne!(nonce.entry("a"), other.entry("a"));
        assert_eq!(nonce.entry("a").name.len(), 64);
    }
}
