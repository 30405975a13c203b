//! Tower layers that verify HMAC-authenticated HTTP requests, and sign them.
//!
//! Auth-Key, HMAC-Auth (NCSU), Moxie HMACDigest and OAuth MAC, one or several at once, with a
//! timestamp window, a replay cache that cannot be flooded, a check of the body, and an answer
//! that says what was wrong.
//!
//! Start with [`VerifyLayer`], or the alias of your scheme: [`AuthKeyLayer`], [`HmacAuthLayer`],
//! [`MoxieLayer`], [`MacLayer`]. Keys come from [`keys`]; what was accepted is remembered by
//! [`replay`]. To call such a service, put a [`SignLayer`] around an HTTP client. What a code in an
//! answer means stands in [`reasons`].
//!
//! ```
//! # #[cfg(feature = "axum")] {
//! use axum::{Router, routing::get};
//! use countersign::{AuthKeyLayer, SigningKey, StaticKeys, Verified};
//!
//! async fn hello(caller: Verified) -> String {
//!     format!("hello {}", caller.principal())
//! }
//!
//! # fn app() -> Result<Router, countersign::ConfigError> {
//! let key = SigningKey::new("example-id", "a secret of enough bytes", "dave@example.com")?;
//! # let app: Router =
//! Router::new().route("/", get(hello)).layer(AuthKeyLayer::new(StaticKeys::new([key])))
//! # ;
//! # Ok(app) }
//! # app().unwrap();
//! # }
//! ```
//!
//! # Features
//!
//! | feature | default | what it adds |
//! |---|---|---|
//! | `auth-key`, `hmac-auth`, `moxie`, `mac` | yes | the schemes |
//! | `tracing` | yes | a span and a `decision` event for each verification |
//! | `axum` | no | [`Verified`] as an extractor; the original target inside `Router::nest` |
//! | `metrics` | no | counters and histograms through the `metrics` facade |
//! | `grpc` | no | `VerifyLayer::grpc_answers` |

mod answer;
mod body;
mod headers;
pub mod keys;
mod layer;
mod outcome;
pub mod reasons;
mod rejection;
pub mod replay;
mod schemes;
mod service;
mod settings;
pub mod sign;
mod target;
mod telemetry;
mod verdict;
mod verified;

pub use countersign_core::*;

pub use self::body::{BoxError, ResponseBody, VerifiedBody};
pub use self::headers::STRIPPED;
pub use self::keys::{
    CachedLookup, Chain, KeysFile, KeysFileError, StaticKeys, TimeoutLookup, lookup_fn,
};
#[cfg(feature = "auth-key")]
pub use self::layer::AuthKeyLayer;
#[cfg(feature = "hmac-auth")]
pub use self::layer::HmacAuthLayer;
#[cfg(feature = "mac")]
pub use self::layer::MacLayer;
#[cfg(feature = "moxie")]
pub use self::layer::MoxieLayer;
pub use self::layer::{AnyOf, VerifyLayer};
pub use self::outcome::{Decision, Outcome};
pub use self::rejection::Rejection;
pub use self::replay::{MokaReplayCache, MokaReplayCacheBuilder, RestartGuard};
pub use self::schemes::AnyScheme;
pub use self::service::{Verify, VerifyFuture};
#[cfg(feature = "auth-key")]
pub use self::sign::response::{SignResponseLayer, VerifyResponseLayer};
pub use self::sign::{Sign, SignLayer};
pub use self::target::{KeepTarget, KeepTargetService};
#[cfg(feature = "axum")]
pub use self::verified::NoCaller;
pub use self::verified::Verified;
