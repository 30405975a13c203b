//! The keyring of a store.

use super::MaintenanceError;
use crate::seal::{Keyring, MasterKey};
use crate::store::CredentialStore;

/// Opens the keyring of `store`; `None` when it has none, because it is new.
///
/// # Errors
/// When the store cannot be read, or `master` does not open the keyring.
pub async fn open_keyring(
    store: &dyn CredentialStore,
    master: &MasterKey,
) -> Result<Option<Keyring>, MaintenanceError> {
    let Some((sealed, _)) = store.keyring().await? else {
        return Ok(None);
    };
    Keyring::from_bytes(&sealed, master)
        .map(Some)
        .map_err(|error| MaintenanceError::new(error.to_string()).because(error))
}

/// Opens the keyring of `store`, and makes one if it has none. Of servers that start at once on a
/// new store, one makes it and the others open that one.
///
/// # Errors
/// When the store cannot be read or written, or `master` does not open the keyring.
pub async fn make_keyring(
    store: &dyn CredentialStore,
    master: &MasterKey,
) -> Result<Keyring, MaintenanceError> {
    if let Some(keyring) = open_keyring(store, master).await? {
        return Ok(keyring);
    }
    let keyring = Keyring::generate()?;
    if store.put_keyring(&keyring.to_bytes(master)?, None).await? {
        return Ok(keyring);
    }
    open_keyring(store, master).await?.ok_or_else(|| {
        MaintenanceError::new(
            "the key store's keyring was made and removed by somebody else; start again",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::MemoryStore;

    #[tokio::test]
    async fn a_keyring_is_made_once_and_opens_with_its_master_key_only() {
        let store = MemoryStore::new();
        let (master, other) = (
            MasterKey::generate().unwrap(),
            MasterKey::generate().unwrap(),
        );
        assert!(open_keyring(&store, &master).await.unwrap().is_none());
        let made = make_keyring(&store, &master).await.unwrap();
        let again = make_keyring(&store, &master).await.unwrap();
        assert_eq!(made.handle_of("a"), again.handle_of("a"));
        let error = make_keyring(&store, &other).await.unwrap_err();
        assert!(error.to_string().contains("does not open"), "{error}");
    }
}
