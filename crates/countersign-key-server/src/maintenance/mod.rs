//! What is done to a store as a whole: its keyring, its tokens, re-keying, backup and restore.
//!
//! Invariants:
//! * Everything may be cut off at any point and started again; nothing acknowledged is lost.
//! * A keyring is made only for a store that has none, and never replaced by one that lacks a key
//!   of the old one: what was sealed once can be opened as long as the master key is kept.
//! * A secret leaves a store sealed only.

pub mod backup;
mod error;
#[cfg(feature = "couchdb")]
pub mod import;
mod keyring;
mod master_key;
mod rekey;
#[cfg(test)]
mod testing;
pub mod tokens;

pub use self::error::MaintenanceError;
pub use self::keyring::{make_keyring, open_keyring};
pub use self::master_key::{master_key_of, read_or_make_master_key};
pub use self::rekey::{Rekeyed, rekey};

fn hexadecimal(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}
