//! Requests, each of them new, and sending them.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign::{Clock, HmacAuth, SigningKey, SystemClock, ToSign};
use countersign_benches::Result;
use countersign_benches::requests::{key, plain_headers};
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{HeaderMap, HeaderValue, Method, Uri};
use sha2::Sha256;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const CONNECTIONS: u32 = 8;

/// How a request is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signed {
    HmacAuth,
    Hawk,
}

/// Makes requests.
pub(crate) struct Signer {
    signed: Signed,
    key: SigningKey,
}

impl Signer {
    /// # Errors
    /// Never.
    pub(crate) fn new(signed: Signed) -> Result<Self> {
        Ok(Self {
            signed,
            key: key(0)?,
        })
    }

    fn next(&self) -> Result<Vec<u8>> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let target = format!("/v1/accounts/4711/orders?number={number}");
        let mut headers = plain_headers();
        let now = SystemClock.now();
        match self.signed {
            Signed::HmacAuth => {
                let url: Uri = format!("http://api.example.org{target}").parse()?;
                let request = ToSign::new(&Method::GET, &url, now);
                request.sign(&HmacAuth::sha1(), &self.key, &mut headers)?;
            }
            Signed::Hawk => {
                let value = self.hawk(&target, now.as_unix(), number)?;
                headers.insert(http::header::AUTHORIZATION, value);
            }
        }
        Ok(bytes(&target, &headers))
    }

    /// The header of Hawk for a request without a payload.
    fn hawk(&self, target: &str, now: i64, number: u64) -> Result<HeaderValue> {
        let nonce = format!("{number:x}");
        let text =
            format!("hawk.1.header\n{now}\n{nonce}\nGET\n{target}\napi.example.org\n80\n\n\n");
        let mut mac = Hmac::<Sha256>::new_from_slice(self.key.secret().expose())?;
        mac.update(text.as_bytes());
        let mac = STANDARD.encode(mac.finalize().into_bytes());
        let id = self.key.id();
        let value = format!(r#"Hawk id="{id}", ts="{now}", nonce="{nonce}", mac="{mac}""#);
        Ok(value.parse()?)
    }
}

fn bytes(target: &str, headers: &HeaderMap) -> Vec<u8> {
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
pub(crate) struct Load(Vec<TcpStream>);

impl Load {
    /// # Errors
    /// When nobody answers there.
    pub(crate) async fn open(address: SocketAddr) -> Result<Self> {
        let mut streams = Vec::new();
        for _ in 0..CONNECTIONS {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            streams.push(stream);
        }
        Ok(Self(streams))
    }

    /// Sends so many, and expects 200 each time.
    ///
    /// # Errors
    /// When the answer is another.
    pub(crate) async fn send(&mut self, signer: &Signer, number: u32) -> Result<()> {
        let each = number / CONNECTIONS;
        let sending = self.0.iter_mut().map(|it| send_all(it, signer, each));
        futures_util::future::try_join_all(sending).await?;
        Ok(())
    }
}

async fn send_all(stream: &mut TcpStream, signer: &Signer, number: u32) -> Result<()> {
    let mut answer = [0; 2048];
    for _ in 0..number {
        stream.write_all(&signer.next()?).await?;
        let mut length = 0;
        // All of these servers end their answer with this.
        while !answer.get(..length).is_some_and(|it| it.ends_with(b"ok")) {
            let room = answer.get_mut(length..).ok_or("a long answer")?;
            let more = stream.read(room).await?;
            length = length.saturating_add(more);
            if more == 0 {
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
