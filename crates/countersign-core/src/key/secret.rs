//! Secrets.

use std::fmt;

use zeroize::Zeroizing;

/// A secret: wiped when dropped, redacted in `Debug`, and read only through
/// [`expose`](Secret::expose).
pub struct Secret(Zeroizing<Box<[u8]>>);

impl Secret {
    pub(super) fn new(bytes: &[u8]) -> Self {
        Self(Zeroizing::new(bytes.into()))
    }

    /// The bytes of the secret.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}
