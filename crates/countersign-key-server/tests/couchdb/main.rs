//! What is particular to CouchDB: what is sent to it, what is made of odd answers, and how a
//! killed server and the original's database are dealt with.

#![cfg(feature = "couchdb")]
// What clippy exempts in tests it does not in what they stand on.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects
)]

mod cut_off;
mod faults;
mod forgetting;
mod import;
mod odd_answers;
mod sent;
mod starting;
mod stub;
mod support;
mod tls;

#[path = "../support/couch_server.rs"]
mod couch_server;
