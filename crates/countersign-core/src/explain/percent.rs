//! Percent escapes, as the various encoders and decoders of the world treat them.

use crate::encoding;

/// With every escape decoded; what only looks like one stays.
pub(super) fn decode(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        let (decoded, after) = escape(rest).unwrap_or((byte, after));
        out.push(decoded);
        rest = after;
    }
    out
}

/// With everything but unreserved characters (RFC 3986 §2.3) escaped.
pub(super) fn encode(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for &byte in text {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(byte);
        } else {
            out.push(b'%');
            out.extend(encoding::to_hex(&[byte]).to_ascii_uppercase().bytes());
        }
    }
    out
}

/// The digits of an escape in this case.
#[derive(Clone, Copy, Debug)]
pub(super) enum Case {
    Lower,
    Upper,
}

/// With the digits of every escape in `case`.
pub(super) fn recase(text: &[u8], case: Case) -> Vec<u8> {
    let mut out = text.to_vec();
    let mut rest = out.as_mut_slice();
    while let Some(at) = rest.iter().position(|&byte| byte == b'%') {
        let Some((_, from)) = rest.split_at_mut_checked(at) else {
            break;
        };
        let whole = escape(from).is_some();
        let length = if whole { 3 } else { 1 };
        let Some((digits, after)) = from.split_at_mut_checked(length) else {
            break;
        };
        match case {
            Case::Lower => digits.make_ascii_lowercase(),
            Case::Upper => digits.make_ascii_uppercase(),
        }
        rest = after;
    }
    out
}

/// `text` with every `from` replaced by `to`.
pub(super) fn replace(text: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        match rest.strip_prefix(from) {
            Some(after) if !from.is_empty() => {
                out.extend_from_slice(to);
                rest = after;
            }
            _ => {
                out.push(byte);
                rest = after;
            }
        }
    }
    out
}

/// The byte of the escape at the beginning of `text`, and what follows it.
fn escape(text: &[u8]) -> Option<(u8, &[u8])> {
    let (digits, after) = text.strip_prefix(b"%")?.split_at_checked(2)?;
    let [byte] = encoding::hex_exact(digits)?;
    Some((byte, after))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_whole_escapes_are_decoded() {
        assert_eq!(decode(b"a%20b%2fc%zz%4"), b"a b/c%zz%4");
    }

    #[test]
    fn the_case_of_escapes_changes_and_of_nothing_else() {
        assert_eq!(recase(b"/aB%2f%2F%zz%", Case::Upper), b"/aB%2F%2F%zz%");
        assert_eq!(recase(b"/aB%2f%2F", Case::Lower), b"/aB%2f%2f");
    }

    #[test]
    fn every_occurrence_is_replaced() {
        assert_eq!(replace(b"a%20b%20", b"%20", b"+"), b"a+b+");
        assert_eq!(replace(b"ab", b"", b"+"), b"ab");
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded(text in proptest::collection::vec(any::<u8>(), 0..40)) {
            prop_assert_eq!(decode(&encode(&text)), text);
        }
    }
}
