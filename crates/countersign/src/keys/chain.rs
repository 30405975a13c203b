//! Two sources of keys, asked one after the other.

use countersign_core::{KeyId, KeyLookup, KeySet, LookupError};

/// Asks the second source for the ids that the first does not know.
///
/// An id that both know has the keys of the first, and only those. When the first source fails, the
/// lookup fails: were the second asked then, it could be made to answer for ids of the first by
/// breaking the first.
///
/// ```
/// use countersign::SigningKey;
/// use countersign::keys::{Chain, StaticKeys};
///
/// # fn main() -> Result<(), countersign::ConfigError> {
/// let staff = StaticKeys::new([SigningKey::new("s-1", "a secret of enough bytes", "staff")?]);
/// let partners = StaticKeys::new([SigningKey::new("p-1", "another, as long as that", "acme")?]);
/// let keys = Chain::new(staff, partners);
/// # let _ = keys;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Chain<A, B> {
    first: A,
    second: B,
}

impl<A, B> Chain<A, B> {
    /// First `first`, then `second`.
    pub fn new(first: A, second: B) -> Self {
        Self { first, second }
    }
}

impl<A, B> KeyLookup for Chain<A, B>
where
    A: KeyLookup,
    B: KeyLookup<Principal = A::Principal>,
{
    type Principal = A::Principal;

    async fn lookup(&self, id: KeyId<'_>) -> Result<Option<KeySet<A::Principal>>, LookupError> {
        match self.first.lookup(id).await? {
            Some(keys) => Ok(Some(keys)),
            None => self.second.lookup(id).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::testing::{Backend, Reply, find};

    #[tokio::test]
    async fn the_second_is_asked_only_for_what_the_first_does_not_know() {
        for (reply, calls) in [(Reply::Known, 0), (Reply::Unknown, 1)] {
            let (first, second) = (Backend::that(reply), Backend::that(Reply::Known));
            let found = find(&Chain::new(first.clone(), second.clone()), "a").await;
            assert!(found.unwrap().is_some());
            assert_eq!((first.calls(), second.calls()), (1, calls));
        }
    }

    #[tokio::test]
    async fn bad_40_an_error_of_the_first_is_not_papered_over_by_the_second() {
        let (first, second) = (Backend::that(Reply::Down), Backend::that(Reply::Known));
        let chain = Chain::new(first, second.clone());
        assert!(find(&chain, "a").await.is_err());
        assert_eq!(second.calls(), 0);
    }
}
