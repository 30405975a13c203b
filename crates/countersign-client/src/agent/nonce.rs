//! Nonces.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The random bytes of a nonce: as many as the original's client has, and twice what chance needs.
const NONCE_BYTES: usize = 32;

/// A new nonce, of 44 characters.
pub(super) fn nonce() -> Result<String, getrandom::Error> {
    let mut bytes = [0; NONCE_BYTES];
    getrandom::fill(&mut bytes)?;
    Ok(STANDARD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_nonces_are_alike() {
        let [one, two] = [nonce().unwrap(), nonce().unwrap()];
        assert!(one.len() == 44 && one != two);
    }
}
