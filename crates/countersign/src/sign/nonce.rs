//! Nonces.

use std::fmt::Write as _;

use super::error::{CallError, CallErrorKind};

/// 128 bits: two of 2⁶⁴ nonces are alike with a probability of one half, and no service remembers
/// more than those of one window.
const BYTES: usize = 16;

/// A nonce from the operating system's random numbers. Lower-case hexadecimal is a nonce to every
/// scheme, also to the one that lower-cases what it signs.
pub(super) fn fresh() -> Result<String, CallError> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes).map_err(|error| {
        CallError::new(
            CallErrorKind::Randomness,
            "the request was not sent, as the operating system gives no random numbers for a nonce",
        )
        .caused_by(error)
    })?;
    let mut text = String::with_capacity(2 * BYTES);
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_is_128_bits_in_lower_case_hexadecimal() {
        let nonce = fresh().unwrap();
        assert_eq!(nonce.len(), 32);
        assert!(
            nonce
                .bytes()
                .all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
        );
        assert_ne!(fresh().unwrap(), nonce);
    }
}
