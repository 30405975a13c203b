//! Requests over loopback, written as bytes: what the client costs is nobody's business here.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};

use countersign::{Clock, SystemClock, ToSign};
use countersign_benches::requests::{BUSY, TARGET, URL, key};
use countersign_benches::{Result, requests};
use http::{HeaderMap, Method, Uri};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::peers::{JsonWebToken, MessageSignature, Peer, StandardWebhooks};
use crate::roles::Role;

const CONNECTIONS: usize = 8;

/// Makes requests that are signed under one role, each of them new.
pub(crate) struct Requests {
    role: Role,
    keys: Vec<countersign::SigningKey>,
    scheme: Option<Box<dyn countersign::Scheme>>,
    /// Of a peer, none of which minds a replay: one request for all.
    same: Option<Vec<u8>>,
}

impl Requests {
    /// # Errors
    /// When a request cannot be signed.
    pub(crate) fn of(role: Role) -> Result<Self> {
        let mut headers = requests::plain_headers();
        match role {
            Role::JsonWebToken => JsonWebToken::new()?.sign(URL, &mut headers)?,
            Role::StandardWebhooks => StandardWebhooks::new()?.sign(URL, &mut headers)?,
            Role::MessageSignature => MessageSignature::new()?.sign(URL, &mut headers)?,
            Role::AuthKey | Role::HmacAuth | Role::Moxie => {}
        }
        let scheme = role.scheme();
        let same = scheme.is_none().then(|| bytes(&headers));
        Ok(Self {
            role,
            keys: (0..BUSY).map(key).collect::<std::result::Result<_, _>>()?,
            scheme,
            same,
        })
    }

    fn next(&self) -> Result<Vec<u8>> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        if let Some(same) = &self.same {
            return Ok(same.clone());
        }
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let nonce = format!("{number:024x}");
        let keys = u64::from(BUSY);
        #[allow(clippy::arithmetic_side_effects)] // not zero
        let index = usize::try_from(number % keys)?;
        let (key, scheme) = (self.keys.get(index), self.scheme.as_deref());
        let (Some(key), Some(scheme)) = (key, scheme) else {
            return Err(format!("{} has no requests", self.role.name()).into());
        };
        let (method, url) = (Method::GET, Uri::from_static(URL));
        let mut headers = requests::plain_headers();
        let request = ToSign::new(&method, &url, SystemClock.now());
        let request = if scheme.has_nonce() {
            request.nonce(&nonce)
        } else {
            request
        };
        request.sign(scheme, key, &mut headers)?;
        Ok(bytes(&headers))
    }
}

fn bytes(headers: &HeaderMap) -> Vec<u8> {
    let mut bytes = format!("GET {TARGET} HTTP/1.1\r\n").into_bytes();
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
    pub(crate) async fn send(&mut self, requests: &Requests, number: usize) -> Result<()> {
        let each = number / CONNECTIONS;
        let streams = self.0.iter_mut();
        let sending = streams.map(|stream| send_all(stream, requests, each));
        futures_util::future::try_join_all(sending).await?;
        Ok(())
    }
}

async fn send_all(stream: &mut TcpStream, requests: &Requests, number: usize) -> Result<()> {
    let mut answer = [0; 2048];
    for _ in 0..number {
        stream.write_all(&requests.next()?).await?;
        let mut read = 0;
        // All of these servers end their answer with this.
        while !answer.get(..read).is_some_and(|read| read.ends_with(b"ok")) {
            let room = answer.get_mut(read..).ok_or("a long answer")?;
            let more = stream.read(room).await?;
            if more == 0 {
                break;
            }
            read = read.saturating_add(more);
            if read >= 12 && !answer.starts_with(b"HTTP/1.1 200") {
                break;
            }
        }
        if !answer.starts_with(b"HTTP/1.1 200") {
            let answer = String::from_utf8_lossy(answer.get(..read).unwrap_or_default());
            return Err(format!("{}: {answer}", requests.role.name()).into());
        }
    }
    Ok(())
}
