//! The HTTP API, in process, on a store in memory. Every answer of every test is checked against
//! `/openapi.json` by [`support::Server`].
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::panic
)]

mod access;
mod anything;
mod audit;
mod changing;
mod creating;
mod description;
mod leaving;
mod limits;
mod listing;
mod original;
mod place;
mod reading;
mod rotating;
mod secrets;
mod support;
mod trouble;
mod verifying;
