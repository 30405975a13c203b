//! A server over TCP.

use std::net::SocketAddr;

use bytes::Bytes;
use countersign::BoxError;
use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tower::Service;

use crate::wait::within;

/// Serves HTTP/1.1 and HTTP/2 on an ephemeral port of the loopback.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
}

impl Server {
    /// Serves `service`.
    pub async fn start<S, A>(service: S) -> Self
    where
        S: Service<Request<Incoming>, Response = Response<A>> + Clone + Send + 'static,
        S::Future: Send,
        S::Error: Into<BoxError>,
        A: Body<Data = Bytes> + Send + 'static,
        A::Error: Into<BoxError>,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (stop, stopped) = oneshot::channel();
        let serving = tokio::spawn(serve(listener, service, stopped));
        Self {
            address,
            stop,
            serving,
        }
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops accepting, and waits for the requests in flight.
    pub async fn stop(self) {
        drop(self.stop);
        within("the server stops", self.serving)
            .await
            .expect("no connection task panics");
    }
}

async fn serve<S, A>(listener: TcpListener, service: S, mut stopped: oneshot::Receiver<()>)
where
    S: Service<Request<Incoming>, Response = Response<A>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Into<BoxError>,
    A: Body<Data = Bytes> + Send + 'static,
    A::Error: Into<BoxError>,
{
    let builder = auto::Builder::new(TokioExecutor::new());
    let connections = GracefulShutdown::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = &mut stopped => break,
        };
        let Ok((stream, _)) = accepted else {
            continue;
        };
        stream.set_nodelay(true).expect("a socket option");
        let service = TowerToHyperService::new(service.clone());
        let serving = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
        let serving = connections.watch(serving.into_owned());
        tokio::spawn(async move {
            // A client that goes away is no failure of the server.
            let _ = serving.await;
        });
    }
    drop(listener);
    connections.shutdown().await;
}
