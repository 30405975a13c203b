//! The catalogue of bad requests, as data, and a runner that sends them.
//!
//! Every [`Case`] says how to make one request, or several, from one that is signed well, and what
//! a service must make of it. [`Attack`] signs with the code of `countersign-core`, applies the
//! edits to the bytes, and sends them over bare connections: no HTTP library tidies the request.
//! The tests of this workspace run it against the layer, the gateway and the key server;
//! `countersign attack` runs it against any URL.
//!
//! Invariants: an answer is read up to a limit and a time; nothing of the secret is in a
//! [`Scorecard`]; a case that was not run is listed as skipped, and never as passed.
//!
//! # Example
//!
//! Attack a service that lets everybody in: all requests that should have been refused are misses.
//!
//! ```
//! use std::sync::Arc;
//!
//! use countersign_attack::{Attack, Catalogue, Tcp};
//! use countersign_core::{AuthKey, SigningKey};
//! use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let careless = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
//! let address = careless.local_addr()?;
//! tokio::spawn(async move {
//!     while let Ok((mut stream, _)) = careless.accept().await {
//!         let _ = stream.read(&mut [0; 4096]).await;
//!         let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
//!     }
//! });
//!
//! let key = SigningKey::new("example-id", "a secret of enough bytes", String::new())?;
//! let attack = Attack::new(Arc::new(AuthKey::default()), key, &format!("http://{address}/").parse()?)?;
//! let catalogue = Catalogue::requests()?.only(&[1, 3]);
//! let scorecard = attack.run(&catalogue, &Tcp::new(address)).await;
//! assert_eq!(scorecard.misses().count(), 2);
//! # Ok(())
//! # }
//! ```
//!
//! # The data
//!
//! The files in `cases/` are TOML, a `[[case]]` each. [`Case`] documents the members, and
//! [`Edit`] what can be done to a request.

mod answer;
mod attack;
mod case;
mod catalogue;
mod challenge;
mod connect;
mod edit;
mod expectation;
mod forge;
mod judge;
mod message;
mod prepare;
mod scope;
mod scorecard;
mod signer;
mod text;

pub use self::answer::{Answer, Received};
pub use self::attack::{Attack, Strictness, Unusable};
pub use self::case::{Before, Case, Tries};
pub use self::catalogue::{Catalogue, InvalidCatalogue};
pub use self::connect::{BoxFuture, Connect, Stream, Tcp};
pub use self::edit::Edit;
pub use self::expectation::Expectation;
pub use self::scorecard::{Miss, Score, Scorecard, Verdict};
