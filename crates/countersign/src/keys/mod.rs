//! Where keys come from.
//!
//! Every type here is a [`KeyLookup`](countersign_core::KeyLookup), and they nest: what protects a
//! service is usually one source of keys with one or two of the others around it.
//!
//! | the keys are | use |
//! |---|---|
//! | known when the program starts, or kept up to date by your own code | [`StaticKeys`] |
//! | in a TOML file that operators edit | [`KeysFile`] |
//! | behind a database or an API | [`lookup_fn`], or your own `KeyLookup` |
//! | expensive to look up | [`CachedLookup`] around the source |
//! | behind something that may hang | [`TimeoutLookup`] around the source, inside the cache |
//! | in two places | [`Chain`] of both |
//!
//! Every one of them fails closed: when it cannot be told whether an id has keys, the request is
//! answered 503, and no other source is asked in its stead.
//!
//! # Example
//!
//! Keys of an API that takes at most two seconds to answer, remembered for a minute, with one key
//! for emergencies that needs no API.
//!
//! ```
//! use std::time::Duration;
//!
//! use countersign::keys::{CachedLookup, Chain, StaticKeys, TimeoutLookup, lookup_fn};
//! use countersign::{KeyId, KeyLookup, KeySet, LookupError, SigningKey};
//!
//! # async fn ask_the_api(id: &str) -> Result<Option<Vec<u8>>, std::io::Error> {
//! #     Ok((id == "example-id").then(|| b"a secret of enough bytes".to_vec()))
//! # }
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let api = lookup_fn(|id: String| async move {
//!     let Some(secret) = ask_the_api(&id).await.map_err(LookupError::new)? else {
//!         return Ok(None);
//!     };
//!     let key = SigningKey::new(id, secret, "dave@example.com").map_err(LookupError::new)?;
//!     Ok(Some(KeySet::from(key)))
//! });
//! let api = CachedLookup::new(TimeoutLookup::new(api, Duration::from_secs(2)));
//! let emergency = StaticKeys::try_new([SigningKey::new(
//!     "break-glass",
//!     "another secret of enough bytes",
//!     "operations",
//! )?])?;
//! let keys = Chain::new(emergency, api);
//!
//! let id = KeyId::parse(b"example-id").expect("visible ASCII");
//! let found = keys.lookup(id).await?.expect("the API knows it");
//! assert_eq!(found.keys()[0].principal(), "dave@example.com");
//! # Ok(())
//! # }
//! ```

use std::sync::{Mutex, MutexGuard, PoisonError};

mod cached;
mod chain;
mod keys_file;
mod lookup_fn;
mod static_keys;
mod table;
#[cfg(test)]
pub(crate) mod testing;
mod timeout;

pub use self::cached::CachedLookup;
pub use self::chain::Chain;
pub use self::keys_file::{KeysFile, KeysFileError, Reloaded};
pub use self::lookup_fn::{LookupFn, lookup_fn};
pub use self::static_keys::StaticKeys;
pub use self::timeout::TimeoutLookup;

/// Locks `mutex`, also after a panic elsewhere: what is kept under the locks of this module is
/// whole between any two statements.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
