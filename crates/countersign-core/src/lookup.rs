//! Where keys come from.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::key::{KeyId, KeySet};

/// Finds the keys of an id.
///
/// It is asked after the timestamp was found fresh and before anything else is known to be true:
/// the id is whatever a stranger sent, and must be used as data only.
///
/// ```
/// use countersign_core::{KeyId, KeyLookup, KeySet, LookupError};
///
/// #[derive(Debug)]
/// struct NoKeys;
///
/// impl KeyLookup for NoKeys {
///     type Principal = String;
///     async fn lookup(&self, _id: KeyId<'_>) -> Result<Option<KeySet>, LookupError> {
///         Ok(None)
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not look up keys",
    note = "use StaticKeys, KeysFile or lookup_fn, or implement KeyLookup"
)]
pub trait KeyLookup: Send + Sync + 'static {
    /// Whom a key stands for: handed to the service with every verified request.
    type Principal: Send + Sync + 'static;

    /// The keys with the id `id`, or `None` when there are none.
    ///
    /// Return expired and pinned keys too: whether a key may be used is decided later, so that a
    /// refusal costs the same in every case.
    ///
    /// # Errors
    /// When it cannot be told whether there are keys. The request is answered 503, never 401,
    /// and the failure must not be cached.
    fn lookup(
        &self,
        id: KeyId<'_>,
    ) -> impl Future<Output = Result<Option<KeySet<Self::Principal>>, LookupError>> + Send;
}

/// Keys cannot be looked up at the moment.
#[derive(Clone, Debug)]
pub struct LookupError(Arc<dyn Error + Send + Sync>);

impl LookupError {
    /// Because of `source`, which the operator will see and the caller will not.
    pub fn new(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(Arc::from(source.into()))
    }

    pub(crate) fn into_source(self) -> Arc<dyn Error + Send + Sync> {
        self.0
    }
}

impl fmt::Display for LookupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "keys cannot be looked up: {}", self.0)
    }
}

impl Error for LookupError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.0)
    }
}

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// [`KeyLookup`] as a trait object, at the price of one allocation per lookup.
///
/// Implemented by every `KeyLookup`; use it as `Arc<dyn DynKeyLookup<P>>`, which is a
/// `KeyLookup` again.
pub trait DynKeyLookup<P>: Send + Sync + 'static {
    /// As [`KeyLookup::lookup`].
    fn lookup_dyn<'a>(
        &'a self,
        id: KeyId<'a>,
    ) -> BoxFuture<'a, Result<Option<KeySet<P>>, LookupError>>;
}

impl<K: KeyLookup> DynKeyLookup<K::Principal> for K {
    fn lookup_dyn<'a>(
        &'a self,
        id: KeyId<'a>,
    ) -> BoxFuture<'a, Result<Option<KeySet<K::Principal>>, LookupError>> {
        Box::pin(self.lookup(id))
    }
}

impl<P: Send + Sync + 'static> KeyLookup for Arc<dyn DynKeyLookup<P>> {
    type Principal = P;

    async fn lookup(&self, id: KeyId<'_>) -> Result<Option<KeySet<P>>, LookupError> {
        (**self).lookup_dyn(id).await
    }
}

impl<K: KeyLookup> KeyLookup for Arc<K> {
    type Principal = K::Principal;

    fn lookup(
        &self,
        id: KeyId<'_>,
    ) -> impl Future<Output = Result<Option<KeySet<K::Principal>>, LookupError>> + Send {
        (**self).lookup(id)
    }
}
