//! A key that was made.

use std::fmt;

use zeroize::Zeroizing;

use super::AlgorithmError;

/// A new key, in the encodings of its algorithm.
pub(crate) struct KeyPair {
    pub(crate) public: Vec<u8>,
    pub(crate) private: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyPair(***)")
    }
}

/// The seed of a new key.
pub(super) fn seed<const N: usize>() -> Result<Zeroizing<[u8; N]>, AlgorithmError> {
    let mut seed = Zeroizing::new([0; N]);
    getrandom::fill(&mut *seed).map_err(|_| AlgorithmError::NoRandomNumbers)?;
    Ok(seed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_pair_does_not_show_its_key() {
        let pair = KeyPair {
            public: vec![77],
            private: Zeroizing::new(vec![88]),
        };
        assert_eq!(format!("{pair:?}"), "KeyPair(***)");
    }
}
