//! Client of the Countersign key server.
//!
//! * [`KeyServerClient`] looks keys up: give it to a layer, inside a cache.
//! * [`AdminClient`] issues, finds, lists, changes, rotates and deletes credentials.
//! * [`AgentClient`](agent::AgentClient) has keys made, kept and used by the server.
//!
//! All speak over a [`Connection`], which says where the key server is, which token to show, whom
//! to trust and how long to wait. It sends the token to that server only, follows no redirects, uses
//! no proxies of the environment, refuses plain `http` to other machines, and reads no answer
//! beyond a limit.
//!
//! # How soon a revocation is felt
//!
//! A service remembers keys, so that it need not ask for every request. With countersign's
//! `CachedLookup` around the client
//!
//! * a deleted or inactive credential is refused after the cache's `ttl` at the latest, or at once
//!   after `invalidate(id)`;
//! * while the key server does not answer, the keys it gave before are used for `max_stale`; after
//!   that, and for every other id, requests are answered 503. A failure is never remembered.
//!
//! # Example
//!
//! A key server in this process, a credential, and its revocation.
//!
//! ```
//! use std::net::SocketAddr;
//! use std::sync::Arc;
//!
//! use countersign::keys::CachedLookup;
//! use countersign::{KeyId, KeyLookup};
//! use countersign_client::{
//!     AdminClient, AuthScheme, Connection, KeyServerClient, NewCredential,
//! };
//! # use countersign_key_server::{
//! #     api::{ApiSettings, router}, registry::Registry, seal::MasterKey, store::MemoryStore,
//! # };
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let registry = Registry::open(Arc::new(MemoryStore::new()), &MasterKey::generate()?).await?;
//! # let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
//! # let address = listener.local_addr()?;
//! # let app = router(Arc::new(registry), ApiSettings::new(address));
//! # let app = app.into_make_service_with_connect_info::<SocketAddr>();
//! # tokio::spawn(async move { axum::serve(listener, app).await });
//! # let url = format!("http://{address}");
//! let connection = Connection::builder(url).build()?; // .token_file("/run/secrets/token")
//!
//! let admin = AdminClient::new(connection.clone());
//! let new = NewCredential::new("dave@example.com", AuthScheme::Mac);
//! let credential = admin.create(&new).await?;
//!
//! // What `MacLayer::new` takes.
//! let keys = CachedLookup::new(KeyServerClient::new(connection));
//! let id = KeyId::parse(credential.id().as_bytes()).ok_or("no id")?;
//! let found = keys.lookup(id).await?.ok_or("not found")?;
//! assert_eq!(found.keys()[0].principal(), "dave@example.com");
//!
//! admin.delete(credential.id()).await?;
//! keys.invalidate(credential.id());
//! assert!(keys.lookup(id).await?.is_none());
//! # Ok(())
//! # }
//! ```

mod admin;
pub mod agent;
mod connection;
mod credential;
mod error;
mod lookup;
mod problem;
mod secret;
mod text;
mod wire;

pub use self::admin::{
    AdminClient, Change, Credentials, Deleted, Listing, NewCredential, Verdict, Verification,
};
pub use self::connection::{
    Connection, ConnectionBuilder, DEFAULT_ATTEMPTS, DEFAULT_CONNECT_TIMEOUT, DEFAULT_TIMEOUT,
};
pub use self::credential::{Credential, ETag, State};
pub use self::error::{ClientError, ErrorKind};
pub use self::lookup::KeyServerClient;
pub use self::secret::SecretText;
pub use countersign_core::AuthScheme;
