//! The agent API in process: its router over a store in memory, asked as clients ask.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects
)]

mod flow;
mod support;
mod vectors;
