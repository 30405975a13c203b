//! Accepting connections, and serving each within limits.

mod bounded;
mod connection;
mod tls;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use countersign::BoxError;
use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use tokio::net::TcpListener;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_rustls::TlsAcceptor;

pub(crate) use self::bounded::Bounded;
pub(crate) use self::tls::acceptor;
use crate::drain::Drain;
use crate::error::GatewayError;

/// How long to wait after a failed `accept`, which fails when the process is out of descriptors
/// and then fails again at once.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Answers requests. It never fails: whatever goes wrong is an answer too.
pub(crate) trait Handler: Clone + Send + Sync + 'static {
    /// The body of its answers.
    type Body: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static;

    /// Answers one request, which came by `Connected` among its extensions.
    fn handle(
        &self,
        request: Request<Incoming>,
    ) -> impl Future<Output = Response<Self::Body>> + Send;
}

/// The connection a request came by.
#[derive(Clone, Debug)]
pub(crate) struct Connected {
    peer: SocketAddr,
    /// Held by whatever serves the connection, a tunnel included.
    _room: Arc<OwnedSemaphorePermit>,
}

impl Connected {
    pub(crate) fn peer(&self) -> SocketAddr {
        self.peer
    }
}

/// A listener and what its connections have in common.
pub(crate) struct Server {
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    room: Arc<Semaphore>,
    drain: Drain,
}

impl Server {
    /// Listens on `address`, the value of the setting `key`.
    pub(crate) async fn bind(
        key: &'static str,
        address: &str,
        max_connections: usize,
        drain: Drain,
    ) -> Result<Self, GatewayError> {
        let failed = |source| GatewayError::Listen {
            key,
            address: address.to_owned(),
            source,
        };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let room = max_connections.min(Semaphore::MAX_PERMITS);
        Ok(Self {
            listener,
            tls: None,
            room: Arc::new(Semaphore::new(room)),
            drain,
        })
    }

    pub(crate) fn over_tls(mut self, tls: Option<TlsAcceptor>) -> Self {
        self.tls = tls;
        self
    }

    pub(crate) fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves connections with `handler` until the drain begins. What is being served then goes
    /// on as a task of the drain's.
    pub(crate) async fn serve(self, handler: impl Handler) {
        let builder = connection::builder();
        loop {
            let accepted = tokio::select! {
                accepted = self.accept() => accepted,
                () = self.drain.closing() => return,
            };
            let Some((stream, connected)) = accepted else {
                return;
            };
            let (tls, drain) = (self.tls.clone(), self.drain.clone());
            let (builder, handler) = (builder.clone(), handler.clone());
            self.drain.spawn(async move {
                metrics::gauge!("countersign_gateway_connections").increment(1.0);
                let _counted = Counted;
                // Errors of a connection are the client's: it knows.
                let _ = connection::serve(builder, stream, tls, connected, handler, drain).await;
            });
        }
    }

    async fn accept(&self) -> Option<(tokio::net::TcpStream, Connected)> {
        // Room first, so that those who have to wait do so in the kernel's queue.
        let room = Arc::clone(&self.room).acquire_owned().await.ok()?;
        loop {
            match self.listener.accept().await {
                Ok((stream, peer)) => {
                    let _ = stream.set_nodelay(true);
                    let room = Arc::new(room);
                    return Some((stream, Connected { peer, _room: room }));
                }
                Err(error) => {
                    tracing::warn!(target: "countersign_gateway", %error, "accept failed");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
}

/// Counts a connection out, also when its task is ended early.
struct Counted;

impl Drop for Counted {
    fn drop(&mut self) {
        metrics::gauge!("countersign_gateway_connections").decrement(1.0);
    }
}
