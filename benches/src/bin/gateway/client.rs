//! Signed requests, and connections that are used again and again.

use std::error::Error;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use countersign::{AuthKey, Clock, SigningKey, SystemClock, ToSign};
use http::header::{ACCEPT, HOST, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri};
use http_body::Body;
use http_body_util::{BodyExt, Empty};
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
    Ok(SigningKey::new(
        "example-id",
        secret,
        "dave@example.com".to_owned(),
    )?)
}

/// Whether a request has a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Credentials {
    Signed,
    Absent,
}

/// Signs requests under Auth-Key, each with a nonce of its own.
pub(crate) struct Signer {
    key: SigningKey,
    scheme: AuthKey,
}

impl Signer {
    /// # Errors
    /// Those of [`key`].
    pub(crate) fn new() -> Result<Self> {
        Ok(Self {
            key: key()?,
            scheme: AuthKey::default(),
        })
    }

    /// Adds credentials to the headers; every `x-mac-` header among them is signed.
    ///
    /// # Errors
    /// When the request cannot be signed.
    pub(crate) fn sign(
        &self,
        method: &Method,
        target: &str,
        headers: &mut HeaderMap,
    ) -> Result<()> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let nonce = format!("{:024x}", COUNT.fetch_add(1, Ordering::Relaxed));
        let url: Uri = format!("http://{HOST_NAME}{target}").parse()?;
        Ok(ToSign::new(method, &url, SystemClock.now())
            .nonce(&nonce)
            .sign(&self.scheme, &self.key, headers)?)
    }

    /// A `GET` of `target`.
    ///
    /// # Errors
    /// When it cannot be signed.
    pub(crate) fn get(
        &self,
        target: &str,
        credentials: Credentials,
    ) -> Result<Request<Empty<Bytes>>> {
        let mut headers = headers();
        if credentials == Credentials::Signed {
            self.sign(&Method::GET, target, &mut headers)?;
        }
        let mut request = Request::get(target).body(Empty::new())?;
        *request.headers_mut() = headers;
        Ok(request)
    }
}

/// What any client sends.
pub(crate) fn headers() -> HeaderMap {
    HeaderMap::from_iter([
        (HOST, HeaderValue::from_static(HOST_NAME)),
        (USER_AGENT, HeaderValue::from_static("countersign-benches")),
        (ACCEPT, HeaderValue::from_static("*/*")),
    ])
}

/// A connection that is kept open between requests.
pub(crate) struct Connection<B>(SendRequest<B>);

impl<B> Connection<B>
where
    B: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
{
    /// # Errors
    /// When nobody answers there.
    pub(crate) async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self(sender))
    }

    /// Sends, and expects the answer `expected`.
    ///
    /// # Errors
    /// When it is another.
    pub(crate) async fn send(&mut self, request: Request<B>, expected: &str) -> Result<()> {
        self.0.ready().await?;
        let response = self.0.send_request(request).await?;
        let status = response.status();
        let body = response.into_body().collect().await?.to_bytes();
        if status == StatusCode::OK && body == expected {
            return Ok(());
        }
        Err(format!("{status}: {}", String::from_utf8_lossy(&body)).into())
    }
}
