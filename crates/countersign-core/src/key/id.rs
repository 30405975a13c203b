//! The ids of keys.

use std::fmt;

use crate::octets::Octets;

/// The id of a key, as a request claims it: 1 to 256 visible ASCII characters.
///
/// Ids are compared byte for byte: case, escapes and look-alikes make a different id.
#[derive(Clone, Copy)]
pub struct KeyId<'a> {
    /// Kept as octets: that they are text is asked for only once a key is looked up.
    text: &'a [u8],
    nature: IdNature,
}

/// Whether an id may be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IdNature {
    /// It names a key.
    Name,
    /// It is the secret itself (Basic).
    Secret,
}

impl<'a> KeyId<'a> {
    /// The longest id. No issuer known to us uses more than 64; what is longer is not looked up.
    pub const MAX_LEN: usize = 256;

    /// Reads an id; `None` when it is empty, too long or has anything but visible ASCII in it.
    pub fn parse(bytes: &'a [u8]) -> Option<Self> {
        static VISIBLE: Octets = Octets::of(&[b'!'..=b'~']);
        let readable = (1..=Self::MAX_LEN).contains(&bytes.len()) && VISIBLE.contain_all(bytes);
        readable.then_some(Self {
            text: bytes,
            nature: IdNature::Name,
        })
    }

    /// An id that [`parse`](KeyId::parse) has accepted before.
    pub(crate) const fn already_checked(text: &'a [u8], nature: IdNature) -> Self {
        Self { text, nature }
    }

    /// The id.
    pub const fn as_str(&self) -> &'a str {
        match std::str::from_utf8(self.text) {
            Ok(text) => text,
            // Visible ASCII is all there ever is.
            Err(_) => "",
        }
    }

    /// The id, as octets: enough to find a key by, and without looking once more whether they are
    /// text.
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.text
    }
}

impl fmt::Debug for KeyId<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.nature {
            IdNature::Name => write!(f, "KeyId({:?})", self.as_str()),
            IdNature::Secret => f.write_str("KeyId(***)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_visible_ascii_of_bounded_length() {
        for bad in [
            &b""[..],
            b"a b",
            b"a\n",
            b"a\0",
            "\u{e9}".as_bytes(),
            b"\xff",
            &[b'a'; 257],
        ] {
            assert!(KeyId::parse(bad).is_none(), "{bad:?}");
        }
        assert!(KeyId::parse(&[b'a'; 256]).is_some());
        assert!(KeyId::parse(b"' OR 1=1--").is_none());
        assert!(KeyId::parse(b"../../admin").is_some());
    }
}
