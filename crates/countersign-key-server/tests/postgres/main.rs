//! What only PostgreSQL does: outages, logging in, upgrades. What it has in common with the other
//! stores is in `conformance`.

#![cfg(all(unix, feature = "postgres"))]
// What clippy exempts in tests it does not in what they stand on.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects
)]

mod login;
mod outages;
#[path = "../support/postgres_server.rs"]
mod postgres_server;
mod schema;
mod statements;
mod support;
mod tls;
