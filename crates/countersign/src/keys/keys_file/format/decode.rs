//! Decoding secrets: Base64, base64url and hexadecimal, in one accepted spelling each.

use crate::keys::keys_file::secret_bytes::SecretBytes;

/// The standard alphabet of RFC 4648 §4.
pub(super) const STANDARD: Alphabet = Alphabet([b'+', b'/']);
/// The URL-safe alphabet of RFC 4648 §5.
pub(super) const URL_SAFE: Alphabet = Alphabet([b'-', b'_']);

/// The last two characters of a Base64 alphabet; the others never differ.
#[derive(Clone, Copy)]
pub(super) struct Alphabet([u8; 2]);

impl Alphabet {
    /// Decodes `text`, padded or not; `None` for any other character, white space included, and
    /// for bits set beyond the last byte.
    pub(super) fn decode(self, text: &str) -> Option<SecretBytes> {
        let text = unpadded(text)?;
        let mut bytes = SecretBytes::with_room_for_len(text.len());
        for quad in text.as_bytes().chunks(4) {
            let mut bits = 0_u32;
            for position in 0..4 {
                let value = quad.get(position).map_or(Some(0), |c| self.value(*c))?;
                bits = bits << 6 | value;
            }
            let [_, decoded @ ..] = bits.to_be_bytes();
            let whole = match quad.len() {
                4 => 3,
                3 => 2,
                2 => 1,
                _ => return None,
            };
            let (decoded, left_over) = decoded.split_at_checked(whole)?;
            if left_over.iter().any(|byte| *byte != 0) {
                return None;
            }
            bytes.buffer().extend_from_slice(decoded);
        }
        Some(bytes)
    }

    fn value(self, character: u8) -> Option<u32> {
        let Self([second_last, last]) = self;
        let within =
            |first: u8, value: u32| u32::from(character.wrapping_sub(first)).saturating_add(value);
        match character {
            b'A'..=b'Z' => Some(within(b'A', 0)),
            b'a'..=b'z' => Some(within(b'a', 26)),
            b'0'..=b'9' => Some(within(b'0', 52)),
            _ if character == second_last => Some(62),
            _ if character == last => Some(63),
            _ => None,
        }
    }
}

/// Decodes hexadecimal in either case.
pub(super) fn hex(text: &str) -> Option<SecretBytes> {
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else {
        return None;
    };
    let mut bytes = SecretBytes::with_room_for_len(pairs.len());
    for &[high, low] in pairs {
        let digit = |digit: u8| char::from(digit).to_digit(16);
        let byte = u8::try_from(digit(high)? << 4 | digit(low)?).ok()?;
        bytes.buffer().push(byte);
    }
    Some(bytes)
}

/// `text` without its padding; `None` when there is padding of the wrong length.
fn unpadded(text: &str) -> Option<&str> {
    let bare = text.trim_end_matches('=');
    let padded = bare.len() < text.len();
    (!padded || (text.len().is_multiple_of(4) && text.len().abs_diff(bare.len()) <= 2))
        .then_some(bare)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decoded(text: &str) -> Option<Vec<u8>> {
        STANDARD.decode(text).map(|bytes| bytes.to_vec())
    }

    #[test]
    fn the_vectors_of_rfc_4648_decode_padded_and_unpadded() {
        for (text, bytes) in [
            ("", ""),
            ("Zg==", "f"),
            ("Zm8=", "fo"),
            ("Zm9v", "foo"),
            ("Zm9vYg==", "foob"),
            ("Zm9vYmE=", "fooba"),
            ("Zm9vYmFy", "foobar"),
        ] {
            assert_eq!(decoded(text).unwrap(), bytes.as_bytes());
            assert_eq!(
                decoded(text.trim_end_matches('=')).unwrap(),
                bytes.as_bytes()
            );
        }
    }

    #[test]
    fn the_alphabets_are_not_mixed() {
        assert_eq!(&*STANDARD.decode("+/+/").unwrap(), b"\xfb\xff\xbf");
        assert_eq!(&*URL_SAFE.decode("-_-_").unwrap(), b"\xfb\xff\xbf");
        assert!(STANDARD.decode("-_-_").is_none());
        assert!(URL_SAFE.decode("+/+/").is_none());
    }

    #[test]
    fn bad_24_malleable_base64_is_refused() {
        for bad in [
            "Zh==",
            "Zm9=",
            "Z",
            "Zg=",
            "Zg===",
            "Zm9v====",
            "Zm9v=",
            "====",
            "=",
            "Zm9v\n",
            "Zm 9v",
            "Zg==Zg==",
            "Zm9\u{e9}",
        ] {
            assert!(decoded(bad).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn hexadecimal_has_two_digits_for_every_byte() {
        assert_eq!(&*hex("00fFA9").unwrap(), [0, 255, 0xa9]);
        for bad in ["0", "0g", "0x00", " 00", "00 ", "\u{e9}"] {
            assert!(hex(bad).is_none(), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn what_decodes_is_the_only_text_of_its_length_that_does(
            text in "[A-Za-z0-9+/]{0,12}",
            other in "[A-Za-z0-9+/]{0,12}",
        ) {
            if let (Some(one), Some(two)) = (decoded(&text), decoded(&other)) {
                prop_assert_eq!(one == two, text == other);
            }
        }
    }
}
