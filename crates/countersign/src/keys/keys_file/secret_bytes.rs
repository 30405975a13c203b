//! What is read of a secret on its way to its key.

use std::ops::Deref;

/// Bytes that are overwritten when dropped, as well as safe code can.
pub(super) struct SecretBytes(Vec<u8>);

impl SecretBytes {
    /// Growing would leave copies behind, so make room for everything; one byte more lets a read
    /// to the end notice the end.
    pub(super) fn with_room_for(len: u64) -> Self {
        Self::with_room_for_len(usize::try_from(len).unwrap_or(0).saturating_add(1))
    }

    pub(super) fn with_room_for_len(len: usize) -> Self {
        Self(Vec::with_capacity(len))
    }

    pub(super) fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.0
    }
}

impl From<&[u8]> for SecretBytes {
    fn from(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }
}

impl Deref for SecretBytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for SecretBytes {
    fn drop(&mut self) {
        self.0.fill(0);
        // Keeps the compiler from leaving out writes that nobody reads.
        std::hint::black_box(&self.0);
    }
}
