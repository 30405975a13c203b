//! The gateway on real sockets.

// What clippy exempts in tests it does not in what they stand on.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects
)]

#[path = "../support/mod.rs"]
mod support;

#[cfg(feature = "ext-authz")]
mod ext_authz;
mod forward_auth;
mod headers;
mod lifecycle;
mod modes;
mod overload;
mod schemes;
mod settings;
mod transport;
mod upstreams;
