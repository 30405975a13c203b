//! HMAC request authentication without I/O and without a runtime.
//!
//! This crate is the part of Countersign that decides: it reads the credentials of a request,
//! rebuilds the text that was signed, and verifies it in one fixed order that its types enforce.
//! It also signs, with the same code. To protect a service, use the crate `countersign`, which
//! puts these steps into a tower layer; use this one to build something else on them.
//!
//! | scheme | type | feature |
//! |---|---|---|
//! | Auth-Key, and its dialects v1 to v3 | [`AuthKey`] | `auth-key` |
//! | HMAC-Auth (NCSU) with SHA-1 or SHA-256 | [`HmacAuth`] | `hmac-auth` |
//! | Moxie HMACDigest | [`Moxie`] | `moxie` |
//! | OAuth MAC, yar and draft profile; Basic with an `api_key` | [`Mac`], [`Basic`] | `mac` |
//!
//! # Example
//!
//! Sign a request, then verify it step by step.
//!
//! ```
//! use countersign_core::{
//!     AuthKey, DeclaredLength, Head, KeyId, KeyLookup, KeySet, LookupError, Origin, Policy,
//!     Scheme, SigningKey, Timestamp, ToSign,
//! };
//! use http::{HeaderMap, Method, Uri, Version, header};
//!
//! struct OneKey(KeySet);
//!
//! impl KeyLookup for OneKey {
//!     type Principal = String;
//!     async fn lookup(&self, id: KeyId<'_>) -> Result<Option<KeySet>, LookupError> {
//!         Ok((id.as_str() == self.0.id()).then(|| self.0.clone()))
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let scheme = AuthKey::default();
//! let key = || SigningKey::new("example-id", "a secret of enough bytes", "dave@example.com");
//! let now = Timestamp::from_unix(1_348_748_096);
//! let target = Uri::from_static("/users?page=2");
//! let mut headers = HeaderMap::new();
//! headers.insert(header::HOST, "api.example.org".parse()?);
//! ToSign::new(&Method::GET, &target, now).sign(&scheme, &key()?, &mut headers)?;
//!
//! let origin = Origin::default();
//! let head = Head::new(&Method::GET, &target, Version::HTTP_11, &headers, &origin)?;
//! let claim = scheme.claim(&head).expect("the request has credentials")?;
//! let fresh = claim.fresh(&Policy::default(), now)?;
//! let authenticated = fresh.verify(&scheme, &head, &OneKey(key()?.into())).await?;
//! let checked = authenticated.without_body()?;
//! // `checked.accept(..)` claims the nonce in a replay cache and gives the `Accepted` request.
//! # let _ = checked;
//! # Ok(())
//! # }
//! ```

// Each scheme needs a part of what all of them share.
#![cfg_attr(
    not(all(
        feature = "auth-key",
        feature = "hmac-auth",
        feature = "moxie",
        feature = "mac"
    )),
    allow(dead_code)
)]

mod auth_scheme;
mod body;
mod canonical;
mod challenge;
mod claim;
mod config;
mod encoding;
mod explain;
mod head;
mod http_date;
mod key;
mod lookup;
mod mac;
mod octets;
mod pipeline;
mod policy;
mod reason;
mod replay;
pub mod scheme;
mod sign;
#[cfg(test)]
mod testing;
mod time;
mod window;

pub use self::auth_scheme::AuthScheme;
pub use self::body::{BodyVerifier, DeclaredLength};
pub use self::canonical::Canonical;
pub use self::challenge::Challenge;
pub use self::claim::{
    AlgorithmChoice, BodyBinding, Claim, MAX_CREDENTIAL_LEN, MAX_NONCE_LEN, Nonce, NonceCase, Proof,
};
pub use self::config::ConfigError;
pub use self::explain::{
    Comparison, Difference, Explain, Explanation, Finding, Guess, NearMiss, Verdict, VisibleText,
};
pub use self::head::{Authority, Head, Origin, UrlScheme};
pub use self::http_date::DateForm;
pub use self::key::{KeyId, KeySet, MIN_SECRET_LEN, Secret, SigningKey};
pub use self::lookup::{DynKeyLookup, KeyLookup, LookupError};
pub use self::mac::{Algorithm, Derivation, Signature, Strength};
pub use self::pipeline::{Accepted, Authenticated, Checked, Fresh};
pub use self::policy::{BodyPolicy, DigestStrength, NonceRule, Policy, ReplayPolicy};
pub use self::reason::{Cause, Field, PROBLEM_TYPES, Reason, Refusal, ServerTime};
pub use self::replay::{
    ClaimedNonce, DynReplayCache, FirstUse, NonceKey, NonceLife, Occupancy, ReplayCache,
    ReplayError, StoreId,
};
#[cfg(feature = "auth-key")]
pub use self::scheme::auth_key::{
    AuthKey, Dialect, RequestBinding, ResponseFault, ResponseForm, ResponseHasher, ResponseRules,
    ResponseToSign,
};
#[cfg(feature = "mac")]
pub use self::scheme::basic::Basic;
#[cfg(feature = "hmac-auth")]
pub use self::scheme::hmac_auth::HmacAuth;
#[cfg(feature = "mac")]
pub use self::scheme::mac::{ContentTypeRule, Mac, Profile};
#[cfg(feature = "moxie")]
pub use self::scheme::moxie::{Moxie, MoxieCanonical};
pub use self::scheme::{Scheme, SchemeId};
pub use self::sign::{BodyDigest, BodyHasher, BodyToSign, SignError, Signing, ToSign};
pub use self::time::{Clock, ManualClock, SystemClock, Timestamp};
pub use self::window::{Freshness, Window};
