//! Why an algorithm did nothing.

use std::error::Error;
use std::fmt;

/// An algorithm could not do what it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AlgorithmError {
    /// It makes no signatures.
    CannotSign,
    /// It agrees on no secrets.
    CannotAgree,
    /// The peer's public key is malformed, off the curve or of low order.
    InvalidPublicKey,
    /// The bytes are no private key of this algorithm.
    Damaged,
    /// The operating system has no random numbers.
    NoRandomNumbers,
}

impl fmt::Display for AlgorithmError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CannotSign => "the algorithm makes no signatures",
            Self::CannotAgree => "the algorithm agrees on no secrets",
            Self::InvalidPublicKey => "the peer's public key is not one of this algorithm",
            Self::Damaged => "the private key is damaged",
            Self::NoRandomNumbers => "the operating system gives no random numbers",
        })
    }
}

impl Error for AlgorithmError {}
