//! The agent API in process: its router over a store in memory, asked as clients ask.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects
)]

mod algorithms;
mod audited;
mod duplicates;
mod flow;
mod formats;
mod nonces;
mod order;
mod readable;
mod sealed;
mod sessions;
mod support;
mod throttling;
mod trouble;
mod vectors;

#[path = "../api/support/faulty.rs"]
#[allow(dead_code, reason = "the tests of the API use the rest")]
mod faulty;
#[path = "../api/support/sink.rs"]
mod sink;
