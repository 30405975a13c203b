//! Decoding signatures, digests and keys: one accepted spelling per value, never malleable.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// Standard alphabet, padded or not. Non-zero trailing bits, white space and any other alphabet
/// are errors, so that no two texts decode to the same bytes save for the padding.
const EITHER_PADDING: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Decodes standard Base64, padded or not, of exactly `N` bytes.
pub(crate) fn base64_exact<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    decode_exact(&EITHER_PADDING, text)
}

/// Decodes standard Base64 with its padding, of exactly `N` bytes.
pub(crate) fn base64_padded_exact<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    decode_exact(&base64::engine::general_purpose::STANDARD, text)
}

/// Decodes unpadded base64url of exactly `N` bytes.
pub(crate) fn base64url_exact<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    decode_exact(&base64::engine::general_purpose::URL_SAFE_NO_PAD, text)
}

fn decode_exact<const N: usize>(engine: &GeneralPurpose, text: &[u8]) -> Option<[u8; N]> {
    // Room for the longest thing decoded here, a SHA-256, and the decoder's own rounding up.
    const ROOM: usize = 48;
    const { assert!(N <= 32) };
    let mut room = [0_u8; ROOM];
    if text.len() > ROOM || is_half_padded(text) {
        return None;
    }
    let written = engine.decode_slice(text, &mut room).ok()?;
    room.get(..written)?.try_into().ok()
}

/// Decodes hexadecimal in either case, of exactly `N` bytes.
pub(crate) fn hex_exact<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    let mut out = [0_u8; N];
    let (pairs, []) = text.as_chunks::<2>() else {
        return None;
    };
    if pairs.len() != N {
        return None;
    }
    for (byte, &[high, low]) in out.iter_mut().zip(pairs) {
        *byte = hex_digit(high)? << 4 | hex_digit(low)?;
    }
    Some(out)
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}

/// Lower-case hexadecimal.
pub(crate) fn to_hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}

/// Standard Base64 with padding.
pub(crate) fn to_base64(bytes: &[u8]) -> String {
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// Standard Base64 without padding.
pub(crate) fn to_base64_unpadded(bytes: &[u8]) -> String {
    base64::engine::general_purpose::STANDARD_NO_PAD.encode(bytes)
}

/// Decodes standard Base64, padded or not, of any length up to that of `room`.
pub(crate) fn base64_into<'r>(text: &[u8], room: &'r mut [u8]) -> Option<&'r [u8]> {
    if is_half_padded(text) {
        return None;
    }
    let written = EITHER_PADDING.decode_slice(text, room).ok()?;
    room.get(..written)
}

/// Whether there is some padding, but not all of it, which the decoder would let pass.
fn is_half_padded(text: &[u8]) -> bool {
    text.ends_with(b"=") && !text.len().is_multiple_of(4)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn bad_24_malleable_base64_is_refused() {
        let good = b"Q7N5qsQoQgAv62aXbnTBOaZvPH8";
        assert!(base64_exact::<20>(good).is_some());
        assert!(base64_exact::<20>(b"Q7N5qsQoQgAv62aXbnTBOaZvPH8=").is_some());
        for bad in [
            "Q7N5qsQoQgAv62aXbnTBOaZvPH9",   // a trailing bit is set
            "Q7N5qsQoQgAv62aXbnTBOaZvPH8==", // too much padding
            "Q7N5qsQoQgAv62aX bnTBOaZvPH8",
            "Q7N5qsQoQgAv62aXbnTBOaZvPH8\n",
            "Q7N5qsQoQgAv62aXbnTBOaZvPH-",
            "Q7N5qsQoQgAv62aXbnTBOaZvPH",
            "",
            "=",
        ] {
            assert_eq!(base64_exact::<20>(bad.as_bytes()), None, "{bad:?}");
        }
        assert_eq!(base64_padded_exact::<20>(good), None);
        for (text, taken) in [
            ("g26hErLKewirhYsLEW7mDg", true),
            ("g26hErLKewirhYsLEW7mDg==", true),
            ("g26hErLKewirhYsLEW7mDg=", false),
        ] {
            assert_eq!(
                base64_exact::<16>(text.as_bytes()).is_some(),
                taken,
                "{text}"
            );
        }
    }

    #[test]
    fn hexadecimal_has_one_length_and_either_case() {
        assert_eq!(hex_exact::<2>(b"aBcD"), Some([0xab, 0xcd]));
        for bad in ["abc", "abcde", "abcdef", "ab g", "+bcd", "0x12"] {
            assert_eq!(hex_exact::<2>(bad.as_bytes()), None, "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded(bytes: [u8; 32]) {
            prop_assert_eq!(base64_exact(to_base64(&bytes).as_bytes()), Some(bytes));
            prop_assert_eq!(base64_exact(to_base64_unpadded(&bytes).as_bytes()), Some(bytes));
            prop_assert_eq!(hex_exact(to_hex(&bytes).as_bytes()), Some(bytes));
        }

        #[test]
        fn any_bytes_are_decoded_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = base64_exact::<32>(&bytes);
            let _ = base64url_exact::<32>(&bytes);
            let _ = hex_exact::<20>(&bytes);
        }
    }
}
