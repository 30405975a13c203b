//! One key of the cipher.

use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305};
use zeroize::Zeroizing;

/// The bytes of a key.
pub(crate) const KEY_LEN: usize = 32;

/// The bytes of a nonce, which stand before the sealed text.
const NONCE_LEN: usize = 24;

/// A key that seals and opens, wiped when dropped.
#[derive(Clone)]
pub(crate) struct CipherKey(Zeroizing<[u8; KEY_LEN]>);

impl CipherKey {
    /// # Errors
    /// When the operating system has no random numbers.
    pub(crate) fn random() -> Result<Self, getrandom::Error> {
        let mut bytes = Zeroizing::new([0; KEY_LEN]);
        getrandom::fill(&mut *bytes)?;
        Ok(Self(bytes))
    }

    pub(crate) fn new(bytes: Zeroizing<[u8; KEY_LEN]>) -> Self {
        Self(bytes)
    }

    pub(crate) fn from_slice(bytes: &[u8]) -> Option<Self> {
        let mut key = Zeroizing::new([0; KEY_LEN]);
        if bytes.len() != KEY_LEN {
            return None;
        }
        key.copy_from_slice(bytes);
        Some(Self(key))
    }

    pub(crate) fn expose(&self) -> &[u8; KEY_LEN] {
        &self.0
    }

    /// A fresh nonce, then `plain` sealed; `aad` must be given again to open it.
    ///
    /// # Errors
    /// When the operating system has no random numbers.
    pub(crate) fn seal(&self, aad: &[u8], plain: &[u8]) -> Result<Vec<u8>, getrandom::Error> {
        let mut nonce = [0; NONCE_LEN];
        getrandom::fill(&mut nonce)?;
        let sealed = self
            .cipher()
            .encrypt(&nonce.into(), Payload { msg: plain, aad })
            // Refused above 256 GiB only, far beyond what is given here.
            .unwrap_or_default();
        Ok([&nonce[..], &sealed].concat())
    }

    /// What was sealed, or `None` when it is not this key's, not for this `aad`, or changed.
    pub(crate) fn open(&self, aad: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_LEN>()?;
        let payload = Payload { msg: sealed, aad };
        let plain = self.cipher().decrypt(nonce.into(), payload).ok()?;
        Some(Zeroizing::new(plain))
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new((&*self.0).into())
    }
}

/// Joins parts so that different parts never make the same bytes: each is preceded by its length.
pub(crate) fn framed(parts: &[&[u8]]) -> Vec<u8> {
    let mut framed = Vec::new();
    for part in parts {
        framed.extend_from_slice(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        framed.extend_from_slice(part);
    }
    framed
}
