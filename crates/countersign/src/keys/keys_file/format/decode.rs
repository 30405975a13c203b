//! Decoding secrets: Base64, base64url and hexadecimal.
//!
//! Padding may be left out; white space, another alphabet and bits beyond the last byte are errors.

use base64::Engine as _;
use base64::alphabet::{self, Alphabet};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::keys::keys_file::secret_bytes::SecretBytes;

/// Decodes text in the standard alphabet of RFC 4648 §4.
pub(super) fn base64(text: &str) -> Option<SecretBytes> {
    decoded(&alphabet::STANDARD, text)
}

/// Decodes text in the URL-safe alphabet of RFC 4648 §5.
pub(super) fn base64url(text: &str) -> Option<SecretBytes> {
    decoded(&alphabet::URL_SAFE, text)
}

/// Decodes hexadecimal in either case.
pub(super) fn hex(text: &str) -> Option<SecretBytes> {
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else {
        return None;
    };
    let mut bytes = SecretBytes::new(Vec::with_capacity(pairs.len()));
    for &[high, low] in pairs {
        let digit = |digit: u8| char::from(digit).to_digit(16);
        let byte = u8::try_from(digit(high)? << 4 | digit(low)?).ok()?;
        bytes.push(byte);
    }
    Some(bytes)
}

fn decoded(alphabet: &Alphabet, text: &str) -> Option<SecretBytes> {
    let either_padding =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let engine = GeneralPurpose::new(alphabet, either_padding);
    engine.decode(text).ok().map(SecretBytes::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(text: &str) -> Option<Vec<u8>> {
        base64(text).map(|bytes| bytes.to_vec())
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
        assert_eq!(&*base64("+/+/").unwrap(), b"\xfb\xff\xbf");
        assert_eq!(&*base64url("-_-_").unwrap(), b"\xfb\xff\xbf");
        assert!(base64("-_-_").is_none());
        assert!(base64url("+/+/").is_none());
    }

    #[test]
    fn bad_24_malleable_base64_is_refused() {
        for bad in [
            "Zh==",
            "Zm9=",
            "Z",
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
        assert_eq!(hex("00fFA9").unwrap().to_vec(), [0, 255, 0xa9]);
        for bad in ["0", "0g", "0x00", " 00", "00 ", "\u{e9}"] {
            assert!(hex(bad).is_none(), "{bad:?}");
        }
    }
}
