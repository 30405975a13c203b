//! What the examples share, so that each of them shows only its own subject: listening where the
//! caller says, and signed requests to oneself, sent or printed as a `curl` line.
//!
//! An example prints `listening on http://…`, then pairs of lines `# what it shows: status` and
//! `curl …` to paste into a shell, then `ready`, and serves until it is interrupted.

use std::error::Error;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use countersign::{Clock, Scheme, SigningKey, SystemClock, ToSign};
use http::{HeaderMap, HeaderValue, Method, Request, Uri};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// Whatever goes wrong ends an example with its message.
pub type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Listens on the address given with `--listen`, or else on 127.0.0.1:8000, and says so.
///
/// # Errors
/// When the arguments are unusable or the address is taken.
pub async fn listen() -> Result<TcpListener> {
    let mut arguments = std::env::args().skip(1);
    let address = match (arguments.next().as_deref(), arguments.next()) {
        (None, _) => "127.0.0.1:8000".to_owned(),
        (Some("--listen"), Some(address)) => address,
        _ => return Err("usage: [--listen ADDRESS:PORT]".into()),
    };
    let listener = TcpListener::bind(&address).await.map_err(|error| {
        format!("cannot listen on {address}: {error}; try --listen 127.0.0.1:0")
    })?;
    println!("listening on http://{}", listener.local_addr()?);
    Ok(listener)
}

/// Waits for SIGINT or SIGTERM.
pub async fn interrupted() {
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

/// A request to the example itself, about to be signed.
#[derive(Clone, Debug)]
pub struct Demo {
    method: Method,
    target: Uri,
    headers: HeaderMap,
    body: &'static str,
}

impl Demo {
    /// A `GET` of `path` from the service at `address`.
    ///
    /// # Errors
    /// When `path` is not a path.
    pub fn get(address: SocketAddr, path: &str) -> Result<Self> {
        let target = format!("http://{address}{path}").parse()?;
        Ok(Self {
            method: Method::GET,
            target,
            headers: HeaderMap::new(),
            body: "",
        })
    }

    /// A `POST` of `body` as plain text to `path`.
    ///
    /// # Errors
    /// When `path` is not a path.
    pub fn post(address: SocketAddr, path: &str, body: &'static str) -> Result<Self> {
        let text = HeaderValue::from_static("text/plain");
        let mut demo = Self {
            method: Method::POST,
            body,
            ..Self::get(address, path)?
        };
        demo.headers.insert(http::header::CONTENT_TYPE, text);
        Ok(demo)
    }

    /// Signs it, now and with a fresh nonce.
    ///
    /// # Errors
    /// When the scheme cannot sign it with this key.
    pub fn sign(mut self, scheme: &dyn Scheme, key: &SigningKey) -> Result<Self> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        // Unique is enough for a nonce; unpredictable it need not be.
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let nonce = format!("{:x}-{count}", std::process::id());
        ToSign::new(&self.method, &self.target, SystemClock.now())
            .nonce(&nonce)
            .body(self.body.as_bytes())
            .sign(scheme, key, &mut self.headers)?;
        Ok(self)
    }

    /// Changes the path after signing, as an attacker would.
    ///
    /// # Errors
    /// When `path` is not a path.
    pub fn tampered(mut self, path: &str) -> Result<Self> {
        let authority = self.target.authority().ok_or("the target is absolute")?;
        self.target = format!("http://{authority}{path}").parse()?;
        Ok(self)
    }

    /// Changes the body after signing.
    #[must_use]
    pub fn with_body(mut self, body: &'static str) -> Self {
        self.body = body;
        self
    }

    /// Prints it as a line to paste into a shell, under what it shows and the status to expect.
    pub fn print(&self, shows: &str, status: u16) {
        println!("# {shows}: {status}");
        let headers = self.headers.iter().map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes());
            format!(" -H '{name}: {value}'")
        });
        let headers: String = headers.collect();
        let body = match self.body {
            "" => String::new(),
            body => format!(" --data-binary '{body}'"),
        };
        println!(
            "curl -i -X {}{headers}{body} '{}'",
            self.method, self.target
        );
    }

    /// Sends it, and gives the status and the body of the answer.
    ///
    /// # Errors
    /// When the service cannot be reached.
    pub async fn send(self) -> Result<(u16, String)> {
        let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
        let mut request = Request::builder()
            .method(self.method)
            .uri(self.target)
            .body(Full::from(self.body))?;
        *request.headers_mut() = self.headers;
        let response = client.request(request).await?;
        let status = response.status().as_u16();
        let body = response.into_body().collect().await?.to_bytes();
        Ok((status, String::from_utf8_lossy(&body).into_owned()))
    }
}
