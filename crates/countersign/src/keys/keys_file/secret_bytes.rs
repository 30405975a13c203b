//! What is read of a secret on its way to its key.

use zeroize::Zeroizing;

/// Bytes that are wiped when dropped.
pub(super) type SecretBytes = Zeroizing<Vec<u8>>;

/// Room for `len` bytes and one more, which lets a read to the end notice the end: growing would
/// leave copies behind.
pub(super) fn with_room_for(len: u64) -> SecretBytes {
    let len = usize::try_from(len).unwrap_or(0);
    Zeroizing::new(Vec::with_capacity(len.saturating_add(1)))
}
