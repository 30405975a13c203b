//! Decoding signatures, digests and keys: one accepted spelling per value, never malleable.

use base64::Engine as _;

/// Decodes standard Base64, padded or not, of exactly `N` bytes.
pub(crate) fn base64_exact<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    if text.len() == digits_of(N) {
        decode_digits(text)
    } else {
        base64_padded_exact(text)
    }
}

/// Decodes standard Base64 with its padding, of exactly `N` bytes.
pub(crate) fn base64_padded_exact<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    let (digits, padding) = text.split_at_checked(digits_of(N))?;
    let whole = text.len() == N.div_ceil(3).saturating_mul(4) && padding.iter().all(|&b| b == b'=');
    decode_digits(digits).filter(|_| whole)
}

/// Decodes unpadded base64url of exactly `N` bytes.
pub(crate) fn base64url_exact<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    // Room for the longest thing decoded here, a secret, and the decoder's own rounding up.
    const ROOM: usize = 48;
    const { assert!(N <= 32) };
    let mut room = [0_u8; ROOM];
    if text.len() > ROOM {
        return None;
    }
    let engine = &base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let written = engine.decode_slice(text, &mut room).ok()?;
    room.get(..written)?.try_into().ok()
}

/// How many digits `bytes` bytes have in Base64, padding aside.
const fn digits_of(bytes: usize) -> usize {
    bytes.saturating_mul(4).div_ceil(3)
}

/// Decodes exactly `N` bytes: non-zero trailing bits, white space and any other alphabet are
/// errors, so that no two texts decode to the same bytes save for the padding. By hand, as a signature is decoded for every request before
/// anything is known of it, and a decoder of texts of any length takes twice the instructions.
fn decode_digits<const N: usize>(digits: &[u8]) -> Option<[u8; N]> {
    if digits.len() != digits_of(N) {
        return None;
    }
    let mut out = [0_u8; N];
    let (quads, rest) = digits.as_chunks::<4>();
    let (triples, last) = out.as_chunks_mut::<3>();
    let mut seen = 0;
    for (triple, quad) in triples.iter_mut().zip(quads) {
        let bits = bits_of(*quad);
        seen |= bits;
        let [_, first, second, third] = bits.to_be_bytes();
        *triple = [first, second, third];
    }
    // The digits left over are as good as followed by zeros.
    let mut quad = [b'A'; 4];
    for (digit, &left) in quad.iter_mut().zip(rest) {
        *digit = left;
    }
    let bits = bits_of(quad);
    seen |= bits;
    let [_, left @ ..] = bits.to_be_bytes();
    let (decoded, trailing) = left.split_at_checked(last.len())?;
    last.copy_from_slice(decoded);
    (seen & INVALID == 0 && trailing.iter().all(|&byte| byte == 0)).then_some(out)
}

/// The 24 bits of four digits; some of [`INVALID`] when one of them is none.
#[inline]
#[allow(clippy::indexing_slicing)] // the table has a place for every octet
fn bits_of(quad: [u8; 4]) -> u32 {
    let value = |digit: u8| DIGITS[usize::from(digit)];
    let [first, second, third, fourth] = quad.map(value);
    first << 18 | second << 12 | third << 6 | fourth
}

/// Set in the bits of four digits of which one is none.
const INVALID: u32 = 1 << 24;

/// The value of each digit. Any other octet sets [`INVALID`] whichever of the four it is.
#[allow(clippy::indexing_slicing, clippy::arithmetic_side_effects)] // seen by the compiler
static DIGITS: [u32; 256] = {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut table = [INVALID | INVALID >> 6 | INVALID >> 12 | INVALID >> 18; 256];
    let mut value = 0;
    while value < 64 {
        table[alphabet[value as usize] as usize] = value;
        value += 1;
    }
    table
};

/// Decodes hexadecimal in either case, of exactly `N` bytes. From a table, which takes 5
/// instructions a digit; to ask the library for the value of each takes 12.
pub(crate) fn hex_exact<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    let mut out = [0_u8; N];
    let (pairs, []) = text.as_chunks::<2>() else {
        return None;
    };
    if pairs.len() != N {
        return None;
    }
    let mut seen = 0;
    for (byte, &[high, low]) in out.iter_mut().zip(pairs) {
        let value = hex_value(high) << 4 | hex_value(low);
        seen |= value;
        [_, *byte] = value.to_be_bytes();
    }
    (seen <= 0xff).then_some(out)
}

/// The value of a hexadecimal digit; [`NO_HEX`] for any other octet.
#[inline]
#[allow(clippy::indexing_slicing)] // the table has a place for every octet
fn hex_value(digit: u8) -> u16 {
    static VALUES: [u16; 256] = {
        let mut table = [NO_HEX; 256];
        let mut value = 0;
        while value < 16 {
            let digit = b"0123456789abcdef"[value as usize];
            table[digit as usize] = value;
            table[digit.to_ascii_uppercase() as usize] = value;
            value += 1;
        }
        table
    };
    VALUES[usize::from(digit)]
}

/// More than a byte, also when it is shifted by a digit.
const NO_HEX: u16 = 0x100;

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

/// Decodes standard Base64, padded or not, of any length up to that of `room`. Non-zero trailing
/// bits, white space and any other alphabet are errors, so that no two texts decode to the same
/// bytes save for the padding.
#[cfg(feature = "mac")]
pub(crate) fn base64_into<'r>(text: &[u8], room: &'r mut [u8]) -> Option<&'r [u8]> {
    use base64::alphabet::STANDARD;
    use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

    const EITHER_PADDING: GeneralPurpose = GeneralPurpose::new(
        &STANDARD,
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
    );
    // The decoder would let some of the padding pass.
    if text.ends_with(b"=") && !text.len().is_multiple_of(4) {
        return None;
    }
    let written = EITHER_PADDING.decode_slice(text, room).ok()?;
    room.get(..written)
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
        fn what_is_read_by_hand_is_what_the_decoder_reads(
            bytes: [u8; 32],
            place in 0_usize..44,
            digit: u8,
        ) {
            let mut text = to_base64(&bytes).into_bytes();
            text[place] = digit;
            let read = base64_padded_exact::<32>(&text);
            let expected = base64::engine::general_purpose::STANDARD.decode(&text).ok();
            prop_assert_eq!(read.map(Vec::from), expected.filter(|bytes| bytes.len() == 32));
        }

        #[test]
        fn an_octet_among_hexadecimal_is_read_as_a_digit_or_not_at_all(
            mut bytes: [u8; 20],
            place in 0_usize..40,
            digit: u8,
        ) {
            let mut text = to_hex(&bytes).into_bytes();
            text[place] = digit;
            let value = char::from(digit).to_digit(16).map(|value| u8::try_from(value).unwrap());
            let byte = &mut bytes[place / 2];
            *byte = match place % 2 {
                0 => *byte & 0x0f | value.unwrap_or_default() << 4,
                _ => *byte & 0xf0 | value.unwrap_or_default(),
            };
            prop_assert_eq!(hex_exact(&text), value.map(|_| bytes));
        }

        #[test]
        fn any_bytes_are_decoded_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = base64_exact::<32>(&bytes);
            let _ = base64url_exact::<32>(&bytes);
            let _ = hex_exact::<20>(&bytes);
        }
    }
}
