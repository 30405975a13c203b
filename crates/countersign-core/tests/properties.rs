//! What holds for every request: what is signed verifies, whatever is changed of what a scheme
//! covers is noticed, no two requests share a string to sign, and nothing that is sent can make a
//! parser panic.
//!
//! What the schemes do not cover, and the few texts that they let two requests share, are stated
//! in tests of their own, `uncovered` and `ambiguities`.
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

#[path = "properties/ambiguities.rs"]
mod ambiguities;
#[path = "properties/covered.rs"]
mod covered;
#[path = "properties/ingredients.rs"]
mod ingredients;
#[path = "properties/injective.rs"]
mod injective;
#[path = "properties/parsers.rs"]
mod parsers;
#[path = "properties/round_trip.rs"]
mod round_trip;
#[path = "properties/uncovered.rs"]
mod uncovered;
