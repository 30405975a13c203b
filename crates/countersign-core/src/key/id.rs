//! The ids of keys.

use std::fmt;
use std::str;

use zeroize::Zeroizing;

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

/// The id of a key, where the key itself is if it is a short name: one of a hundred thousand keys is in
/// no cache, and the processor would wait once more for an id that lies elsewhere (410 ns a lookup
/// in place of 590).
pub(super) enum KeptId {
    Short(u8, [u8; KeptId::SHORT]),
    /// One that is long, or the secret itself: that stays where it is when the key is moved, and is
    /// wiped.
    Elsewhere(Zeroizing<Box<[u8]>>),
}

impl KeptId {
    /// Room for a UUID as text.
    const SHORT: usize = 38;

    pub(super) fn new(id: KeyId<'_>) -> Self {
        let KeyId { text, nature } = id;
        let mut octets = [0; Self::SHORT];
        match (octets.get_mut(..text.len()), u8::try_from(text.len())) {
            (Some(place), Ok(length)) if nature == IdNature::Name => {
                place.copy_from_slice(text);
                Self::Short(length, octets)
            }
            _ => Self::Elsewhere(Zeroizing::new(text.into())),
        }
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Short(length, octets) => octets.get(..usize::from(*length)).unwrap_or_default(),
            Self::Elsewhere(octets) => octets,
        }
    }

    pub(super) fn as_str(&self) -> &str {
        text(self.as_bytes())
    }
}

/// Visible ASCII is all there ever is.
const fn text(id: &[u8]) -> &str {
    match str::from_utf8(id) {
        Ok(text) => text,
        Err(_) => "",
    }
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
        text(self.text)
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
    fn a_kept_id_is_what_was_given_whatever_its_length() {
        for length in 1..=KeyId::MAX_LEN {
            let octets = vec![b'a'; length];
            let kept = KeptId::new(KeyId::parse(&octets).unwrap());
            assert_eq!(kept.as_bytes(), octets);
            assert_eq!(matches!(kept, KeptId::Short(..)), length <= KeptId::SHORT);
        }
    }

    #[test]
    fn an_id_that_is_the_secret_is_not_kept_where_moves_leave_copies() {
        let kept = KeptId::new(KeyId::already_checked(b"api-key", IdNature::Secret));
        assert!(matches!(kept, KeptId::Elsewhere(_)));
        assert_eq!(kept.as_bytes(), b"api-key");
    }

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
