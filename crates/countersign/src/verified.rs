//! Who is calling: what handlers of a protected service see.

use std::fmt;

use countersign_core::{Accepted, SchemeId, Timestamp};

/// A caller whose request passed every check.
///
/// The layer puts one into the extensions of every request it lets through as verified, with the
/// principal type of its keys. Under axum (feature `axum`) it is an extractor: `Verified<P>` where
/// a caller is required, `Option<Verified<P>>` behind an optional layer.
///
/// ```
/// use countersign::Verified;
///
/// async fn hello(caller: Verified) -> String {
///     format!("hello {}", caller.principal())
/// }
/// ```
pub struct Verified<P = String>(Accepted<P>);

impl<P> Verified<P> {
    pub(crate) const fn new(accepted: Accepted<P>) -> Self {
        Self(accepted)
    }

    /// For layers of ours that need the key.
    #[cfg(feature = "auth-key")]
    pub(crate) const fn accepted(&self) -> &Accepted<P> {
        &self.0
    }

    /// Who signed the request.
    pub fn principal(&self) -> &P {
        self.0.principal()
    }

    /// The id of the key it was signed with, as it may be shown: under Basic, where the id is the
    /// secret, a hash of it.
    pub fn key_id(&self) -> &str {
        self.0.key_id()
    }

    /// The scheme it was signed under.
    pub const fn scheme(&self) -> SchemeId {
        self.0.scheme()
    }

    /// When it was signed; `None` under a scheme that signs no time (Basic).
    pub const fn signed_at(&self) -> Option<Timestamp> {
        self.0.signed_at()
    }
}

impl<P> Clone for Verified<P> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<P: fmt::Debug> fmt::Debug for Verified<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verified")
            .field("principal", self.principal())
            .field("key_id", &self.key_id())
            .field("scheme", &self.scheme())
            .field("signed_at", &self.signed_at())
            .finish()
    }
}

#[cfg(feature = "axum")]
mod extract {
    use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
    use axum_core::response::{IntoResponse, Response};
    use http::StatusCode;
    use http::request::Parts;

    use super::Verified;

    /// No verified caller is known: the route is not behind a layer that requires one.
    #[derive(Clone, Copy, Debug)]
    pub struct NoCaller;

    impl IntoResponse for NoCaller {
        fn into_response(self) -> Response {
            let hint = "This handler takes a `Verified` caller, but the request carries none with \
                        that principal type. Put a VerifyLayer that is neither optional nor \
                        report-only around the route, or take `Option<Verified<P>>`.\n";
            (StatusCode::INTERNAL_SERVER_ERROR, hint).into_response()
        }
    }

    impl<S, P> FromRequestParts<S> for Verified<P>
    where
        S: Sync,
        P: Send + Sync + 'static,
    {
        type Rejection = NoCaller;

        async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, NoCaller> {
            parts.extensions.get::<Self>().cloned().ok_or(NoCaller)
        }
    }

    impl<S, P> OptionalFromRequestParts<S> for Verified<P>
    where
        S: Sync,
        P: Send + Sync + 'static,
    {
        type Rejection = std::convert::Infallible;

        async fn from_request_parts(
            parts: &mut Parts,
            _state: &S,
        ) -> Result<Option<Self>, Self::Rejection> {
            Ok(parts.extensions.get::<Self>().cloned())
        }
    }
}

#[cfg(feature = "axum")]
pub use extract::NoCaller;
