//! Bodies that come too slowly.

use std::time::Duration;

use bytes::Bytes;
use countersign_tests::{Bench, Case, Client, Protocol, Raw, Server, Wire};
use futures_util::stream;
use http_body::Frame;
use http_body_util::StreamBody;
use tower::limit::ConcurrencyLimitLayer;
use tower::{Layer, ServiceBuilder};

const DEADLINE: Duration = Duration::from_millis(200);

/// A body of one byte now and then, without end.
fn trickle() -> impl http_body::Body<Data = Bytes, Error = std::io::Error> + Send + 'static {
    let pace = tokio::time::interval(DEADLINE / 10);
    StreamBody::new(stream::unfold(pace, |mut pace| async {
        pace.tick().await;
        Some((Ok(Frame::data(Bytes::from_static(b"x"))), pace))
    }))
}

#[tokio::test]
async fn bad_159_a_body_that_only_trickles_is_given_up_and_its_place_becomes_free() {
    for protocol in Protocol::BOTH {
        let (case, bench) = (Case::named("auth-key wiki"), Bench::new());
        let service = ServiceBuilder::new()
            .layer(bench.layer(&case).body_deadline(DEADLINE))
            .layer(ConcurrencyLimitLayer::new(1))
            .service(bench.echo.clone());
        let server = Server::start(service).await;
        let client = Client::connect(server.address(), protocol).await;
        let wire = case.sign(&Wire::post("/", "hello"));
        let answer = client.send_body(&wire, trickle()).await;
        assert_eq!(
            answer.told(),
            (400, "body_incomplete".to_owned()),
            "{protocol:?}"
        );
        assert_eq!((bench.echo.calls(), bench.replay.len()), (0, 0));

        // There is one place only, so an answer means that it was given back.
        let client = Client::connect(server.address(), protocol).await;
        assert_eq!(client.send(&wire).await.status, 200, "{protocol:?}");
        drop(client);
        server.stop().await;
    }
}

#[tokio::test]
async fn bad_159_a_body_that_never_comes_is_given_up_under_every_scheme() {
    for case in Case::all() {
        let bench = Bench::new();
        let layer = bench.layer(&case).body_deadline(Duration::from_millis(20));
        let server = Server::start(layer.layer(bench.echo.clone())).await;
        let mut raw = Raw::connect(server.address()).await;
        raw.send(case.sign(&Wire::post("/", "hello")).head()).await;
        let told = raw.answer().await.told();
        assert_eq!(told, (400, "body_incomplete".to_owned()), "{case}");
        assert_eq!((bench.echo.calls(), bench.replay.len()), (0, 0), "{case}");
        drop(raw);
        server.stop().await;
    }
}

#[tokio::test]
async fn a_caller_that_is_refused_holds_no_place_while_it_trickles() {
    let (case, bench) = (Case::named("mac yar sha1"), Bench::new());
    let service = ServiceBuilder::new()
        .layer(bench.layer(&case).without_body_deadline())
        .layer(ConcurrencyLimitLayer::new(1))
        .service(bench.echo.clone());
    let server = Server::start(service).await;
    let bad = case.sign_badly(&Wire::post("/", "hello"));
    let mut trickling = Vec::new();
    for _ in 0..3 {
        let client = Client::connect(server.address(), Protocol::Http2).await;
        assert_eq!(client.send_body(&bad, trickle()).await.status, 401);
        trickling.push(client);
    }
    let client = Client::connect(server.address(), Protocol::Http1).await;
    assert_eq!(client.send(&case.sign(&Wire::get("/"))).await.status, 200);
    drop((client, trickling));
    server.stop().await;
}
