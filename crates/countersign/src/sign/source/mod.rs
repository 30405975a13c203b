//! Where the key to sign with comes from.
//!
//! Invariant: a source that has no key gives an error, and the call fails: a request is never sent
//! unsigned for want of one.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use countersign_core::{KeySet, SigningKey};

mod by_id;
mod rotating;

pub use self::by_id::KeyById;
pub use self::rotating::Rotating;

/// Gives the key to sign with, anew for every attempt.
///
/// The first key of the set that is valid and may be used under the scheme signs, so a set with
/// dates rotates by itself.
///
/// ```
/// use countersign::sign::{CredentialError, CredentialSource};
/// use countersign::{KeySet, SigningKey};
///
/// #[derive(Debug)]
/// struct FromEnvironment;
///
/// impl CredentialSource for FromEnvironment {
///     type Principal = String;
///     async fn credentials(&self) -> Result<KeySet, CredentialError> {
///         let secret = std::env::var("API_SECRET").map_err(CredentialError::new)?;
///         let key = SigningKey::new("example-id", secret, "").map_err(CredentialError::new)?;
///         Ok(key.into())
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` gives no credentials to sign with",
    note = "use a SigningKey, Rotating or KeyById, or implement CredentialSource"
)]
pub trait CredentialSource: Send + Sync + 'static {
    /// Whom the key stands for; signing does not ask.
    type Principal: Send + Sync + 'static;

    /// The keys to choose from.
    ///
    /// # Errors
    /// When there are none, or it cannot be told. The call fails then.
    fn credentials(
        &self,
    ) -> impl Future<Output = Result<KeySet<Self::Principal>, CredentialError>> + Send;
}

/// There is no key to sign with.
#[derive(Clone, Debug)]
pub struct CredentialError(Arc<dyn Error + Send + Sync>);

impl CredentialError {
    /// Because of `source`.
    pub fn new(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(Arc::from(source.into()))
    }
}

impl fmt::Display for CredentialError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no key to sign with: {}", self.0)
    }
}

impl Error for CredentialError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}

impl<P: Send + Sync + 'static> CredentialSource for KeySet<P> {
    type Principal = P;

    async fn credentials(&self) -> Result<KeySet<P>, CredentialError> {
        Ok(self.clone())
    }
}

impl<C: CredentialSource> CredentialSource for Arc<C> {
    type Principal = C::Principal;

    async fn credentials(&self) -> Result<KeySet<C::Principal>, CredentialError> {
        (**self).credentials().await
    }
}

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// [`CredentialSource`] as a trait object, at the price of one allocation per call.
///
/// Implemented by every `CredentialSource`; use it as `Arc<dyn DynCredentialSource<P>>`, which is
/// a `CredentialSource` again.
pub trait DynCredentialSource<P>: Send + Sync + 'static {
    /// As [`CredentialSource::credentials`].
    fn credentials_dyn(&self) -> BoxFuture<'_, Result<KeySet<P>, CredentialError>>;
}

impl<C: CredentialSource> DynCredentialSource<C::Principal> for C {
    fn credentials_dyn(&self) -> BoxFuture<'_, Result<KeySet<C::Principal>, CredentialError>> {
        Box::pin(self.credentials())
    }
}

impl<P: Send + Sync + 'static> CredentialSource for Arc<dyn DynCredentialSource<P>> {
    type Principal = P;

    async fn credentials(&self) -> Result<KeySet<P>, CredentialError> {
        (**self).credentials_dyn().await
    }
}

/// What a [`SignLayer`](super::SignLayer) can be made with: a [`SigningKey`], or any
/// [`CredentialSource`].
pub trait IntoCredentials {
    /// The source it becomes.
    type Source: CredentialSource;

    /// The source.
    fn into_credentials(self) -> Self::Source;
}

impl<P: Send + Sync + 'static> IntoCredentials for SigningKey<P> {
    type Source = KeySet<P>;

    fn into_credentials(self) -> KeySet<P> {
        self.into()
    }
}

impl<C: CredentialSource> IntoCredentials for C {
    type Source = C;

    fn into_credentials(self) -> C {
        self
    }
}
