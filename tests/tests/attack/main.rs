//! The catalogue of bad requests, against everything that answers requests.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]
#![allow(clippy::arithmetic_side_effects)]

mod forward_auth;
mod gateway;
mod http2;
mod key_server;
mod layer;
mod table;

use countersign_attack::{Attack, Catalogue, Scorecard, Tcp};
use countersign_tests::Server;

/// Whether all of it went as it must, and all of it was tried; if not, what did not.
fn flaws(name: &str, scorecard: &Scorecard) -> Option<String> {
    let [passed, missed, skipped] = scorecard.counts();
    let clean = passed > 0 && missed == 0 && skipped == 0;
    (!clean).then(|| format!("{name}\n{scorecard}\n"))
}

/// Runs `catalogue` against the server.
async fn run(attack: &Attack, catalogue: &Catalogue, server: &Server) -> Scorecard {
    attack.run(catalogue, &Tcp::new(server.address())).await
}
