//! The harness of the integration tests.
//!
//! A [`Case`] is one scheme in one form with everything a test must know about it: how to sign
//! under it, and which changes to a signed request it notices. A [`Bench`] is the layer's
//! surroundings: a clock that stands still, a replay cache, and an [`Echo`] service that counts
//! its calls. A [`Wire`] is a request as it goes over the wire, sent by a [`Client`] over HTTP/1.1
//! or HTTP/2 to a [`Server`], by a [`Raw`] socket byte for byte, or without any network by
//! [`call`].
//!
//! Invariants: time stands still at [`NOW`] unless a test moves it, every port is an ephemeral one
//! of the loopback, and everything that could wait for ever is bounded by [`within`].

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::missing_panics_doc)] // a harness that cannot go on panics, and the test fails

mod bench;
mod body;
mod capture;
mod case;
mod client;
mod echo;
mod lookup;
mod part;
mod raw;
mod replay;
mod scheme;
mod server;
mod wait;
mod wire;

pub use self::bench::Bench;
pub use self::body::{Scripted, Step, broken, unsized_body};
pub use self::capture::{Captured, Capturing};
pub use self::case::{Case, Family, NOW, NonceUse, SECRETS, fresh_nonce, secret};
pub use self::client::{Answer, Client, Outgoing, Protocol, call, outgoing};
pub use self::echo::{Echo, Seen};
pub use self::lookup::{Asked, Holding, TestKeys};
pub use self::part::{Notice, Part};
pub use self::raw::{Raw, RawAnswer};
pub use self::replay::Slow;
pub use self::scheme::Counting;
pub use self::server::Server;
pub use self::wait::{pending, within};
pub use self::wire::Wire;
