//! A closure as a source of keys.

use std::fmt;
use std::future::Future;

use countersign_core::{KeyId, KeyLookup, KeySet, LookupError};

/// Looks keys up by calling `closure` with the id, as an owned `String` that its future may keep.
///
/// The id is what a stranger sent: 1 to 256 visible ASCII characters, among which are quotes,
/// slashes and question marks. Bind it as a parameter of a query and percent-encode it in a path.
///
/// ```
/// use countersign::keys::lookup_fn;
/// use countersign::{KeySet, LookupError, SigningKey};
///
/// let keys = lookup_fn(|id: String| async move {
///     if id != "example-id" {
///         return Ok(None);
///     }
///     let key = SigningKey::new(id, "a secret of enough bytes", "dave@example.com")
///         .map_err(LookupError::new)?;
///     Ok(Some(KeySet::from(key)))
/// });
/// # let _ = keys;
/// ```
pub fn lookup_fn<F, Answer, P>(closure: F) -> LookupFn<F>
where
    F: Fn(String) -> Answer + Send + Sync + 'static,
    Answer: Future<Output = Result<Option<KeySet<P>>, LookupError>> + Send,
    P: Send + Sync + 'static,
{
    LookupFn(closure)
}

/// A closure as a source of keys: see [`lookup_fn`].
#[derive(Clone, Copy)]
pub struct LookupFn<F>(F);

impl<F, Answer, P> KeyLookup for LookupFn<F>
where
    F: Fn(String) -> Answer + Send + Sync + 'static,
    Answer: Future<Output = Result<Option<KeySet<P>>, LookupError>> + Send,
    P: Send + Sync + 'static,
{
    type Principal = P;

    async fn lookup(&self, id: KeyId<'_>) -> Result<Option<KeySet<P>>, LookupError> {
        (self.0)(id.as_str().to_owned()).await
    }
}

impl<F> fmt::Debug for LookupFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LookupFn").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::keys::testing::{find, key};

    #[tokio::test]
    async fn the_closure_gets_the_id_and_may_wait() {
        let keys = lookup_fn(|id: String| async move {
            tokio::task::yield_now().await;
            Ok((id == "a").then(|| KeySet::from(key(&id, "a secret of enough bytes"))))
        });
        assert!(find(&keys, "a").await.unwrap().is_some());
        assert!(find(&keys, "b").await.unwrap().is_none());
    }

    #[tokio::test]
    async fn bad_46_a_hostile_id_arrives_as_it_is() {
        let ids = ["'OR/**/1=1--", "../../admin", "a%2Fb", "{\"$gt\":\"\"}"];
        let keys = lookup_fn(move |id: String| async move {
            assert!(ids.contains(&id.as_str()));
            Ok(None::<KeySet>)
        });
        for id in ids {
            assert!(find(&keys, id).await.unwrap().is_none());
        }
    }

    #[tokio::test]
    async fn a_closure_may_share_what_it_asks() {
        let pool = Arc::new("a pool of connections");
        let keys = lookup_fn(move |_| {
            let pool = Arc::clone(&pool);
            async move { Err::<Option<KeySet>, _>(LookupError::new(format!("{pool}: none free"))) }
        });
        let error = find(&keys, "a").await.unwrap_err().to_string();
        assert!(error.contains("none free"), "{error}");
    }
}
