//! Gateways in this process, and clients that keep their connections.

use std::convert::Infallible;
use std::net::SocketAddr;

use countersign::{
    Clock, Moxie, RestartGuard, Scheme, SigningKey, StaticKeys, SystemClock, ToSign,
};
use countersign_gateway::{Gateway, GatewayConfig};
use http::{HeaderMap, Method, Request, Response, Uri};
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::net::{TcpListener, TcpStream};

const SECRET: &str = "c2VjcmV0LW9mLWV4YWN0bHktMzItYnl0ZXMtbG9uZyE";

fn key() -> SigningKey {
    SigningKey::new("example-id", SECRET, "dave@example.com").unwrap()
}

/// A service that answers everything with 200.
pub(crate) async fn upstream() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let service = hyper::service::service_fn(|_| async {
                Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(b"hello"))))
            });
            tokio::spawn(async move {
                let _ = auto::Builder::new(TokioExecutor::new())
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            });
        }
    });
    address
}

pub(crate) fn config(upstream: SocketAddr, replay: &str) -> GatewayConfig {
    GatewayConfig::reverse_proxy(format!("http://{upstream}"))
        .listen("127.0.0.1:0")
        .scheme("moxie")
        .keys(StaticKeys::new([key()]))
        .restart_guard(RestartGuard::Off)
        .replay(replay)
}

/// Starts a gateway that runs until the runtime ends.
pub(crate) async fn start(config: GatewayConfig) -> SocketAddr {
    let gateway = Gateway::bind(config).await.unwrap();
    let address = gateway.local_addr();
    tokio::spawn(gateway.run(std::future::pending()));
    address
}

/// A signed request's headers.
pub(crate) fn signed(nonce: &str) -> HeaderMap {
    let target: Uri = "http://api.example.org/items".parse().unwrap();
    let mut headers = HeaderMap::new();
    ToSign::new(&Method::GET, &target, SystemClock.now())
        .nonce(nonce)
        .sign(&Moxie::default() as &dyn Scheme, &key(), &mut headers)
        .unwrap();
    headers
}

/// One connection to a gateway.
pub(crate) struct Client(SendRequest<Empty<Bytes>>);

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        Self(sender)
    }

    /// Sends a request with these headers; the answer's head and body.
    pub(crate) async fn send(&mut self, headers: HeaderMap) -> (http::response::Parts, String) {
        let mut request = Request::get("/items").body(Empty::new()).unwrap();
        *request.headers_mut() = headers;
        request
            .headers_mut()
            .insert("host", "api.example.org".parse().unwrap());
        self.0.ready().await.unwrap();
        let (head, body) = self.0.send_request(request).await.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        (head, String::from_utf8(body.to_vec()).unwrap())
    }
}
