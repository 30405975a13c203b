//! An HTTP client for one request at a time, which sends the target byte for byte as it is.

use std::fmt;
use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{HOST, USER_AGENT};
use http::{HeaderValue, Response, Uri};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};

use crate::arguments::request::Request;
use crate::failure::Failure;

/// The most of an answer that is kept in memory, where it is not passed on as it comes.
const MAX_ANSWER: usize = 64 << 20;

/// What the server answered.
pub(crate) type Answer = Response<Incoming>;

/// Sends requests, each over a connection of its own.
#[derive(Clone)]
pub(crate) struct Client {
    tls: Arc<ClientConfig>,
    timeout: Duration,
}

impl Client {
    /// A client that trusts the authorities in `cacert`, or else the public ones.
    pub(crate) fn new(cacert: Option<&Path>, timeout: Duration) -> Result<Self, Failure> {
        let mut roots = RootCertStore::empty();
        match cacert {
            Some(path) => add_file(&mut roots, path)?,
            None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        }
        let provider = Arc::new(crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| Failure::failed(format!("TLS cannot be set up: {error}")))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self {
            tls: Arc::new(config),
            timeout,
        })
    }

    /// Sends `request` and waits for the head of the answer.
    pub(crate) async fn send(&self, request: Request) -> Result<Answer, Failure> {
        let target = request.target.clone();
        let shown = format!("{}://{}", scheme(&target), authority(&target));
        let late = |what: &str| {
            let limit = self.timeout;
            Failure::unreachable(format!("{shown} did not {what} within {limit:?}"))
        };
        let silent = |error: &dyn fmt::Display| {
            Failure::unreachable(format!("{shown} cannot be reached: {error}"))
        };

        let connection = tokio::time::timeout(self.timeout, self.connect(&target))
            .await
            .map_err(|_| late("let anybody connect"))?
            .map_err(|error| silent(&error))?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(connection))
            .await
            .map_err(|error| silent(&error))?;
        // Ends with the answer, or when nobody waits for it any more.
        tokio::spawn(connection);
        let outgoing = outgoing(request)?;
        tokio::time::timeout(self.timeout, sender.send_request(outgoing))
            .await
            .map_err(|_| late("answer"))?
            .map_err(|error| {
                Failure::unreachable(format!("{shown} gave no answer: {}", causes(&error)))
            })
    }

    /// A new connection to the host in `target`, over TLS if it says so.
    pub(crate) async fn connect(&self, target: &Uri) -> std::io::Result<Box<dyn Connection>> {
        let tls = scheme(target) == "https";
        let host = target.host().unwrap_or_default();
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let port = target.port_u16().unwrap_or(if tls { 443 } else { 80 });
        let stream = TcpStream::connect((host, port)).await?;
        stream.set_nodelay(true)?;
        if !tls {
            return Ok(Box::new(stream));
        }
        let name = ServerName::try_from(host.to_owned()).map_err(std::io::Error::other)?;
        let connector = TlsConnector::from(Arc::clone(&self.tls));
        Ok(Box::new(connector.connect(name, stream).await?))
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// A connection on which bytes go both ways.
pub(crate) trait Connection: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Connection for T {}

/// Runs `work` on the current thread.
pub(crate) fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::failed(format!("the runtime cannot start: {error}")))?
        .block_on(work)
}

/// The whole body of an answer.
pub(crate) async fn collect(body: Incoming) -> Result<Bytes, Failure> {
    http_body_util::Limited::new(body, MAX_ANSWER)
        .collect()
        .await
        .map(http_body_util::Collected::to_bytes)
        .map_err(|error| Failure::failed(format!("the answer cannot be read to its end: {error}")))
}

/// The body of an answer ended too early.
pub(crate) fn broken_off(error: &hyper::Error) -> Failure {
    Failure::failed(format!("the answer broke off: {}", causes(error)))
}

fn outgoing(request: Request) -> Result<http::Request<Full<Bytes>>, Failure> {
    let target = request.target;
    let mut headers = request.headers;
    if !headers.contains_key(HOST) {
        let host = HeaderValue::try_from(authority(&target))
            .map_err(|_| Failure::usage("the host in the URL cannot be sent"))?;
        headers.insert(HOST, host);
    }
    let agent = concat!("countersign/", env!("CARGO_PKG_VERSION"));
    headers
        .entry(USER_AGENT)
        .or_insert(HeaderValue::from_static(agent));
    let path = target.path();
    let mut line = if path.is_empty() { "/" } else { path }.to_owned();
    if let Some(query) = target.query() {
        line.push('?');
        line.push_str(query);
    }
    let mut outgoing = http::Request::builder()
        .method(request.method)
        .uri(line)
        .body(Full::from(request.body))
        .map_err(|error| Failure::usage(format!("the request cannot be sent: {error}")))?;
    *outgoing.headers_mut() = headers;
    Ok(outgoing)
}

fn scheme(target: &Uri) -> &str {
    target.scheme_str().unwrap_or("http")
}

fn authority(target: &Uri) -> &str {
    target.authority().map_or("", http::uri::Authority::as_str)
}

fn add_file(roots: &mut RootCertStore, path: &Path) -> Result<(), Failure> {
    let shown = path.display().to_string();
    let unusable = |error: &dyn fmt::Display| {
        Failure::unusable(
            "--cacert",
            &shown,
            format!("{error}; give a file of PEM certificates"),
        )
    };
    let certificates = CertificateDer::pem_file_iter(path).map_err(|error| unusable(&error))?;
    for certificate in certificates {
        let certificate = certificate.map_err(|error| unusable(&error))?;
        roots.add(certificate).map_err(|error| unusable(&error))?;
    }
    if roots.is_empty() {
        return Err(unusable(&"there is no certificate in it"));
    }
    Ok(())
}

/// `error` with everything behind it.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}
