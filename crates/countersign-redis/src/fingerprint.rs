//! What stands for a request in the server: a prefix and 27 characters, whatever the request is.
//!
//! The 160 bits of a truncated SHA-256 over everything that makes the request unique, its signed
//! time included. All instances must agree, and so the hash has no secret key. Who reads the
//! server learns how many requests were accepted and when, and can confirm a guess of key id,
//! second and nonce, but not find one: nonces are random, and where there is none the signature
//! stands in. No byte of a request reaches the server, so none can be mistaken for protocol.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_core::{NonceKey, Timestamp};
use sha2::{Digest, Sha256};

/// Tells these hashes from others, and this recipe from the next.
const DOMAIN: &[u8] = b"countersign replay 1\0";

/// 160 bits: with 2^64 live entries, the chance that two collide is below 10⁻⁹; a collision could
/// only refuse a good request.
const BYTES: usize = 20;

/// The key of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EntryKey(String);

impl EntryKey {
    /// Of the request with `nonce`, signed at `signed_at`.
    pub(crate) fn new(prefix: &str, nonce: &NonceKey<'_>, signed_at: Timestamp) -> Self {
        let mut hash = Sha256::new_with_prefix(DOMAIN);
        hash.update(signed_at.as_unix().to_be_bytes());
        nonce.with_bytes(|bytes| hash.update(bytes));
        let digest = hash.finalize();
        let mut key = String::with_capacity(prefix.len().saturating_add(LENGTH));
        key.push_str(prefix);
        URL_SAFE_NO_PAD.encode_string(digest.get(..BYTES).unwrap_or(&digest), &mut key);
        Self(key)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// The length of an encoded fingerprint.
const LENGTH: usize = 27;

#[cfg(test)]
mod tests {
    use countersign_core::{KeyId, NonceCase, SchemeId};

    use super::*;

    fn key(nonce: &[u8], signed_at: i64) -> EntryKey {
        let id = KeyId::parse(b"id").unwrap();
        let nonce = NonceKey::new(SchemeId::MAC, id, nonce, NonceCase::Exact);
        EntryKey::new("p:", &nonce, Timestamp::from_unix(signed_at))
    }

    #[test]
    fn every_key_has_the_same_length_and_harmless_characters() {
        for nonce in [&b""[..], b"\r\n\0 {}", &[0xff; 256], b"a"] {
            let key = key(nonce, 7);
            let fingerprint = key.as_str().strip_prefix("p:").unwrap();
            assert_eq!(fingerprint.len(), LENGTH);
            assert!(
                fingerprint
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
            );
        }
    }

    #[test]
    fn nonce_and_signed_time_both_tell_requests_apart() {
        assert_eq!(key(b"n", 7), key(b"n", 7));
        assert_ne!(key(b"n", 7), key(b"n", 8));
        assert_ne!(key(b"n", 7), key(b"n\0", 7));
    }
}
