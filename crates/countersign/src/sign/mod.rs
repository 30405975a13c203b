//! Signing requests on their way out: what a service that calls such APIs needs.
//!
//! [`SignLayer`] goes around any tower HTTP client. Credentials come from a
//! [`CredentialSource`]: a [`SigningKey`](crate::SigningKey), a [`Rotating`] one, or the key of an
//! id in whatever looks keys up ([`KeyById`]). Answers may be signed as well: see `response`.

mod answer;
mod authority;
mod body;
mod error;
mod future;
mod layer;
mod nonce;
#[cfg(feature = "auth-key")]
pub mod response;
mod service;
mod settings;
mod skew;
mod source;
mod stale;

pub use self::answer::AnswerBody;
pub use self::body::SignedBody;
pub use self::error::{CallError, CallErrorKind};
pub use self::future::SignFuture;
pub use self::layer::SignLayer;
pub use self::service::Sign;
pub use self::source::{
    CredentialError, CredentialSource, DynCredentialSource, IntoCredentials, KeyById, Rotating,
};
