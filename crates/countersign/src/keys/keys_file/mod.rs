//! Keys in a TOML file.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use countersign_core::{KeyId, KeyLookup, KeySet, LookupError};

use self::shared::{Check, Shared, Trigger};

mod error;
mod events;
mod format;
mod reading;
mod secret_bytes;
mod shared;
#[cfg(test)]
mod tests;
mod watch;

pub use self::error::KeysFileError;

/// The keys in a TOML file.
///
/// ```toml
/// [[key]]
/// id = "test123"
/// secret = "mysecretkeydata"        # or secret_base64, secret_base64url, secret_hex, secret_file
/// principal = "dave@example.com"
/// schemes = ["hmac-auth"]           # optional: the only ones the key verifies under
/// not_before = 2026-01-01T00:00:00Z # optional
/// not_after = 2027-01-01T00:00:00Z  # optional
/// algorithm = "hmac-sha-1"          # optional: hmac-sha-1 (also without it) or hmac-sha-256
/// ```
///
/// * Several entries with one id are its keys during a rotation, at most four; the newest first.
/// * `secret` is text as issued, its UTF-8 bytes being the secret; `secret_base64`,
///   `secret_base64url` (padded or not) and `secret_hex` are decoded. The schemes `mac` and
///   `mac-draft` take their secret as text even where it looks like base64url: give it as `secret`.
/// * `secret_file` names a file of at most 64 KiB whose bytes are the secret, relative to the
///   directory of the key file. One line end (LF or CRLF) at its end is not part of the secret.
/// * A secret under 16 bytes can be found by trying. Partners have such secrets, so it is taken,
///   with a `warn` event that names the key.
/// * `schemes`: `auth-key`, `auth-key-v1`, `auth-key-v2`, `auth-key-v3`, `hmac-auth`,
///   `hmac-auth-sha256`, `moxie`, `mac`, `mac-draft`, `basic`. Without it the key verifies under
///   every enabled scheme but `basic`.
/// * Date-times need an offset and count to the second; a fraction is cut off.
///
/// The file is read by [`open`](KeysFile::open), by [`reload`](KeysFile::reload), and, after
/// [`watch`](KeysFile::watch), whenever it or one of its secret files has changed. A new version
/// that cannot be used changes nothing: the keys stay as they are. Replace the file by renaming a
/// complete one over it, lest half of it be read; what was read too early is read again.
///
/// Clones share the keys.
///
/// ```
/// use countersign::keys::KeysFile;
/// use countersign::{KeyId, KeyLookup};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let path = std::env::temp_dir().join(format!("countersign-doc-{}.toml", std::process::id()));
/// std::fs::write(
///     &path,
///     r#"
///     [[key]]
///     id = "example-id"
///     secret = "a secret of enough bytes"
///     principal = "dave@example.com"
///     "#,
/// )?;
/// let keys = KeysFile::open(&path)?;
/// # std::fs::remove_file(&path)?;
/// let id = KeyId::parse(b"example-id").expect("visible ASCII");
/// assert!(keys.lookup(id).await?.is_some());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct KeysFile(Arc<Shared>);

/// What [`KeysFile::reload`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reloaded {
    /// Other contents than before; the keys are now those.
    Changed,
    /// The contents whose keys are in use.
    Unchanged,
}

impl KeysFile {
    /// Reads the file at `path`, which may have 16 MiB: some 100 000 keys. Blocks while it reads.
    ///
    /// # Errors
    /// When the file or one of its secret files cannot be read or is too large, anything in it is
    /// not as described above, it has no keys, an id has more than four, or two ids have the same secret.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, KeysFileError> {
        let (shared, news) = Shared::open(path.into())?;
        events::short_secrets(shared.path(), &news);
        Ok(Self(Arc::new(shared)))
    }

    /// From now on looks at the file every `every` (at least 100 ms) and takes over what has
    /// changed.
    ///
    /// A task does so, on the threads that tokio keeps for blocking, since disks can be slow. It
    /// ends when the last clone of this `KeysFile` is dropped, or watches anew. A version that
    /// cannot be used is reported in one `error` event.
    ///
    /// Noticed are changes of the modification time, the length, and, on Unix, the inode and the
    /// time of its last change. For two seconds after a modification the file is read again each
    /// time, for the clocks of some file systems tick no faster.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    #[must_use]
    pub fn watch(self, every: Duration) -> Self {
        watch::start(&self.0, every);
        self
    }

    /// Reads the file now, whether it seems changed or not: for a signal handler or an admin
    /// command.
    ///
    /// Blocks while it reads; in async code wrap it in `tokio::task::spawn_blocking` when the disk
    /// may be slow.
    ///
    /// # Errors
    /// As [`open`](KeysFile::open); the keys then stay as they are.
    pub fn reload(&self) -> Result<Reloaded, KeysFileError> {
        match self.0.check(Trigger::Request) {
            Check::Same => Ok(Reloaded::Unchanged),
            Check::Changed(news) => {
                events::changed(self.path(), &news);
                Ok(Reloaded::Changed)
            }
            Check::Failed { error, .. } => Err(error),
        }
    }

    /// The path that was opened.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// How many keys there are, all ids together: at least one.
    pub fn key_count(&self) -> usize {
        self.0.key_count()
    }
}

impl KeyLookup for KeysFile {
    type Principal = String;

    async fn lookup(&self, id: KeyId<'_>) -> Result<Option<KeySet>, LookupError> {
        Ok(self.0.find(id.as_bytes()))
    }
}

impl fmt::Debug for KeysFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeysFile")
            .field("path", &self.path())
            .field("key_count", &self.key_count())
            .finish_non_exhaustive()
    }
}
