//! Everything a store keeps, in one file.
//!
//! The file is lines of JSON: a header with the sealed keyring, a line for each record and each
//! token, deleted and revoked ones too, and at the end how many there are and the SHA-256 of all
//! the lines before. Secrets are in it as they are in the store: sealed. Whoever has the file and
//! the master key has every secret, so the two are kept apart; a backup without its master key is
//! worth nothing. What is not in it: the memory of `Idempotency-Key`, a day long.
//!
//! The hash finds files that were cut off or damaged. It does not find those that somebody
//! rewrote with a new hash; of the secrets in those, none opens that was changed.
//!
//! A backup can be made of a store that is in use: it has every record that was there when it
//! began, each as it was at some moment while it ran. It can be restored into any kind of store.

mod line;
mod read;
mod restore;
mod write;

pub use self::restore::{Restored, restore};
pub use self::write::{BackedUp, back_up};
