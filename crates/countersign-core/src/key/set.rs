//! The keys of one id, which make rotation possible.

use std::fmt;
use std::sync::Arc;

use super::SigningKey;
use crate::config::ConfigError;
use crate::scheme::SchemeId;
use crate::time::Timestamp;

/// The keys of one id: usually one, two to four while a secret is being rotated.
///
/// Cloning is cheap; clones share the keys.
pub struct KeySet<P = String>(Arc<[SigningKey<P>]>);

impl<P> KeySet<P> {
    /// The most keys one id may have. Every refusal costs as many MAC computations as this
    /// number, however many keys the id has and whether it exists, so that the work tells nothing.
    pub const MAX_ACTIVE: usize = 4;

    /// A set of `keys`, tried in this order: put the newest first.
    ///
    /// # Errors
    /// When there is none, more than [`KeySet::MAX_ACTIVE`], or they have different ids.
    pub fn new(keys: impl IntoIterator<Item = SigningKey<P>>) -> Result<Self, ConfigError> {
        let keys: Arc<[_]> = keys.into_iter().collect();
        let Some(first) = keys.first() else {
            return Err(ConfigError::new(
                "key set",
                "no keys",
                "give at least one key",
            ));
        };
        if keys.len() > Self::MAX_ACTIVE {
            return Err(ConfigError::new(
                format!("keys with the id {:?}", first.public_id()),
                keys.len().to_string(),
                "keep at most 4 active; remove the oldest",
            ));
        }
        if let Some(other) = keys.iter().find(|key| key.id_bytes() != first.id_bytes()) {
            return Err(ConfigError::new(
                "key set",
                format!("{} and {}", first.public_id(), other.public_id()),
                "put keys of one id into one set",
            ));
        }
        Ok(Self(keys))
    }

    /// The keys, in the order in which they are tried.
    pub fn keys(&self) -> &[SigningKey<P>] {
        &self.0
    }

    /// The key to sign with under `scheme` at `now`: the first that [may](SigningKey::may_sign).
    pub fn signer(&self, scheme: SchemeId, now: Timestamp) -> Option<&SigningKey<P>> {
        self.0.iter().find(|key| key.may_sign(scheme, now))
    }

    /// The id they share.
    pub fn id(&self) -> &str {
        self.0.first().map_or("", SigningKey::id)
    }

    /// It as octets: enough to find the set by, and without asking once more whether they are text.
    pub fn id_bytes(&self) -> &[u8] {
        self.0.first().map_or(b"", SigningKey::id_bytes)
    }
}

impl<P> From<SigningKey<P>> for KeySet<P> {
    fn from(key: SigningKey<P>) -> Self {
        Self(Arc::from([key]))
    }
}

impl<P> Clone for KeySet<P> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<P> fmt::Debug for KeySet<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key_of(id: &str) -> SigningKey {
        SigningKey::new(id, "correct horse battery staple", "dave").unwrap()
    }

    #[test]
    fn the_newest_key_that_may_signs() {
        let at = Timestamp::from_unix;
        let next = key_of("a").not_before(at(100));
        let moxie_only = key_of("a").schemes([SchemeId::MOXIE]);
        let last = key_of("a").not_after(at(200));
        let set = KeySet::new([next, moxie_only, last]).unwrap();
        let position = |scheme, now| {
            let chosen = set.signer(scheme, at(now))?;
            set.keys().iter().position(|key| std::ptr::eq(key, chosen))
        };
        assert_eq!(position(SchemeId::MOXIE, 99), Some(1));
        assert_eq!(position(SchemeId::MAC, 99), Some(2));
        assert_eq!(position(SchemeId::MAC, 100), Some(0));
        let old = KeySet::from(key_of("a").not_after(at(200)));
        assert!(old.signer(SchemeId::MAC, at(201)).is_none());
    }

    #[test]
    fn a_set_has_one_to_four_keys_of_one_id() {
        assert!(KeySet::<String>::new([]).is_err());
        assert!(KeySet::new((0..4).map(|_| key_of("a"))).is_ok());
        assert!(KeySet::new((0..5).map(|_| key_of("a"))).is_err());
        assert!(KeySet::new([key_of("a"), key_of("b")]).is_err());
        // Also where the id of one is its secret.
        let id = "an-api-key-of-enough-bytes";
        let itself = SigningKey::new(id, id, "dave").unwrap();
        assert!(KeySet::new([key_of(id), itself]).is_ok());
    }
}
