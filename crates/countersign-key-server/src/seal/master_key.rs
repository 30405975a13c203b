//! The key that is kept outside the store.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use super::cipher::{CipherKey, KEY_LEN};

/// The most of a key file that is read: many times what it should hold.
const MAX_FILE: u64 = 4096;

/// The key that opens the [`Keyring`](super::Keyring): 256 random bits, written as 43 characters
/// of unpadded base64url in a file that only its owner can read.
#[derive(Clone)]
pub struct MasterKey(pub(super) CipherKey);

impl MasterKey {
    /// A new key.
    ///
    /// # Errors
    /// When the operating system has no random numbers.
    pub fn generate() -> Result<Self, getrandom::Error> {
        CipherKey::random().map(Self)
    }

    /// Reads the key in the file `path`; white space around it does not matter.
    ///
    /// # Errors
    /// When the file cannot be read, holds no key, or (on Unix) others than its owner can read it.
    pub fn read(path: &Path) -> Result<Self, MasterKeyError> {
        let file = File::open(path).map_err(|error| MasterKeyError::io(path, error))?;
        refuse_if_others_can_read(&file, path)?;
        let mut text = Zeroizing::new(String::new());
        file.take(MAX_FILE)
            .read_to_string(&mut text)
            .map_err(|error| MasterKeyError::io(path, error))?;
        let bytes = URL_SAFE_NO_PAD.decode(text.trim()).map(Zeroizing::new).ok();
        bytes
            .and_then(|bytes| CipherKey::from_slice(&bytes))
            .map(Self)
            .ok_or_else(|| MasterKeyError::new(path, Trouble::NoKey))
    }

    /// Writes the key into the new file `path`, which only its owner can read, and waits until it
    /// is on the disk.
    ///
    /// # Errors
    /// When there is such a file already, or it cannot be written.
    pub fn write_new(&self, path: &Path) -> Result<(), MasterKeyError> {
        let io = |error| MasterKeyError::io(path, error);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path).map_err(io)?;
        let text = Zeroizing::new(URL_SAFE_NO_PAD.encode(self.0.expose()));
        file.write_all(text.as_bytes()).map_err(io)?;
        file.write_all(b"\n").map_err(io)?;
        file.sync_all().map_err(io)?;
        // The name of a new file is on the disk when its folder is.
        let folder = path.parent().filter(|it| !it.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))
            .and_then(|folder| folder.sync_all())
            .map_err(io)
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(***)")
    }
}

#[cfg(unix)]
fn refuse_if_others_can_read(file: &File, path: &Path) -> Result<(), MasterKeyError> {
    use std::os::unix::fs::PermissionsExt as _;
    let metadata = file
        .metadata()
        .map_err(|error| MasterKeyError::io(path, error))?;
    let mode = metadata.permissions().mode() & 0o777;
    if metadata.is_file() && mode & 0o077 != 0 {
        return Err(MasterKeyError::new(path, Trouble::Readable(mode)));
    }
    Ok(())
}

#[cfg(not(unix))]
fn refuse_if_others_can_read(_: &File, _: &Path) -> Result<(), MasterKeyError> {
    Ok(())
}

/// A file with a master key cannot be used.
#[derive(Debug)]
pub struct MasterKeyError {
    path: PathBuf,
    trouble: Trouble,
}

#[derive(Debug)]
enum Trouble {
    Io(io::Error),
    NoKey,
    Readable(u32),
}

impl MasterKeyError {
    fn new(path: &Path, trouble: Trouble) -> Self {
        Self {
            path: path.to_owned(),
            trouble,
        }
    }

    fn io(path: &Path, error: io::Error) -> Self {
        Self::new(path, Trouble::Io(error))
    }

    /// Whether there is no such file.
    pub fn is_missing(&self) -> bool {
        matches!(&self.trouble, Trouble::Io(error) if error.kind() == io::ErrorKind::NotFound)
    }
}

impl fmt::Display for MasterKeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match &self.trouble {
            Trouble::Io(error) => write!(f, "the master key file {path}: {error}"),
            Trouble::NoKey => write!(
                f,
                "the master key file {path} holds no key; a key is {KEY_LEN} bytes written as 43 \
                 characters of unpadded base64url"
            ),
            Trouble::Readable(mode) => write!(
                f,
                "the master key file {path} can be read by others (mode {mode:04o}); chmod 600 it"
            ),
        }
    }
}

impl std::error::Error for MasterKeyError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.trouble {
            Trouble::Io(error) => Some(error),
            Trouble::NoKey | Trouble::Readable(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_written_key_is_read_back_and_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        assert!(MasterKey::read(&path).unwrap_err().is_missing());
        let key = MasterKey::generate().unwrap();
        key.write_new(&path).unwrap();
        let read = MasterKey::read(&path).unwrap();
        assert_eq!(read.0.expose(), key.0.expose());
        assert!(key.write_new(&path).is_err());
    }

    #[test]
    #[cfg(unix)]
    fn a_file_that_others_can_read_is_refused_with_the_fix() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        MasterKey::generate().unwrap().write_new(&path).unwrap();
        let mode =
            |mode| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        mode(0o640);
        let error = MasterKey::read(&path).unwrap_err().to_string();
        assert!(
            error.contains("0640") && error.contains("chmod 600"),
            "{error}"
        );
        mode(0o400);
        assert!(MasterKey::read(&path).is_ok());
    }

    #[test]
    fn half_a_key_is_none_and_is_not_shown() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        MasterKey::generate().unwrap().write_new(&path).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, &text[..20]).unwrap();
        let error = MasterKey::read(&path).unwrap_err().to_string();
        assert!(
            error.contains("holds no key") && !error.contains(&text[..20]),
            "{error}"
        );
    }
}
