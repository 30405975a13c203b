//! What speaks the protocol as a healthy server does, except for one thing.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// A stub; ends with the runtime.
pub(crate) struct Stub {
    address: SocketAddr,
    /// How far its clock is ahead, in milliseconds.
    ahead: Arc<AtomicI64>,
}

impl Stub {
    /// With `INFO` that says this of memory.
    pub(crate) async fn start(memory: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let ahead = Arc::new(AtomicI64::new(0));
        let clock = Arc::clone(&ahead);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(serve(stream, memory, Arc::clone(&clock)));
            }
        });
        Self { address, ahead }
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://{}", self.address)
    }

    /// Sets its clock: this much ahead of the right time.
    pub(crate) fn set_ahead(&self, milliseconds: i64) {
        self.ahead.store(milliseconds, Ordering::Relaxed);
    }
}

async fn serve(stream: TcpStream, memory: &str, ahead: Arc<AtomicI64>) {
    let mut stream = BufReader::new(stream);
    while let Some(command) = read(&mut stream).await {
        let words: Vec<&str> = command.iter().map(String::as_str).collect();
        let answer = match words.as_slice() {
            ["HELLO", ..] => "%1\r\n+proto\r\n:3\r\n".to_owned(),
            ["INFO", section] => bulk(match *section {
                "server" => "redis_version:7.0.15\r\nrun_id:ab12\r\n",
                "replication" => "role:master\r\nmaster_replid:cd34\r\n",
                "memory" => memory,
                _ => "loading:0\r\n",
            }),
            ["TIME"] => time(ahead.load(Ordering::Relaxed)),
            ["GET", ..] => bulk("1000"),
            _ => "+OK\r\n".to_owned(),
        };
        if stream.get_mut().write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

fn bulk(text: &str) -> String {
    format!("${}\r\n{text}\r\n", text.len())
}

fn time(ahead: i64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let now = i64::try_from(now.as_millis()).unwrap() + ahead;
    format!(
        "*2\r\n{}{}",
        bulk(&(now / 1000).to_string()),
        bulk(&(now % 1000 * 1000).to_string())
    )
}

/// An array of strings, or `None` at the end.
async fn read(stream: &mut BufReader<TcpStream>) -> Option<Vec<String>> {
    let parts = length(stream, b'*').await?;
    let mut words = Vec::new();
    for _ in 0..parts {
        let length = length(stream, b'$').await?;
        let mut word = vec![0; length + 2];
        stream.read_exact(&mut word).await.ok()?;
        word.truncate(length);
        words.push(String::from_utf8(word).unwrap());
    }
    Some(words)
}

async fn length(stream: &mut BufReader<TcpStream>, kind: u8) -> Option<usize> {
    let mut line = String::new();
    if stream.read_line(&mut line).await.ok()? == 0 {
        return None;
    }
    assert_eq!(line.as_bytes()[0], kind);
    Some(line[1..].trim_end().parse().unwrap())
}
