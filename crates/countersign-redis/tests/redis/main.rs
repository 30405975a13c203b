//! The cache on real servers: one, a cluster, and one that sentinels watch; healthy and not.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::panic
)]

mod access;
mod clocks;
mod cluster;
mod faults;
mod gateways;
mod losses;
mod memory;
mod metrics;
mod nonces;
mod replicas;
mod sentinel;
mod start;
mod support;
mod tls;
