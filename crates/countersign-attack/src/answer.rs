//! Answers, read as far as it takes to judge them.
//!
//! Invariants: no more is read than [`MAX_HEAD`] and [`MAX_BODY`]; what cannot be read is told, and
//! nothing waits longer than it was allowed to.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::connect::Stream;
use crate::message::{Ending, Message};

/// The most that is read of a head: far more than any server sends.
const MAX_HEAD: usize = 64 << 10;

/// The most that is read of a body: problems are smaller, and the rest is not judged.
const MAX_BODY: usize = 64 << 10;

/// What came back.
#[derive(Clone, Debug)]
pub enum Received {
    /// An answer.
    Answer(Answer),
    /// The connection ended before there was one.
    Closed,
    /// Nothing within the time.
    Silence,
    /// Bytes that are no answer.
    Garbage,
    /// No connection could be made, and why.
    Unreachable(String),
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Names in lower case, and values.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body, as far as it was read.
    pub body: Vec<u8>,
    /// The statuses of interim answers before it.
    pub interim: Vec<u16>,
}

impl Answer {
    /// The values of a header.
    pub fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        let headers = self.headers.iter();
        headers
            .filter(move |(known, _)| known == name)
            .map(|(_, value)| value.as_slice())
    }

    /// The code of the problem, when it is one of this project's services that answers.
    pub fn code(&self) -> Option<String> {
        let json: serde_json::Value = serde_json::from_slice(&self.body).ok()?;
        let code = json.get("code")?.as_str()?;
        let ours = json.get("type")?.as_str()?.contains("countersign");
        ours.then(|| code.to_owned())
    }
}

impl Answer {
    /// Whether it is text that begins with `code`, as the agent API of the key server refuses. Others
    /// may write so too, which is why this is no way to tell whose answer it is.
    pub(crate) fn says(&self, code: &str) -> bool {
        let rest = self.body.strip_prefix(code.as_bytes());
        rest.is_some_and(|rest| rest.starts_with(b": "))
    }
}

/// Sends `message` and reads what comes back.
pub(crate) async fn exchange(mut stream: Box<dyn Stream>, message: &Message) -> Received {
    let is_head = message.method == b"HEAD";
    let bytes = message.bytes();
    let (mut reading, mut writing) = tokio::io::split(&mut stream);
    let send = async {
        // A server may answer, and close, before it has read everything.
        let _ = writing.write_all(&bytes).await;
        let _ = writing.flush().await;
        if message.ending == Ending::HungUp {
            let _ = writing.shutdown().await;
        }
        // Keeps the other half from ending: the answer decides.
        std::future::pending::<Received>().await
    };
    let receive = async {
        let mut unread = Vec::new();
        let mut interim = Vec::new();
        loop {
            let Some(end) = read_head(&mut reading, &mut unread).await else {
                return if unread.is_empty() {
                    Received::Closed
                } else {
                    Received::Garbage
                };
            };
            let head: Vec<u8> = unread.drain(..end).collect();
            let Some(mut answer) = parse(&head) else {
                return Received::Garbage;
            };
            if (100..200).contains(&answer.status) && answer.status != 101 {
                interim.push(answer.status);
                continue;
            }
            answer.interim = interim;
            if !is_head && !matches!(answer.status, 101 | 204 | 304) {
                answer.body = read_body(&mut reading, unread, &answer).await;
            }
            return Received::Answer(answer);
        }
    };
    tokio::select! {
        received = receive => received,
        never = send => never,
    }
}

async fn read_head<R>(reading: &mut R, unread: &mut Vec<u8>) -> Option<usize>
where
    R: tokio::io::AsyncRead + Unpin,
{
    loop {
        let blank = unread.windows(4).position(|four| four == b"\r\n\r\n");
        if let Some(start) = blank {
            return start.checked_add(4);
        }
        let full = unread.len() > MAX_HEAD;
        if full || reading.read_buf(unread).await.unwrap_or(0) == 0 {
            return None;
        }
    }
}

async fn read_body<R>(reading: &mut R, mut body: Vec<u8>, answer: &Answer) -> Vec<u8>
where
    R: tokio::io::AsyncRead + Unpin,
{
    let length = answer.values("content-length").next();
    let length = length.and_then(|text| std::str::from_utf8(text).ok()?.parse().ok());
    let most = length.unwrap_or(MAX_BODY).min(MAX_BODY);
    let chunked = answer.values("transfer-encoding").next().is_some();
    while body.len() < most && !(chunked && body.ends_with(b"\r\n0\r\n\r\n")) {
        if reading.read_buf(&mut body).await.unwrap_or(0) == 0 {
            break;
        }
    }
    body.truncate(most);
    body
}

fn parse(head: &[u8]) -> Option<Answer> {
    let mut lines = head.split(|byte| *byte == b'\n');
    let line = lines.next()?;
    let line = line.strip_prefix(b"HTTP/1.")?.get(2..5)?;
    let status = std::str::from_utf8(line).ok()?.parse().ok()?;
    let mut headers = Vec::new();
    for line in lines {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            break;
        }
        let colon = line.iter().position(|byte| *byte == b':')?;
        let (name, value) = line.split_at_checked(colon)?;
        let name = std::str::from_utf8(name).ok()?.to_ascii_lowercase();
        let value = value.get(1..)?.trim_ascii();
        headers.push((name, value.to_vec()));
    }
    Some(Answer {
        status,
        headers,
        body: Vec::new(),
        interim: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn received(answer: &[u8]) -> Received {
        let (client, mut server) = tokio::io::duplex(1 << 20);
        server.write_all(answer).await.unwrap();
        server.shutdown().await.unwrap();
        exchange(Box::new(client), &Message::default()).await
    }

    #[tokio::test]
    async fn an_answer_is_read_after_its_interim_ones() {
        let text = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 401 No\r\nA: b\r\nContent-Length: 2\r\n\r\nhixx";
        let Received::Answer(answer) = received(text).await else {
            panic!("no answer");
        };
        assert_eq!((answer.status, &*answer.interim), (401, &[100][..]));
        assert_eq!(
            (answer.values("a").next(), &*answer.body),
            (Some(&b"b"[..]), &b"hi"[..])
        );
    }

    #[tokio::test]
    async fn endings_and_garbage_are_told_apart_and_nothing_is_read_for_ever() {
        assert!(matches!(received(b"").await, Received::Closed));
        assert!(matches!(
            received(b"SSH-2.0\r\n\r\n").await,
            Received::Garbage
        ));
        let endless = [b"HTTP/1.1 200 OK\r\nA: ", &*vec![b'x'; MAX_HEAD]].concat();
        assert!(matches!(received(&endless).await, Received::Garbage));
        let long = [b"HTTP/1.1 200 OK\r\n\r\n", &*vec![b'x'; 2 * MAX_BODY]].concat();
        let Received::Answer(answer) = received(&long).await else {
            panic!("no answer");
        };
        assert_eq!(answer.body.len(), MAX_BODY);
    }
}
