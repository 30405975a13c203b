//! A streamed upload leaves memory as it is. In a program of its own, so that nothing else
//! moves it.

// What clippy exempts in tests it does not in what they stand on.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects
)]

mod support;

use bytes::Bytes;
use countersign::BodyPolicy;
use http::Request;
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use support::sign::Message;
use support::upstream::Echo;
use support::{Running, proxy, within};
use tokio::net::TcpStream;

const MIB: usize = 1024 * 1024;
const UPLOAD: usize = 64 * MIB;

/// Resident memory in bytes, where the system tells it.
fn resident() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kilobytes: usize = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes * 1024)
}

#[tokio::test]
async fn a_streamed_upload_of_64_mib_leaves_memory_flat() {
    let echo = Echo::start().await;
    let config = proxy(echo.address)
        .stream_bodies()
        .max_body(u64::try_from(UPLOAD).unwrap())
        .body_policy(BodyPolicy::Require);
    let gateway = Running::start(config).await;

    let signed = Message::post("/upload", "").sign("moxie");
    let chunk = Bytes::from(vec![b'x'; 64 * 1024]);
    let upload = |size: usize, signed: Message| {
        let pieces = (0..size / chunk.len()).map({
            let chunk = chunk.clone();
            move |_| Ok::<_, std::io::Error>(Frame::data(chunk.clone()))
        });
        let body = StreamBody::new(futures_util::stream::iter(pieces));
        let mut request = Request::post("/upload").body(body).unwrap();
        *request.headers_mut() = signed.headers.clone();
        request
            .headers_mut()
            .insert("host", signed.host.parse().unwrap());
        async move {
            let stream = TcpStream::connect(gateway.address).await.unwrap();
            let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
            tokio::spawn(connection);
            let response = sender.send_request(request).await.unwrap();
            assert_eq!(response.status(), 200);
            response.into_body().collect().await.unwrap().to_bytes()
        }
    };
    within("a small upload", upload(MIB, signed)).await;
    let before = resident();
    let answer = within(
        "the upload",
        upload(UPLOAD, Message::post("/upload", "").sign("moxie")),
    )
    .await;
    let after = resident();
    let json: serde_json::Value = serde_json::from_slice(&answer).unwrap();
    assert_eq!(json["body_bytes"], UPLOAD);
    let (Some(before), Some(after)) = (before, after) else {
        println!(
            "this system does not tell how much memory is resident; only the upload was tested"
        );
        return;
    };
    let grown = after - before;
    println!(
        "64 MiB streamed: the peak of resident memory grew by {} KiB",
        grown / 1024
    );
    assert!(grown < 8 * MIB, "grew by {grown} bytes");
}
