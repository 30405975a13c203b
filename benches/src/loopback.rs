//! Requests over loopback, written as bytes: what the client costs is nobody's business here.
//!
//! What a server is charged for must not hang on how busy its client is. A server that answers a
//! client which sleeps has to wake it, and that costs it up to five microseconds; one with nothing to do
//! goes to sleep, and that costs it, too. The slower of two servers would be charged for the first,
//! the faster for the second. So the client never sleeps, and its requests are signed beforehand:
//! there is always one more.

use std::net::SocketAddr;

use futures_util::future::try_join_all;
use http::HeaderMap;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime;
use tokio::task::yield_now;

use crate::Result;

/// Enough for a server to find several requests whenever it looks: with few, whether it finds one or
/// two decides how much it pays for looking.
const CONNECTIONS: usize = 64;

/// Runs `measure` on a thread that does not sleep while it waits.
///
/// # Errors
/// Those of `measure`, and when there can be no runtime.
pub fn run<T>(measure: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let awake = tokio::spawn(async {
            loop {
                yield_now().await;
            }
        });
        let measured = measure.await;
        awake.abort();
        measured
    })
}

/// A request without a body.
pub fn get(target: &str, headers: &HeaderMap) -> Vec<u8> {
    let mut bytes = format!("GET {target} HTTP/1.1\r\n").into_bytes();
    for (name, value) in headers {
        bytes.extend_from_slice(name.as_str().as_bytes());
        bytes.extend_from_slice(b": ");
        bytes.extend_from_slice(value.as_bytes());
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"\r\n");
    bytes
}

/// Connections to one server.
#[derive(Debug)]
pub struct Connections(Vec<TcpStream>);

impl Connections {
    /// # Errors
    /// When nobody answers there.
    pub async fn open(address: SocketAddr) -> Result<Self> {
        let mut streams = Vec::new();
        for _ in 0..CONNECTIONS {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            streams.push(stream);
        }
        Ok(Self(streams))
    }

    /// Sends `requests`, one after the other on each connection, and expects 200 each time.
    ///
    /// # Errors
    /// When the answer is another.
    pub async fn send(&mut self, requests: &[Vec<u8>]) -> Result<()> {
        let each = requests.len().div_ceil(CONNECTIONS).max(1);
        let sending = self.0.iter_mut().zip(requests.chunks(each));
        try_join_all(sending.map(|(stream, requests)| send_all(stream, requests))).await?;
        Ok(())
    }
}

async fn send_all(stream: &mut TcpStream, requests: &[Vec<u8>]) -> Result<()> {
    let mut answer = [0; 2048];
    for request in requests {
        stream.write_all(request).await?;
        let mut length = 0;
        // All of these servers end their answer with this.
        while !answer.get(..length).is_some_and(|it| it.ends_with(b"ok")) {
            let room = answer.get_mut(length..).ok_or("a long answer")?;
            let more = stream.read(room).await?;
            length = length.saturating_add(more);
            if more == 0 || (length >= 12 && !answer.starts_with(b"HTTP/1.1 200")) {
                break;
            }
        }
        if !answer.starts_with(b"HTTP/1.1 200") {
            let answer = String::from_utf8_lossy(answer.get(..length).unwrap_or_default());
            return Err(format!("refused: {answer}").into());
        }
    }
    Ok(())
}
