//! What can go wrong, apart from the wrong being the caller's.

use std::error::Error;
use std::fmt;

use crate::seal::{KeyringError, UnsealError};
use crate::store::{StoreError, StoreErrorKind};

/// A registry cannot be opened. For the operator.
#[derive(Debug)]
#[non_exhaustive]
pub enum RegistryError {
    /// The master key is not the one of this store.
    WrongMasterKey(KeyringError),
    /// The store does not give or take the keyring.
    Store(StoreError),
    /// The operating system has no random numbers.
    NoRandomNumbers(getrandom::Error),
}

impl fmt::Display for RegistryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WrongMasterKey(error) => error.fmt(f),
            Self::Store(error) => error.fmt(f),
            Self::NoRandomNumbers(error) => {
                write!(f, "the operating system has no random numbers: {error}")
            }
        }
    }
}

impl Error for RegistryError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::WrongMasterKey(error) => Some(error),
            Self::Store(error) => error.source(),
            Self::NoRandomNumbers(error) => Some(error),
        }
    }
}

impl From<KeyringError> for RegistryError {
    fn from(error: KeyringError) -> Self {
        Self::WrongMasterKey(error)
    }
}

impl From<StoreError> for RegistryError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<getrandom::Error> for RegistryError {
    fn from(error: getrandom::Error) -> Self {
        Self::NoRandomNumbers(error)
    }
}

/// An operation was not done. Trouble was logged for the operator where it happened; what is
/// left here is what the caller may know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OperationError {
    /// The store cannot do it, or did not answer in time. A change may have been made.
    Store(StoreErrorKind),
    /// Others change the same thing all the time; nothing was done.
    Contended,
    /// The secret cannot be opened.
    Unreadable(UnsealError),
    /// The operating system has no random numbers.
    NoRandomNumbers,
    /// There is no such credential, or it was deleted.
    Unknown,
    /// The credential has another revision than the caller expected.
    Stale,
    /// The principal has as many active credentials as it may have.
    LimitReached,
    /// The idempotency key was used for something else before.
    IdempotencyKeyReused,
    /// The credential is inactive, expired or was rotated before.
    NotRotatable,
    /// The cursor is none of this listing.
    InvalidCursor,
}

impl fmt::Display for OperationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Store(_) => "the store cannot do it at the moment",
            Self::Contended => "others change the same credential all the time",
            Self::Unreadable(error) => return error.fmt(f),
            Self::NoRandomNumbers => "the operating system has no random numbers",
            Self::Unknown => "there is no such credential",
            Self::Stale => "the credential was changed since it was read",
            Self::LimitReached => "the principal has as many active credentials as it may have",
            Self::IdempotencyKeyReused => "the idempotency key was used for something else",
            Self::NotRotatable => "only an active credential that was not rotated can be rotated",
            Self::InvalidCursor => "the cursor is none of this listing",
        })
    }
}

impl Error for OperationError {}

impl From<getrandom::Error> for OperationError {
    fn from(error: getrandom::Error) -> Self {
        tracing::error!(%error, "the operating system has no random numbers");
        Self::NoRandomNumbers
    }
}
