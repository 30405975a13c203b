//! HMAC-SHA256 over fields that are joined with colons.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

/// The bytes of an HMAC-SHA256.
pub(crate) const SIGNATURE_LEN: usize = 32;

/// A signature as it was sent. Of a key signature it is the key to a private key, so it is wiped
/// and never shown. It cannot be compared: [`Signature::is_of`] does, in constant time.
pub(crate) struct Signature {
    bytes: Zeroizing<[u8; SIGNATURE_LEN]>,
    /// In base64, as it takes part in what is signed next.
    text: Zeroizing<String>,
}

impl Signature {
    /// Reads 32 bytes in padded base64. One spelling only: the text is signed too.
    pub(crate) fn parse(text: String) -> Option<Self> {
        let text = Zeroizing::new(text);
        let decoded = Zeroizing::new(STANDARD.decode(text.as_bytes()).ok()?);
        let mut bytes = Zeroizing::new([0; SIGNATURE_LEN]);
        if decoded.len() != SIGNATURE_LEN {
            return None;
        }
        bytes.copy_from_slice(&decoded);
        Some(Self { bytes, text })
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn bytes(&self) -> &[u8; SIGNATURE_LEN] {
        &self.bytes
    }

    /// Whether it is what `password` makes of `fields`.
    pub(super) fn is_of(&self, password: &[u8], fields: &[&str]) -> bool {
        // HMAC takes keys of any length; if it ever did not, nothing would be right.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(password) else {
            return false;
        };
        for (index, field) in fields.iter().enumerate() {
            if index > 0 {
                mac.update(b":");
            }
            mac.update(field.as_bytes());
        }
        mac.verify_slice(&*self.bytes).is_ok()
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signature(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_has_one_spelling() {
        let good = "/YcqwUYWLejhT5BdMKBMYMPip4qo9iun7phIveCrEdY=";
        assert!(Signature::parse(good.to_owned()).is_some());
        for bad in [
            "",
            &good[..43],
            "_YcqwUYWLejhT5BdMKBMYMPip4qo9iun7phIveCrEdY=",
            "/YcqwUYWLejhT5BdMKBMYMPip4qo9iun7phIveCrEdZ=",
            " /YcqwUYWLejhT5BdMKBMYMPip4qo9iun7phIveCrEdY=",
            "AAAA",
            &"A".repeat(88),
        ] {
            assert!(Signature::parse(bad.to_owned()).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn fields_are_joined_with_colons() {
        // From the vectors: a login of the original client.
        let signature = "O1U1v9ARHyDzgGkjsJcoVgTIIW/npKWPP1ErvSSi9cs=";
        let signature = Signature::parse(signature.to_owned()).unwrap();
        let nonce = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
        let fields = ["TestUser", "lab.tagroot.io", nonce];
        assert!(signature.is_of(b"account password", &fields));
        assert!(!signature.is_of(b"account passwore", &fields));
        assert!(!signature.is_of(b"account password", &fields[..2]));
        assert_eq!(format!("{signature:?}"), "Signature(***)");
    }
}
