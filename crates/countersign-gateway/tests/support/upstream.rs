//! Services behind the gateway.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// Answers every request with what it got, as JSON: `method`, `target`, `headers` (each a list),
/// `body` as text and `body_bytes`. `/status/404` and the like answer with that status and the
/// text `upstream says so`; `/slow/500` waits so many milliseconds first.
#[derive(Clone)]
pub(crate) struct Echo {
    pub(crate) address: SocketAddr,
    calls: Arc<AtomicUsize>,
    connections: Arc<AtomicUsize>,
}

impl Echo {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let echo = Self {
            address: listener.local_addr().unwrap(),
            calls: Arc::default(),
            connections: Arc::default(),
        };
        let served = echo.clone();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                served.connections.fetch_add(1, Ordering::SeqCst);
                let calls = Arc::clone(&served.calls);
                let service = service_fn(move |request| answer(request, Arc::clone(&calls)));
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        echo
    }

    /// How many requests reached it with a whole body.
    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    /// Waits until a request has reached it.
    pub(crate) async fn called(&self) {
        let arrival = async {
            while self.calls() == 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        super::within("a request at the upstream", arrival).await;
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

async fn answer(
    request: Request<Incoming>,
    calls: Arc<AtomicUsize>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (parts, mut body) = request.into_parts();
    let (mut total, mut kept) = (0, Vec::new());
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else {
            return Ok(Response::new(Full::from("cut")));
        };
        if let Ok(data) = frame.into_data() {
            total += data.len();
            if kept.len() < 1024 {
                kept.extend_from_slice(&data);
            }
        }
    }
    calls.fetch_add(1, Ordering::SeqCst);
    let path = parts.uri.path();
    if let Some(pause) = path.strip_prefix("/slow/") {
        tokio::time::sleep(Duration::from_millis(pause.parse().unwrap())).await;
    }
    if let Some(status) = path.strip_prefix("/status/") {
        let response = Response::builder()
            .status(status)
            .header("x-from", "upstream")
            .header("connection", "x-hop")
            .header("x-hop", "1");
        return Ok(response.body(Full::from("upstream says so")).unwrap());
    }
    let mut headers = serde_json::Map::new();
    for name in parts.headers.keys() {
        let values = parts.headers.get_all(name).iter();
        let values = values.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        headers.insert(name.to_string(), values.collect());
    }
    let json = serde_json::json!({
        "method": parts.method.as_str(),
        "target": parts.uri.to_string(),
        "headers": headers,
        "body": String::from_utf8_lossy(&kept),
        "body_bytes": total,
    });
    Ok(Response::new(Full::from(json.to_string())))
}

/// Answers every connection with `script` after its first bytes, then echoes bytes, and hands
/// out what it got first.
pub(crate) async fn scripted(
    script: &'static [u8],
) -> (SocketAddr, tokio::sync::mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (seen, got) = tokio::sync::mpsc::channel(16);
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let seen = seen.clone();
            tokio::spawn(async move {
                let mut head = Vec::new();
                while !head.windows(4).any(|end| end == b"\r\n\r\n") {
                    let mut piece = [0; 4096];
                    let count = stream.read(&mut piece).await.unwrap();
                    if count == 0 {
                        return;
                    }
                    head.extend_from_slice(&piece[..count]);
                }
                let text = String::from_utf8_lossy(&head).into_owned();
                let _ = seen.send(text).await;
                stream.write_all(script).await.unwrap();
                let (mut read, mut write) = stream.split();
                let _ = tokio::io::copy(&mut read, &mut write).await;
            });
        }
    });
    (address, got)
}

/// A port on which nobody listens.
pub(crate) async fn nobody() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap()
}

/// Reads the head of each request, and closes the connection.
pub(crate) async fn closing() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let _ = stream.read(&mut [0; 4096]).await;
        }
    });
    address
}
