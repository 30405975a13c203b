//! The creds key server: issues, looks up, verifies, rotates and revokes HMAC credentials over a
//! REST API, and keeps their secrets sealed in SQLite, PostgreSQL or CouchDB.
//!
//! The program is `key_server`; this library is what it is made of, for those who want the API in
//! a service of their own.
//!
//! | module | |
//! |---|---|
//! | [`api`] | the HTTP API, as an axum router, with the agent API (feature `agent`) |
//! | [`audit`] | who did what |
//! | [`registry`] | the rules, without HTTP |
//! | [`credential`] | what is issued: ids, principals, schemes |
//! | [`seal`] | secrets at rest |
//! | [`store`] | where credentials are kept |
//!
//! # Example
//!
//! Create a credential and look it up, on a store in memory.
//!
//! ```
//! use std::sync::Arc;
//!
//! use axum::body::{Body, to_bytes};
//! use countersign_key_server::api::{ApiSettings, router};
//! use countersign_key_server::registry::Registry;
//! use countersign_key_server::seal::MasterKey;
//! use countersign_key_server::store::MemoryStore;
//! use http::{Request, StatusCode, header};
//! use tower::ServiceExt as _;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let registry = Registry::open(Arc::new(MemoryStore::new()), &MasterKey::generate()?).await?;
//! let api = router(Arc::new(registry), ApiSettings::default());
//!
//! let create = Request::post("/v1.0/creds")
//!     .header(header::CONTENT_TYPE, "application/json")
//!     .body(Body::from(r#"{"principal": "dave@example.com", "auth_scheme": "mac"}"#))?;
//! let created = api.clone().oneshot(create).await?;
//! assert_eq!(created.status(), StatusCode::CREATED);
//!
//! let location = created.headers()[header::LOCATION].to_str()?;
//! assert!(location.starts_with("http://127.0.0.1:8070/v1.0/creds/"));
//! let found = api.oneshot(Request::get(location).body(Body::empty())?).await?;
//! let body = to_bytes(found.into_body(), 10_000).await?;
//! assert!(String::from_utf8(body.to_vec())?.contains(r#""mac_algorithm":"hmac-sha-1""#));
//! # Ok(())
//! # }
//! ```

// Some refusals are the agent API's alone.
#![cfg_attr(not(feature = "agent"), allow(dead_code))]

#[cfg(feature = "agent")]
mod agent;
pub mod api;
pub mod audit;
pub mod credential;
pub mod maintenance;
#[cfg(feature = "program")]
pub mod program;
pub mod registry;
pub mod seal;
pub mod store;
