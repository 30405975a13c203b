//! The program `key_server`, run as it is and talked to by real clients.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects
)]

mod agent;
mod backup;
mod crash;
mod http;
mod import;
mod logs;
mod page;
mod rekey;
mod run;
mod schemathesis;
mod secrets;
mod settings;
mod start;
mod stop;
mod tls;
mod tokens;
mod trouble;

#[path = "../support/couch_server.rs"]
mod couch_server;
#[path = "../support/postgres_server.rs"]
mod postgres_server;

/// What a server that need not have a certain port is started with.
const ANY_PORT: [&str; 2] = ["--listen", "127.0.0.1:0"];
