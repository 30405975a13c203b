//! Making a master key.

use std::fs::File;
use std::io;
use std::path::Path;

use super::{MaintenanceError, hexadecimal};
use crate::seal::{MasterKey, MasterKeyError};
use crate::store::CredentialStore;

/// The random bytes in the name of the unfinished file.
const NAME_BYTES: usize = 8;

/// The master key of `store` in the file `path`. If there is no such file, it is made for a store
/// that is new, and for no other.
///
/// # Errors
/// When the file cannot be used or made, or is missing while the store has been sealed already.
pub async fn master_key_of(
    store: &dyn CredentialStore,
    path: &Path,
) -> Result<MasterKey, MaintenanceError> {
    match MasterKey::read(path) {
        Err(error) if error.is_missing() => {}
        read => return read.map_err(unusable),
    }
    if store.keyring().await?.is_some() {
        return Err(MaintenanceError::new(format!(
            "the master key file {} is missing, and the key store was sealed with it; restore that \
             file from its copy, or name the copy; no other key opens this store",
            path.display()
        )));
    }
    let key = read_or_make_master_key(path)?;
    tracing::warn!(
        "made the master key {}; keep a copy of it apart from the backups of the store: without it \
         no secret can be read",
        path.display()
    );
    Ok(key)
}

/// The master key in the file `path`; a new one, in a new file that only its owner can read, if
/// there is no such file. Cut off at any point, it leaves a whole key at `path` or nothing.
///
/// # Errors
/// When the file is there and holds no key or can be read by others, or cannot be made.
pub fn read_or_make_master_key(path: &Path) -> Result<MasterKey, MaintenanceError> {
    match MasterKey::read(path) {
        Err(error) if error.is_missing() => make(path),
        read => read.map_err(unusable),
    }
}

fn make(path: &Path) -> Result<MasterKey, MaintenanceError> {
    let cannot = |error: io::Error| {
        let sentence = format!(
            "the master key file {} cannot be made: {error}",
            path.display()
        );
        MaintenanceError::new(sentence).because(error)
    };
    let mut random = [0; NAME_BYTES];
    getrandom::fill(&mut random)?;
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(format!(".{}.unfinished", hexadecimal(&random)));
    let unfinished = Path::new(&unfinished);

    let key = MasterKey::generate()?;
    key.write_new(unfinished).map_err(|error| {
        let _ = std::fs::remove_file(unfinished);
        unusable(error)
    })?;
    // Unlike renaming, linking never replaces a key that another process has made meanwhile.
    let linked = std::fs::hard_link(unfinished, path);
    std::fs::remove_file(unfinished).map_err(cannot)?;
    match linked {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            return MasterKey::read(path).map_err(unusable);
        }
        // Not every file system has links.
        Err(_) => return key.write_new(path).map(|()| key).map_err(unusable),
    }
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))
        .and_then(|folder| folder.sync_all())
        .map_err(cannot)?;
    Ok(key)
}

fn unusable(error: MasterKeyError) -> MaintenanceError {
    MaintenanceError::new(error.to_string()).because(error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seal::Keyring;

    #[test]
    fn a_key_is_made_once_and_nothing_else_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let made = read_or_make_master_key(&path).unwrap();
        let read = read_or_make_master_key(&path).unwrap();
        let sealed = Keyring::generate().unwrap().to_bytes(&made).unwrap();
        assert!(Keyring::from_bytes(&sealed, &read).is_ok());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_that_is_there_is_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        std::fs::write(&path, "not a key").unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let owner = std::fs::Permissions::from_mode(0o600);
            std::fs::set_permissions(&path, owner).unwrap();
        }
        let error = read_or_make_master_key(&path).unwrap_err().to_string();
        assert!(error.contains("holds no key"), "{error}");
        assert_eq!(std::fs::read(&path).unwrap(), b"not a key");
    }
}
