//! Secrets at rest: sealed, each for one credential.
//!
//! Invariants: a secret enters a store only as [`Sealed`]; what was sealed for one credential does
//! not open for another; a wrong key, a changed byte and a foreign record all fail alike.
//!
//! Two kinds of key, so that the key a person keeps can be changed without a moment in which
//! nothing can be read. The [`MasterKey`] is kept outside the store and seals one thing, the
//! [`Keyring`]. The keyring is kept in the store and holds the data keys, one of them current,
//! which seal the secrets. [`Keyring::rekeyed`] adds a data key and makes it current; records are
//! sealed anew at leisure, and the old data keys stay to open what was not reached.
//!
//! The cipher is XChaCha20-Poly1305, whose nonces of 192 bits may be drawn at random without a
//! thought about how many there will be.

pub(crate) mod cipher;
mod keyring;
mod master_key;

pub use self::keyring::{Keyring, KeyringError, MARK_LEN, Sealed, UnsealError};
pub use self::master_key::{MasterKey, MasterKeyError};
