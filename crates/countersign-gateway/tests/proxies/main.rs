//! The configuration files in `docs/proxies`, each run for real: nginx, Caddy, Traefik and Envoy
//! between a client and a service, with the gateway as the verifier.
//!
//! The tests are ignored where nobody asks for them, since the programs are not Rust's to
//! install: `cargo xtask setup` brings them and `cargo xtask test` runs everything. One that is
//! missing then is a failure that says how to get it.

// What clippy exempts in tests it does not in what they stand on.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects
)]

#[path = "../support/mod.rs"]
mod support;

mod caddy;
mod deployment;
#[cfg(feature = "ext-authz")]
mod envoy;
mod nginx;
mod program;
mod scenarios;
mod traefik;
