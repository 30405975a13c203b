//! What must be refused, and the few tricky things that must not be, taken through the whole
//! pipeline under every scheme. The numbers are those of the catalogue of bad inputs; cases that
//! one function decides have their tests beside it.
#![cfg(all(
    feature = "auth-key",
    feature = "hmac-auth",
    feature = "moxie",
    feature = "mac"
))]
#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod common;

#[path = "refusals/basic.rs"]
mod basic;
#[path = "refusals/bodies.rs"]
mod bodies;
#[path = "refusals/debug.rs"]
mod debug;
#[path = "refusals/keys.rs"]
mod keys;
#[path = "refusals/oracles.rs"]
mod oracles;
#[path = "refusals/policy.rs"]
mod policy;
#[path = "refusals/replay.rs"]
mod replay;
#[path = "refusals/signatures.rs"]
mod signatures;
#[path = "refusals/stores.rs"]
mod stores;
#[path = "refusals/targets.rs"]
mod targets;
#[path = "refusals/time.rs"]
mod time;
#[path = "refusals/x_headers.rs"]
mod x_headers;
