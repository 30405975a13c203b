//! The embedded store as a file: after crashes, on a full disk, damaged, shared, foreign.
//!
//! What every store must do is tested in `tests/conformance`.

#![cfg(feature = "sqlite")]
// What clippy exempts in tests it does not in what they stand on.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects
)]

mod child;
mod crashes;
mod damage;
#[cfg(target_os = "linux")]
mod disk;
mod lifecycle;
mod refusals;
mod sharing;
mod support;
