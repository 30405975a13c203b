//! Upstreams that answer, fail, stall and are not there.

use std::time::{Duration, Instant};

use crate::support::client::{send, send_raw};
use crate::support::sign::Message;
use crate::support::upstream::{Echo, closing, nobody, scripted};
use crate::support::{Running, proxy, within};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[tokio::test]
async fn the_upstreams_errors_pass_as_they_are() {
    let echo = Echo::start().await;
    let gateway = Running::in_front_of(echo.address).await;
    for status in [404, 418, 500, 503] {
        let message = Message::get(&format!("/status/{status}")).sign("moxie");
        let answer = send(gateway.address, &message).await;
        assert_eq!(answer.status.as_u16(), status);
        assert_eq!(answer.body, "upstream says so");
        assert_eq!(answer.header("x-from"), "upstream");
        assert_eq!(answer.header("x-hop"), "");
    }
}

#[tokio::test]
async fn an_upstream_that_is_down_is_502() {
    let gateway = Running::in_front_of(nobody().await).await;
    let answer = send(gateway.address, &Message::get("/").sign("moxie")).await;
    assert_eq!(answer.told(), (502, "upstream_unreachable".into()));
}

#[tokio::test]
async fn an_upstream_that_breaks_off_or_talks_nonsense_is_502() {
    let (nonsense, _seen) = scripted(b"SSH-2.0-nonsense\r\n").await;
    for address in [closing().await, nonsense] {
        let gateway = Running::in_front_of(address).await;
        let answer = send(gateway.address, &Message::get("/").sign("moxie")).await;
        assert_eq!(answer.told(), (502, "upstream_failed".into()));
    }
}

#[tokio::test]
async fn an_upstream_that_stalls_is_504_after_the_timeout() {
    let echo = Echo::start().await;
    let config = proxy(echo.address).upstream_timeout(Duration::from_millis(300));
    let gateway = Running::start(config).await;
    let started = Instant::now();
    let answer = send(gateway.address, &Message::get("/slow/10000").sign("moxie")).await;
    assert_eq!(answer.told(), (504, "upstream_timeout".into()));
    assert!(started.elapsed() < Duration::from_secs(5));
    let quick = send(gateway.address, &Message::get("/slow/10").sign("moxie")).await;
    assert_eq!(quick.status, 200);
}

#[tokio::test]
async fn a_streamed_body_that_is_not_the_signed_one_is_refused_and_never_whole() {
    let echo = Echo::start().await;
    let gateway = Running::start(proxy(echo.address).stream_bodies()).await;
    let good = Message::post("/", "hello").sign("hmac-auth-sha256");
    assert_eq!(send(gateway.address, &good).await.json()["body"], "hello");
    let bad = Message::post("/", "hello")
        .sign("auth-key")
        .with_body("hullo");
    let answer = send(gateway.address, &bad).await;
    assert_eq!(answer.told(), (401, "digest_mismatch".into()));
    assert_eq!(echo.calls(), 1);
}

#[tokio::test]
async fn a_streaming_client_that_stalls_is_told_so() {
    let echo = Echo::start().await;
    let config = proxy(echo.address)
        .stream_bodies()
        .upstream_timeout(Duration::from_millis(300));
    let gateway = Running::start(config).await;
    let mut bytes = Message::post("/", "hello").sign("moxie").bytes();
    bytes.truncate(bytes.len() - 2);
    let mut stream = TcpStream::connect(gateway.address).await.unwrap();
    stream.write_all(&bytes).await.unwrap();
    let mut answer = String::new();
    within("the answer", stream.read_to_string(&mut answer))
        .await
        .unwrap();
    assert!(answer.contains("\"code\":\"body_incomplete\""), "{answer}");
}

#[tokio::test]
async fn a_websocket_passes_bytes_both_ways() {
    const SWITCH: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\n";
    let (address, mut seen) = scripted(SWITCH).await;
    let gateway = Running::in_front_of(address).await;
    let message = Message::get("/chat")
        .sign("moxie")
        .header("connection", "keep-alive, Upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-key", "abc");
    let mut stream = TcpStream::connect(gateway.address).await.unwrap();
    stream.write_all(&message.bytes()).await.unwrap();
    let head = within("the head", read_head(&mut stream)).await;
    assert!(head.starts_with("HTTP/1.1 101"), "{head}");
    assert!(
        head.to_ascii_lowercase()
            .contains("sec-websocket-accept: x"),
        "{head}"
    );
    let asked = seen.recv().await.unwrap().to_ascii_lowercase();
    assert!(asked.contains("upgrade: websocket") && asked.contains("sec-websocket-key: abc"));
    for text in [&b"ping"[..], b"pong, \0\xff"] {
        stream.write_all(text).await.unwrap();
        let mut back = vec![0; text.len()];
        within("the echo", stream.read_exact(&mut back))
            .await
            .unwrap();
        assert_eq!(back, text);
    }
    within("the end", gateway_stops_with_open_tunnel(gateway, stream)).await;
}

async fn gateway_stops_with_open_tunnel(gateway: Running, stream: TcpStream) {
    let stopping = gateway.stop();
    drop(stream);
    stopping.await.unwrap();
}

async fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

#[tokio::test]
async fn bad_180_an_unsigned_upgrade_is_refused_before_101() {
    let (address, _seen) = scripted(b"HTTP/1.1 101 Switching Protocols\r\n\r\n").await;
    let gateway = Running::in_front_of(address).await;
    let message = Message::get("/chat")
        .header("connection", "close, Upgrade")
        .header("upgrade", "websocket");
    let answer = send_raw(gateway.address, &message.bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
}
