//! Signatures: HMAC-SHA256 over texts that are joined by colons, in padded base64.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::text::Password;

/// A signature as it is sent. That of a key opens the key, so it is wiped too.
pub(super) type Signature = Zeroizing<String>;

/// What every request has that makes or uses a key: the caller, the server and the key, as they are
/// signed (the `s1` of the API's documentation).
pub(super) struct KeyTexts<'a> {
    pub(super) user_name: &'a str,
    pub(super) host: &'a str,
    pub(super) local_name: &'a str,
    pub(super) namespace: &'a str,
    pub(super) id: &'a str,
}

impl KeyTexts<'_> {
    /// What opens the key: made with the password of the key.
    pub(super) fn key_signature(&self, password: &Password) -> Signature {
        signature(password, &self.texts())
    }

    /// That of the request: made with the account password over the key signature, `rest` and the
    /// nonce.
    pub(super) fn request_signature(
        &self,
        password: &Password,
        key_signature: &str,
        rest: &[&str],
        nonce: &str,
    ) -> Signature {
        let texts = [&self.texts(), &[key_signature][..], rest, &[nonce]].concat();
        signature(password, &texts)
    }

    fn texts(&self) -> [&str; 5] {
        [
            self.user_name,
            self.host,
            self.local_name,
            self.namespace,
            self.id,
        ]
    }
}

/// What the secret `key` makes of `texts`.
pub(super) fn signature(key: &Password, texts: &[&str]) -> Signature {
    #[allow(clippy::expect_used, reason = "HMAC takes a key of any length")]
    let mut mac = Hmac::<Sha256>::new_from_slice(key.expose().as_bytes())
        .expect("HMAC takes a key of any length");
    for (index, text) in texts.iter().enumerate() {
        if index > 0 {
            mac.update(b":");
        }
        mac.update(text.as_bytes());
    }
    Zeroizing::new(STANDARD.encode(mac.finalize().into_bytes()))
}
