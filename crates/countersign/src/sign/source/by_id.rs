//! The key of one id among many.

use std::fmt;

use countersign_core::{ConfigError, KeyId, KeyLookup, KeySet};

use super::{CredentialError, CredentialSource};

/// The key with one id, from whatever looks keys up: a [`KeysFile`](crate::KeysFile) that is
/// watched, or a key server behind a [`CachedLookup`](crate::CachedLookup). When the key changes
/// there, the next attempt is signed with the new one.
pub struct KeyById<K> {
    keys: K,
    id: Box<str>,
}

impl<K: KeyLookup> KeyById<K> {
    /// The key with the id `id` in `keys`.
    ///
    /// # Errors
    /// When `id` can be no key id. Whether there is such a key is found out when it is needed.
    pub fn new(keys: K, id: impl Into<Box<str>>) -> Result<Self, ConfigError> {
        let id = id.into();
        if KeyId::parse(id.as_bytes()).is_none() {
            return Err(ConfigError::new(
                "key id",
                String::from(id),
                "use 1 to 256 visible ASCII characters",
            ));
        }
        Ok(Self { keys, id })
    }
}

impl<K: KeyLookup> CredentialSource for KeyById<K> {
    type Principal = K::Principal;

    async fn credentials(&self) -> Result<KeySet<K::Principal>, CredentialError> {
        // An id may be a secret (Basic), so no error names it.
        let unknown = || CredentialError::new("the key with the configured id is not there");
        let id = KeyId::parse(self.id.as_bytes()).ok_or_else(unknown)?;
        let found = self.keys.lookup(id).await.map_err(CredentialError::new)?;
        found
            .filter(|keys| keys.id() == &*self.id)
            .ok_or_else(unknown)
    }
}

impl<K> fmt::Debug for KeyById<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyById").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::StaticKeys;
    use crate::keys::testing::{Backend, Reply, key};

    #[tokio::test]
    async fn the_key_is_looked_up_every_time() {
        let keys = StaticKeys::new([key("a", "the first secret of a")]);
        let source = KeyById::new(keys.clone(), "a").unwrap();
        assert_eq!(source.credentials().await.unwrap().id(), "a");
        keys.replace([key("b", "the only secret of b")]).unwrap();
        let error = source.credentials().await.unwrap_err().to_string();
        assert!(
            error.contains("not there") && !error.contains('"'),
            "{error}"
        );
    }

    #[tokio::test]
    async fn a_lookup_that_is_down_is_an_error() {
        let source = KeyById::new(Backend::that(Reply::Down), "a").unwrap();
        assert!(source.credentials().await.is_err());
        assert!(KeyById::new(StaticKeys::<String>::empty(), "a b").is_err());
    }
}
