//! Real clients against a real server, over HTTP/1.1 and HTTP/2.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]
#![allow(clippy::arithmetic_side_effects)]

mod bodies;
mod concurrent;
mod credentials;
mod expect_continue;
mod framing;
mod good;
mod replayed;
mod slow;
mod smuggling;
mod tampered;
mod timestamps;
mod truncated;
mod upgrades;

use countersign::{StaticKeys, VerifyLayer};
use countersign_tests::{Bench, Case, Client, Protocol, Server};
use tower::Layer;

/// A server with `layer` around the service of `bench`, and a client connected to it.
async fn serve(
    bench: &Bench,
    layer: VerifyLayer<StaticKeys>,
    protocol: Protocol,
) -> (Server, Client) {
    let server = Server::start(layer.layer(bench.echo.clone())).await;
    let client = Client::connect(server.address(), protocol).await;
    (server, client)
}

/// A server for `case` with nothing set, and a client connected to it.
async fn served(bench: &Bench, case: &Case, protocol: Protocol) -> (Server, Client) {
    serve(bench, bench.layer(case), protocol).await
}

/// Every case over both protocols.
fn everywhere() -> impl Iterator<Item = (Case, Protocol)> {
    let cases = Case::all().into_iter();
    cases.flat_map(|case| Protocol::BOTH.map(|protocol| (case.clone(), protocol)))
}
