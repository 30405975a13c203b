//! Connections that become something else.

use std::convert::Infallible;

use bytes::Bytes;
use countersign::{Verified, VerifiedBody};
use countersign_tests::{Bench, Case, Client, Protocol, Server, Wire, within};
use http::{Request, Response, StatusCode};
use http_body_util::{Empty, Full};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tower::{Layer, service_fn};

/// Turns the connection into one on which the server says back what it hears.
async fn switch(
    mut request: Request<VerifiedBody<Incoming>>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let caller = request.extensions().get::<Verified>().unwrap();
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert("upgrade", "echo".parse().unwrap());
    headers.insert("connection", "upgrade".parse().unwrap());
    headers.insert("x-caller", caller.principal().parse().unwrap());
    let upgrading = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        let mut stream = TokioIo::new(upgrading.await.unwrap());
        let mut word = [0; 5];
        stream.read_exact(&mut word).await.unwrap();
        stream.write_all(&word).await.unwrap();
        stream.shutdown().await.unwrap();
    });
    Ok(response)
}

fn handshake() -> Wire {
    Wire::get("/socket")
        .header("upgrade", "echo")
        .header("connection", "upgrade")
}

#[tokio::test]
async fn bad_180_an_unsigned_upgrade_is_refused_before_the_protocol_is_switched() {
    for case in Case::all() {
        let bench = Bench::new();
        let server = Server::start(bench.layer(&case).layer(service_fn(switch))).await;
        let client = Client::connect(server.address(), Protocol::Http1).await;
        for wire in [handshake(), case.sign_badly(&handshake())] {
            let answer = client.send(&wire).await;
            assert_eq!(answer.status, 401, "{case}");
            assert_eq!(answer.header("upgrade"), "", "{case}");
        }
        server.stop().await;
    }
}

#[tokio::test]
async fn bad_180_a_signed_upgrade_is_made_and_bytes_flow_both_ways() {
    for case in Case::all() {
        let bench = Bench::new();
        let server = Server::start(bench.layer(&case).layer(service_fn(switch))).await;
        let client = Client::connect(server.address(), Protocol::Http1).await;
        let wire = case.sign(&handshake());
        let response = client.try_send(&wire, Empty::new()).await.unwrap();
        assert_eq!(response.status(), StatusCode::SWITCHING_PROTOCOLS, "{case}");
        assert_eq!(response.headers()["x-caller"], case.principal(), "{case}");
        let talking = async {
            let mut stream = TokioIo::new(hyper::upgrade::on(response).await.unwrap());
            stream.write_all(b"hello").await.unwrap();
            let mut heard = String::new();
            stream.read_to_string(&mut heard).await.unwrap();
            heard
        };
        assert_eq!(within("the echo", talking).await, "hello", "{case}");
        server.stop().await;
    }
}
