//! The clients against servers that misbehave, and against the real key server.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::panic,
    clippy::format_push_string
)]

mod admin;
mod agent;
mod answers;
mod cached;
mod faults;
mod paths;
mod real;
mod repeats;
mod secrets;
mod stub;
mod tls;
mod tokens;
