//! A socket, byte for byte.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::wait::within;

/// A connection on which a test writes whatever it likes.
#[derive(Debug)]
pub struct Raw {
    stream: TcpStream,
    unread: Vec<u8>,
}

/// An answer as it came in.
#[derive(Clone, Debug)]
pub struct RawAnswer {
    /// The status.
    pub status: u16,
    /// Names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// As many bytes as `Content-Length` says.
    pub body: Vec<u8>,
}

impl RawAnswer {
    /// The value of a header; empty when there is none.
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value)
    }

    /// The status, and the code of the problem where there is one.
    pub fn told(&self) -> (u16, String) {
        let json: Option<serde_json::Value> = serde_json::from_slice(&self.body).ok();
        let code = json.and_then(|json| Some(json.get("code")?.as_str()?.to_owned()));
        (self.status, code.unwrap_or_default())
    }
}

impl Raw {
    /// Connects to `address`.
    pub async fn connect(address: SocketAddr) -> Self {
        let stream = within("the connection", TcpStream::connect(address)).await;
        let stream = stream.expect("the server listens");
        stream.set_nodelay(true).expect("a socket option");
        Self {
            stream,
            unread: Vec::new(),
        }
    }

    /// Writes `bytes`.
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let sent = within("the bytes go out", self.stream.write_all(bytes.as_ref())).await;
        sent.expect("the connection is open");
    }

    /// Says that nothing more will be written.
    pub async fn finish(&mut self) {
        // The server may have closed the connection before.
        let _ = within("the end goes out", self.stream.shutdown()).await;
    }

    /// Reads one answer with its body.
    pub async fn answer(&mut self) -> RawAnswer {
        let mut answer = self.head().await;
        let length = answer.header("content-length").parse().unwrap_or(0);
        while self.unread.len() < length {
            assert!(self.fill().await > 0, "the body was cut short: {answer:?}");
        }
        answer.body = self.unread.drain(..length).collect();
        answer
    }

    /// Reads the head of one answer, which may be an interim one or one without a body.
    pub async fn head(&mut self) -> RawAnswer {
        let end = loop {
            if let Some(end) = self.unread.windows(4).position(|four| four == b"\r\n\r\n") {
                break end;
            }
            assert!(self.fill().await > 0, "no answer, but {:?}", self.text());
        };
        let head: Vec<u8> = self.unread.drain(..end.saturating_add(4)).collect();
        let head = String::from_utf8(head).expect("answers are plain text");
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1));
        let headers = lines.filter_map(|line| line.split_once(": "));
        RawAnswer {
            status: status
                .and_then(|code| code.parse().ok())
                .expect("a status line"),
            headers: headers
                .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
                .collect(),
            body: Vec::new(),
        }
    }

    /// Everything that comes until the server closes the connection.
    pub async fn rest(&mut self) -> String {
        while self.fill().await > 0 {}
        self.text()
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.unread).into_owned()
    }

    async fn fill(&mut self) -> usize {
        let read = within(
            "more from the server",
            self.stream.read_buf(&mut self.unread),
        )
        .await;
        // A connection that the server resets is closed, too.
        read.unwrap_or(0)
    }
}
