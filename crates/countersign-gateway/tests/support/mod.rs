//! What the tests stand on: a gateway and an upstream on real sockets, and a client that sends
//! exactly the bytes it is given.

#![allow(dead_code)] // each test program uses a part of it

pub(crate) mod client;
pub(crate) mod sign;
pub(crate) mod upstream;

use std::net::SocketAddr;
use std::time::Duration;

use countersign::RestartGuard;
use countersign_gateway::{Gateway, GatewayConfig};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// Waits for `what`, but not for ever.
pub(crate) async fn within<F: Future>(what: &str, future: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(30), future)
        .await
        .unwrap_or_else(|_| panic!("{what}: nothing happened for 30 s"))
}

/// A gateway that runs.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) metrics: Option<SocketAddr>,
    #[cfg(feature = "ext-authz")]
    pub(crate) ext_authz: Option<SocketAddr>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Running {
    pub(crate) async fn start(config: GatewayConfig) -> Self {
        let config = config
            .listen("127.0.0.1:0")
            .restart_guard(RestartGuard::Off);
        let gateway = Gateway::bind(config).await.unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        Self {
            address: gateway.local_addr(),
            metrics: gateway.metrics_addr(),
            #[cfg(feature = "ext-authz")]
            ext_authz: gateway.ext_authz_addr(),
            stop,
            task: tokio::spawn(gateway.run(async {
                let _ = stopped.await;
            })),
        }
    }

    /// In front of `upstream`, with every scheme and the keys of [`sign`].
    pub(crate) async fn in_front_of(upstream: SocketAddr) -> Self {
        Self::start(proxy(upstream)).await
    }

    /// Asks it to stop, and gives what resolves when it has.
    pub(crate) fn stop(self) -> JoinHandle<()> {
        drop(self.stop);
        self.task
    }
}

/// The settings of a proxy in front of `upstream`, with all schemes that can be told apart.
pub(crate) fn proxy(upstream: SocketAddr) -> GatewayConfig {
    with_schemes(GatewayConfig::reverse_proxy(format!("http://{upstream}")))
}

pub(crate) fn with_schemes(config: GatewayConfig) -> GatewayConfig {
    let schemes = [
        "auth-key",
        "auth-key-v3",
        "hmac-auth",
        "hmac-auth-sha256",
        "moxie",
        "basic",
    ];
    let config = config.keys(sign::keys());
    schemes
        .iter()
        .fold(config, |config, name| config.scheme(*name))
}
