//! Keys that the program itself holds.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use countersign_core::{ConfigError, KeyId, KeyLookup, KeySet, LookupError, SigningKey};

use super::table::KeyTable;

/// Keys in memory, which can be replaced while they are in use.
///
/// Cloning is cheap; clones share the keys, so keep one to [`replace`](StaticKeys::replace) them.
///
/// ```
/// use countersign::SigningKey;
/// use countersign::keys::StaticKeys;
///
/// # fn main() -> Result<(), countersign::ConfigError> {
/// let keys = StaticKeys::new([SigningKey::new(
///     "example-id",
///     "a secret of enough bytes",
///     "dave@example.com",
/// )?]);
/// assert_eq!(keys.len(), 1);
///
/// // Rotation: the new key first, the old one until every client has changed.
/// keys.replace([
///     SigningKey::new("example-id", "the next secret, longer", "dave@example.com")?,
///     SigningKey::new("example-id", "a secret of enough bytes", "dave@example.com")?,
/// ])?;
/// assert_eq!(keys.len(), 2);
/// # Ok(())
/// # }
/// ```
pub struct StaticKeys<P = String>(Arc<ArcSwap<KeyTable<P>>>);

impl<P> StaticKeys<P> {
    /// These keys. Several with one id form its [`KeySet`], in the order given.
    ///
    /// # Panics
    /// Where [`try_new`](StaticKeys::try_new) gives an error, with its text: for keys that are
    /// written in the program, where there is nobody to handle it.
    #[track_caller]
    #[allow(clippy::panic)]
    pub fn new(keys: impl IntoIterator<Item = SigningKey<P>>) -> Self {
        match Self::try_new(keys) {
            Ok(keys) => keys,
            Err(error) => panic!("{error}"),
        }
    }

    /// As [`new`](StaticKeys::new), for keys that come from elsewhere.
    ///
    /// # Errors
    /// When there are no keys, more than [`KeySet::MAX_ACTIVE`] with one id, or two ids with one
    /// secret: the schemes do not sign the id, so one could stand in for the other.
    pub fn try_new(keys: impl IntoIterator<Item = SigningKey<P>>) -> Result<Self, ConfigError> {
        let table = table_of(
            keys,
            "give at least one key, or StaticKeys::empty() when they come later",
        )?;
        Ok(Self(Arc::new(ArcSwap::from_pointee(table))))
    }

    /// No keys yet: every id is unknown until [`replace`](StaticKeys::replace) brings some.
    pub fn empty() -> Self {
        Self(Arc::new(ArcSwap::from_pointee(KeyTable::empty())))
    }

    /// Puts `keys` in the place of all keys, for every clone, in one step: a lookup sees the keys
    /// of before or of after, never a mixture.
    ///
    /// # Errors
    /// As [`try_new`](StaticKeys::try_new); the keys then stay as they are. To have none, call
    /// [`clear`](StaticKeys::clear).
    pub fn replace(
        &self,
        keys: impl IntoIterator<Item = SigningKey<P>>,
    ) -> Result<(), ConfigError> {
        let table = table_of(
            keys,
            "give at least one key, or call clear() to refuse everybody",
        )?;
        self.0.store(Arc::new(table));
        Ok(())
    }

    /// Removes all keys, for every clone: from now on every request is refused.
    pub fn clear(&self) {
        self.0.store(Arc::new(KeyTable::empty()));
    }

    /// How many keys there are, all ids together.
    pub fn len(&self) -> usize {
        self.0.load().len()
    }

    /// Whether there are no keys.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<P: Send + Sync + 'static> KeyLookup for StaticKeys<P> {
    type Principal = P;

    async fn lookup(&self, id: KeyId<'_>) -> Result<Option<KeySet<P>>, LookupError> {
        Ok(self.0.load().find(id.as_bytes()))
    }
}

impl<P> Clone for StaticKeys<P> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<P> fmt::Debug for StaticKeys<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StaticKeys")
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}

fn table_of<P>(
    keys: impl IntoIterator<Item = SigningKey<P>>,
    fix_for_none: &'static str,
) -> Result<KeyTable<P>, ConfigError> {
    let table = KeyTable::build(keys)?;
    if table.len() == 0 {
        return Err(ConfigError::new("keys", "none", fix_for_none));
    }
    Ok(table)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::testing::{find, key};

    const SECRET: &str = "correct horse battery staple";

    #[test]
    #[should_panic(expected = "StaticKeys::empty()")]
    fn without_keys_it_panics_with_the_fix() {
        StaticKeys::<String>::new([]);
    }

    #[tokio::test]
    async fn all_clones_see_the_new_keys_and_none_of_the_old() {
        let keys = StaticKeys::new([key("a", SECRET)]);
        let clone = keys.clone();
        keys.replace([key("b", SECRET)]).unwrap();
        assert!(find(&clone, "a").await.unwrap().is_none());
        assert_eq!(find(&clone, "b").await.unwrap().unwrap().id(), "b");
    }

    #[tokio::test]
    async fn bad_keys_replace_nothing() {
        let keys = StaticKeys::new([key("a", SECRET)]);
        assert!(keys.replace([]).unwrap_err().to_string().contains("clear"));
        assert!(keys.replace([key("b", SECRET), key("c", SECRET)]).is_err());
        assert!(find(&keys, "a").await.unwrap().is_some());
    }

    #[tokio::test]
    async fn keys_can_come_later_and_go_again() {
        let keys = StaticKeys::empty();
        assert!(keys.is_empty() && find(&keys, "a").await.unwrap().is_none());
        keys.replace([key("a", SECRET)]).unwrap();
        assert!(!keys.is_empty() && find(&keys, "a").await.unwrap().is_some());
        keys.clear();
        assert!(keys.is_empty() && find(&keys, "a").await.unwrap().is_none());
    }

    #[tokio::test]
    async fn the_principal_is_of_any_type() {
        #[derive(Debug, PartialEq)]
        struct Account(u64);
        let key = SigningKey::with_principal("a", SECRET, Account(7)).unwrap();
        let found = find(&StaticKeys::new([key]), "a").await.unwrap().unwrap();
        assert_eq!(found.keys()[0].principal(), &Account(7));
    }

    #[test]
    fn bad_57_debug_shows_no_key() {
        let shown = format!("{:?}", StaticKeys::new([key("a", SECRET)]));
        assert_eq!(shown, "StaticKeys { len: 1, .. }");
    }
}
