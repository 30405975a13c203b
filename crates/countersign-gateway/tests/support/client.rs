//! A client that shows what came back.

use std::net::SocketAddr;

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::sign::Message;
use super::within;

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Status and code of the problem; the code is empty when it is none.
    pub(crate) fn told(&self) -> (u16, String) {
        let problem = self.header("content-type") == "application/problem+json";
        let code = if problem {
            self.json()["code"].as_str().unwrap().to_owned()
        } else {
            String::new()
        };
        (self.status.as_u16(), code)
    }

    /// What the echoing upstream got for a header; empty when it got none.
    pub(crate) fn echoed(&self, name: &str) -> String {
        let json = self.json();
        let values = json["headers"][name]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let values: Vec<_> = values.iter().map(|value| value.as_str().unwrap()).collect();
        values.join(" | ")
    }
}

/// Sends `message` as HTTP/1.1 on a connection of its own.
pub(crate) async fn send(address: SocketAddr, message: &Message) -> Answer {
    let parsed = Request::builder();
    let mut request = parsed
        .method(message.method.clone())
        .uri(message.target.as_str())
        .body(Full::new(Bytes::from(message.body.clone())))
        .unwrap();
    *request.headers_mut() = message.headers.clone();
    if !message.host.is_empty() {
        let host = message.host.parse().unwrap();
        request.headers_mut().insert("host", host);
    }
    let sending = async {
        let stream = TcpStream::connect(address).await.unwrap();
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection.with_upgrades());
        let response = sender.send_request(request).await.unwrap();
        let (parts, body) = response.into_parts();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: body.collect().await.unwrap().to_bytes(),
        }
    };
    within("the answer", sending).await
}

/// Sends `message` as HTTP/2 over `io`.
pub(crate) async fn send_h2<I>(io: I, message: &Message, scheme: &str) -> Answer
where
    I: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let uri = format!("{scheme}://{}{}", message.host, message.target);
    let mut request = Request::builder()
        .method(message.method.clone())
        .version(http::Version::HTTP_2)
        .uri(uri)
        .body(Full::new(Bytes::from(message.body.clone())))
        .unwrap();
    *request.headers_mut() = message.headers.clone();
    let sending = async {
        let io = TokioIo::new(io);
        let (mut sender, connection) = http2::handshake(TokioExecutor::new(), io).await.unwrap();
        tokio::spawn(connection);
        let response = sender.send_request(request).await.unwrap();
        let (parts, body) = response.into_parts();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: body.collect().await.unwrap().to_bytes(),
        }
    };
    within("the answer", sending).await
}

/// Sends exactly `bytes` and reads until the other side closes.
pub(crate) async fn send_raw(address: SocketAddr, bytes: &[u8]) -> String {
    let exchange = async {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        String::from_utf8_lossy(&answer).into_owned()
    };
    within("the raw answer", exchange).await
}
