//! A key that is exchanged while it is in use.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use countersign_core::KeySet;

use super::{CredentialError, CredentialSource};

/// A key that can be exchanged while requests are being signed with it.
///
/// Cloning is cheap; clones share the key, so keep one to [`rotate`](Rotating::rotate) it.
///
/// ```
/// use countersign::sign::Rotating;
/// use countersign::{AuthKey, SignLayer, SigningKey};
///
/// let key = Rotating::new(SigningKey::new("example-id", "a secret of enough bytes", "")?);
/// let layer = SignLayer::new(AuthKey::default(), key.clone());
/// // Later: every attempt that begins from now on is signed with the next one.
/// key.rotate(SigningKey::new("example-id", "the next secret, as long", "")?);
/// # let _ = layer;
/// # Ok::<(), countersign::ConfigError>(())
/// ```
pub struct Rotating<P = String>(Arc<ArcSwap<KeySet<P>>>);

impl<P> Rotating<P> {
    /// Signs with `key` for the time being.
    pub fn new(key: impl Into<KeySet<P>>) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(key.into())))
    }

    /// Signs with `key` from now on, for every clone, in one step.
    pub fn rotate(&self, key: impl Into<KeySet<P>>) {
        self.0.store(Arc::new(key.into()));
    }
}

impl<P: Send + Sync + 'static> CredentialSource for Rotating<P> {
    type Principal = P;

    async fn credentials(&self) -> Result<KeySet<P>, CredentialError> {
        Ok(KeySet::clone(&self.0.load()))
    }
}

impl<P> Clone for Rotating<P> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<P> fmt::Debug for Rotating<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Rotating").field(&**self.0.load()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::testing::key;

    #[tokio::test]
    async fn all_clones_sign_with_the_new_key() {
        let rotating = Rotating::new(key("a", "the first secret of a"));
        let clone = rotating.clone();
        rotating.rotate(key("a", "the second secret of a"));
        let set = clone.credentials().await.unwrap();
        assert_eq!(set.keys()[0].secret().expose(), b"the second secret of a");
        assert!(!format!("{clone:?}").contains("secret of a"));
    }
}
