//! Signed requests, as text and on connections that are used again.

use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use countersign::{AuthKey, Clock, SigningKey, SystemClock, ToSign};
use http::header::HOST;
use http::{HeaderMap, Method, Request, Uri};
use http_body_util::{BodyExt as _, Empty};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::Result;

const HOST_NAME: &str = "api.example.org";

/// The one key, which both sides have.
///
/// # Errors
/// Never, as it is a good one.
pub(crate) fn key() -> Result<SigningKey> {
    let secret = "a-secret-of-the-benchmarks-own-and-nobody-elses";
    Ok(SigningKey::new("example-id", secret, "dave@example.com")?)
}

/// The headers of a `GET`, signed with a nonce of its own.
fn signed(target: &str) -> Result<HeaderMap> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let nonce = format!("{:024x}", COUNT.fetch_add(1, Ordering::Relaxed));
    let mut headers = HeaderMap::new();
    headers.insert(HOST, HOST_NAME.parse()?);
    let url: Uri = format!("http://{HOST_NAME}{target}").parse()?;
    ToSign::new(&Method::GET, &url, SystemClock.now())
        .nonce(&nonce)
        .sign(&AuthKey::default(), &key()?, &mut headers)?;
    Ok(headers)
}

/// A signed `GET` as it goes over the wire.
///
/// # Errors
/// When it cannot be signed.
pub(crate) fn text(target: &str) -> Result<String> {
    let mut text = format!("GET {target} HTTP/1.1\r\n");
    for (name, value) in &signed(target)? {
        text.extend([name.as_str(), ": ", value.to_str()?, "\r\n"]);
    }
    text.push_str("\r\n");
    Ok(text)
}

/// Connections that are open and idle.
pub(crate) struct Pool {
    address: SocketAddr,
    idle: Mutex<Vec<SendRequest<Empty<Bytes>>>>,
}

impl Pool {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self {
            address,
            idle: Mutex::default(),
        }
    }

    /// The status of the answer to a signed `GET`, and when it says to come again.
    ///
    /// # Errors
    /// When the connection breaks off.
    pub(crate) async fn get(&self, target: &str) -> Result<(u16, Option<String>)> {
        let mut request = Request::get(target).body(Empty::new())?;
        *request.headers_mut() = signed(target)?;
        let mut sender = match self.take() {
            Some(sender) => sender,
            None => self.open().await?,
        };
        let response = sender.send_request(request).await?;
        let (head, body) = response.into_parts();
        body.collect().await?;
        self.idle().push(sender);
        let again = head.headers.get("retry-after");
        let again = again
            .map(|value| value.to_str().map(str::to_owned))
            .transpose()?;
        Ok((head.status.as_u16(), again))
    }

    fn take(&self) -> Option<SendRequest<Empty<Bytes>>> {
        let mut idle = self.idle();
        while let Some(sender) = idle.pop() {
            if sender.is_ready() {
                return Some(sender);
            }
        }
        None
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<SendRequest<Empty<Bytes>>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn open(&self) -> Result<SendRequest<Empty<Bytes>>> {
        let stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(sender)
    }
}
