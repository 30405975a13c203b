//! A server that answers as it is told, and remembers what it was asked.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use countersign_client::{AdminClient, Connection, ConnectionBuilder, KeyServerClient};
use countersign_core::{KeyId, KeyLookup, KeySet, LookupError};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub(crate) const ID: &str = "a55ace63109841ddaa8a100b75974c91";
pub(crate) const SECRET: &str = "4g_Lw8gVbIrD44EuEuwl-LxflXkSVjVp_5vsotxDk-0";
pub(crate) const TOKEN: &str = "cs_token-of-43-characters-that-nobody-shows";

/// What a request gets.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// These bytes; then the connection is closed.
    Bytes(Vec<u8>),
    /// These bytes; the connection stays.
    Alive(Vec<u8>),
    /// These bytes, and then `x` without an end.
    Endless(Vec<u8>),
    /// These bytes, and then nothing.
    Hang(Vec<u8>),
}

impl Reply {
    pub(crate) fn new(status: u16, headers: &str, body: &str) -> Self {
        let length = body.len();
        Self::Alive(
            format!("HTTP/1.1 {status} S\r\nContent-Length: {length}\r\n{headers}\r\n{body}")
                .into_bytes(),
        )
    }

    pub(crate) fn json(status: u16, body: &str) -> Self {
        Self::new(status, "Content-Type: application/json\r\n", body)
    }

    pub(crate) fn problem(status: u16, code: &str) -> Self {
        Self::problem_with(status, code, "")
    }

    pub(crate) fn problem_with(status: u16, code: &str, headers: &str) -> Self {
        let body = format!(r#"{{"type":"about:blank","code":"{code}","detail":"a sentence"}}"#);
        let headers = format!("Content-Type: application/problem+json\r\n{headers}");
        Self::new(status, &headers, &body)
    }

    pub(crate) fn credential() -> Self {
        Self::json(200, &mac_body())
    }
}

pub(crate) fn mac_body() -> String {
    format!(
        r#"{{"principal":"dave@example.com","is_deleted":false,"mac":{{"mac_algorithm":"hmac-sha-1",
        "mac_key":"{SECRET}","mac_key_identifier":"{ID}"}},"links":{{"self":{{"href":"http://h/v1.0/creds/{ID}"}}}}}}"#
    )
}

/// What was asked.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) line: String,
    pub(crate) head: String,
    pub(crate) body: String,
    /// Which connection it came over.
    pub(crate) connection: usize,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

type Script = Arc<dyn Fn(usize, &Asked) -> Reply + Send + Sync>;

/// Serves until it is dropped.
#[derive(Debug)]
pub(crate) struct Stub {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
    server: JoinHandle<()>,
}

impl Stub {
    /// Gives the request with this number, from 0 on, what `script` says.
    pub(crate) async fn that(
        script: impl Fn(usize, &Asked) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (script, record) = (Arc::new(script) as Script, Arc::clone(&asked));
        let server = tokio::spawn(async move {
            for connection in 0.. {
                let (stream, _) = listener.accept().await.unwrap();
                let (script, record) = (Arc::clone(&script), Arc::clone(&record));
                tokio::spawn(serve(stream, script, record, connection));
            }
        });
        Self {
            address,
            asked,
            server,
        }
    }

    pub(crate) async fn always(reply: Reply) -> Self {
        Self::that(move |_, _| reply.clone()).await
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.asked().into_iter().map(|asked| asked.line).collect()
    }

    pub(crate) fn connection(&self) -> ConnectionBuilder {
        Connection::builder(self.url())
            .token(TOKEN)
            .timeout(Duration::from_secs(20))
    }

    pub(crate) fn lookup(&self) -> KeyServerClient {
        KeyServerClient::new(self.connection().build().unwrap())
    }

    pub(crate) fn admin(&self) -> AdminClient {
        AdminClient::new(self.connection().build().unwrap())
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        self.server.abort();
    }
}

pub(crate) async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    script: Script,
    record: Arc<Mutex<Vec<Asked>>>,
    connection: usize,
) {
    while let Some(asked) = read(&mut stream, connection).await {
        let number = {
            let mut record = record.lock().unwrap();
            record.push(asked.clone());
            record.len() - 1
        };
        // Whoever asked may have gone away.
        match script(number, &asked) {
            Reply::Bytes(bytes) => {
                let _ = stream.write_all(&bytes).await;
                let _ = stream.shutdown().await;
                return;
            }
            Reply::Alive(bytes) => {
                if stream.write_all(&bytes).await.is_err() {
                    return;
                }
            }
            Reply::Endless(bytes) => {
                let _ = stream.write_all(&bytes).await;
                while stream.write_all(&[b'x'; 8 * 1024]).await.is_ok() {}
                return;
            }
            Reply::Hang(bytes) => {
                let _ = stream.write_all(&bytes).await;
                let mut rest = [0];
                let _ = stream.read(&mut rest).await;
                return;
            }
        }
    }
}

async fn read(stream: &mut (impl AsyncRead + Unpin), connection: usize) -> Option<Asked> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).unwrap();
    let line = head.lines().next().unwrap().to_owned();
    let mut asked = Asked {
        line,
        head,
        body: String::new(),
        connection,
    };
    let length = asked
        .header("content-length")
        .map_or(0, |n| n.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    asked.body = String::from_utf8(body).unwrap();
    Some(asked)
}

pub(crate) async fn find(
    keys: &impl KeyLookup<Principal = String>,
    id: &str,
) -> Result<Option<KeySet>, LookupError> {
    keys.lookup(KeyId::parse(id.as_bytes()).unwrap()).await
}

/// The sentence of a lookup that fails.
pub(crate) async fn failure(keys: &impl KeyLookup<Principal = String>) -> String {
    let error = find(keys, ID).await.unwrap_err();
    let shown = format!("{error} {error:?}");
    for secret in [SECRET, TOKEN] {
        assert!(!shown.contains(secret), "{shown}");
    }
    error.to_string()
}
