//! More requests than are taken at once.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::client::{send, send_h2, send_raw};
use crate::support::sign::Message;
use crate::support::upstream::Echo;
use crate::support::{Running, proxy, within};

/// A connection with a request on it that the upstream has got, and does not answer yet.
async fn in_hand(gateway: &Running, echo: &Echo) -> TcpStream {
    let mut stream = TcpStream::connect(gateway.address).await.unwrap();
    let slow = Message::get("/slow/20000").sign("moxie");
    stream.write_all(&slow.bytes()).await.unwrap();
    echo.called().await;
    stream
}

/// Sends until something other than `overloaded` is answered: what the gateway notices in time is
/// up to the system.
async fn taken_again(gateway: &Running) {
    let taken = async {
        while send(gateway.address, &Message::get("/").sign("moxie"))
            .await
            .status
            == 503
        {
            tokio::task::yield_now().await;
        }
    };
    within("the room is free again", taken).await;
}

#[tokio::test]
async fn one_request_too_many_is_told_to_come_back_and_nothing_of_it_is_read() {
    let echo = Echo::start().await;
    let gateway = Running::start(proxy(echo.address).max_in_flight(1)).await;
    let held = in_hand(&gateway, &echo).await;

    let answer = send(gateway.address, &Message::get("/").sign("moxie")).await;
    assert_eq!(answer.told(), (503, "overloaded".into()), "{answer:?}");
    assert_eq!(answer.header("retry-after"), "1");
    assert_eq!(answer.header("cache-control"), "no-store");
    // Neither credentials nor a body are looked at: the half of a body is enough for an answer.
    let unread =
        b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 10\r\n\r\nhalf";
    let answer = send_raw(gateway.address, unread).await;
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    assert_eq!(echo.calls(), 1);

    drop(held);
    taken_again(&gateway).await;
}

#[tokio::test]
async fn the_streams_of_one_http_2_connection_count_one_by_one() {
    let echo = Echo::start().await;
    let gateway = Running::start(proxy(echo.address).max_in_flight(1)).await;
    let _held = in_hand(&gateway, &echo).await;
    let stream = TcpStream::connect(gateway.address).await.unwrap();
    let answer = send_h2(stream, &Message::get("/").sign("moxie"), "http").await;
    assert_eq!(answer.told(), (503, "overloaded".into()), "{answer:?}");
}

#[tokio::test]
async fn a_request_that_was_turned_away_can_be_sent_again_as_it_was() {
    let echo = Echo::start().await;
    let gateway = Running::start(proxy(echo.address).max_in_flight(1)).await;
    let held = in_hand(&gateway, &echo).await;
    let message = Message::post("/", "hello").sign("moxie");
    assert_eq!(send(gateway.address, &message).await.status, 503);
    drop(held);
    taken_again(&gateway).await;
    // Its nonce was not claimed.
    assert_eq!(send(gateway.address, &message).await.status, 200);
}

#[tokio::test]
async fn an_answer_counts_until_its_client_has_it_or_is_gone() {
    const PIECE: usize = 1 << 16;
    let endless = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let upstream = endless.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = endless.accept().await.unwrap();
            tokio::spawn(async move {
                let _ = stream.read(&mut [0; 4096]).await;
                let head = "HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n";
                let mut sent = stream.write_all(head.as_bytes()).await;
                let piece = vec![b'x'; PIECE];
                while sent.is_ok() {
                    sent = stream.write_all(&piece).await;
                }
            });
        }
    });
    let gateway = Running::start(proxy(upstream).max_in_flight(1)).await;
    let mut reading = TcpStream::connect(gateway.address).await.unwrap();
    let message = Message::get("/").sign("moxie");
    reading.write_all(&message.bytes()).await.unwrap();
    let mut some = vec![0; PIECE];
    within("the answer begins", reading.read_exact(&mut some))
        .await
        .unwrap();

    let answer = send(gateway.address, &Message::get("/").sign("moxie")).await;
    assert_eq!(answer.told(), (503, "overloaded".into()));
    drop(reading);
    let taken = async {
        loop {
            let next = Message::get("/").sign("moxie");
            let mut stream = TcpStream::connect(gateway.address).await.unwrap();
            stream.write_all(&next.bytes()).await.unwrap();
            let mut status = [0; 12];
            stream.read_exact(&mut status).await.unwrap();
            if &status == b"HTTP/1.1 200" {
                break;
            }
        }
    };
    within("the room is free again", taken).await;
}

#[tokio::test]
async fn a_client_that_leaves_after_any_byte_takes_neither_a_place_nor_a_nonce_with_it() {
    let echo = Echo::start().await;
    let config = proxy(echo.address).max_connections(2).max_in_flight(1);
    let gateway = Running::start(config).await;
    let message = Message::post("/", "hello").sign("moxie");
    let bytes = message.bytes();
    for sent in 0..bytes.len() {
        let mut stream = TcpStream::connect(gateway.address).await.unwrap();
        stream.write_all(&bytes[..sent]).await.unwrap();
    }
    taken_again(&gateway).await;
    let before = echo.calls();
    assert_eq!(send(gateway.address, &message).await.status, 200);
    assert_eq!(echo.calls(), before + 1);
}
