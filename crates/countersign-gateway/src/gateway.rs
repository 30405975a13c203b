//! Putting the parts together, and running them until told to stop.

use std::net::SocketAddr;
use std::time::Duration;

use countersign::UrlScheme;

use crate::config::{GatewayConfig, Mode, Plan, Reading};
use crate::drain::Drain;
use crate::error::GatewayError;
#[cfg(feature = "ext-authz")]
use crate::ext_authz::Listener;
use crate::forward_auth::ForwardAuth;
use crate::front::Front;
use crate::observe::{Observer, Recorder};
use crate::proxy::Proxy;
use crate::server::{self, Bounded, Server};

/// How many connections the listener for metrics serves at once: a scraper, a prober, and
/// somebody who looks.
const MAX_OBSERVERS: usize = 64;

/// A gateway that has its addresses, and accepts connections once it runs.
///
#[doc = include_str!("gateway.md")]
pub struct Gateway {
    server: Server,
    address: SocketAddr,
    service: Service,
    observing: Option<(Server, SocketAddr)>,
    #[cfg(feature = "ext-authz")]
    ext_authz: Option<Listener>,
    drain: Drain,
    drain_timeout: Duration,
}

enum Service {
    Proxy(Bounded<Front<Proxy>>),
    ForwardAuth(Bounded<ForwardAuth>),
}

impl Gateway {
    /// Checks the settings, reads the keys and certificates, connects to the replay store if it is
    /// a shared one, and listens.
    ///
    /// # Errors
    /// The first thing that is wrong, by the name of its setting.
    pub async fn bind(config: GatewayConfig) -> Result<Self, GatewayError> {
        let Plan {
            mode,
            checking,
            trusted,
            identity,
        } = config.plan().await?;
        let drain = Drain::default();
        let tls = match &config.tls {
            Some((certificates, key)) => Some(server::acceptor(certificates, key)?),
            None => None,
        };
        let over = if tls.is_some() {
            UrlScheme::Https
        } else {
            UrlScheme::Http
        };
        #[cfg(feature = "ext-authz")]
        let ext_authz = match &config.ext_authz_listen {
            Some(address) => {
                let (drain, identity) = (drain.clone(), &identity);
                let bound = Listener::bind(&config, address, &checking, identity, drain);
                Some(bound.await?)
            }
            None => None,
        };
        let service = match mode {
            Mode::Proxy(upstream) => {
                let layer = checking.layer(over, Reading::AsConfigured)?;
                let proxy = Proxy::new(upstream, identity, trusted, over, drain.clone());
                let front = Front::new(&layer, proxy, &checking.credential_headers());
                Service::Proxy(Bounded::new(front, config.max_in_flight))
            }
            Mode::ForwardAuth(convention) => {
                let service = ForwardAuth::new(&checking, convention, trusted, identity)?;
                Service::ForwardAuth(Bounded::new(service, config.max_in_flight))
            }
        };
        let room = config.max_connections;
        let server = Server::bind("listen", &config.listen, room, drain.clone()).await?;
        let address = local_addr(&server, "listen", &config.listen)?;
        let observing = match &config.metrics_listen {
            Some(listen) => {
                let key = "metrics-listen";
                let server = Server::bind(key, listen, MAX_OBSERVERS, Drain::default()).await?;
                let address = local_addr(&server, key, listen)?;
                Recorder::install();
                Some((server, address))
            }
            None => None,
        };
        Ok(Self {
            server: server.over_tls(tls),
            address,
            service,
            observing,
            #[cfg(feature = "ext-authz")]
            ext_authz,
            drain,
            drain_timeout: config.drain,
        })
    }

    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Where it serves `/livez`, `/readyz` and `/metrics`, if anywhere.
    pub fn metrics_addr(&self) -> Option<SocketAddr> {
        self.observing.as_ref().map(|(_, address)| *address)
    }

    /// Where it answers `ext_authz`, if anywhere.
    #[cfg(feature = "ext-authz")]
    pub fn ext_authz_addr(&self) -> Option<SocketAddr> {
        self.ext_authz.as_ref().map(Listener::local_addr)
    }

    /// Serves until `shutdown` resolves; then stops accepting, lets the requests in flight end
    /// within the drain timeout, and returns.
    pub async fn run(self, shutdown: impl Future<Output = ()>) {
        let observing = self.observing.map(|(server, _)| {
            let observer = Observer::new(self.drain.clone());
            tokio::spawn(observer.run(server))
        });
        #[cfg(feature = "ext-authz")]
        if let Some(listener) = self.ext_authz {
            self.drain.spawn(listener.run());
        }
        let accepting = async {
            match self.service {
                Service::Proxy(front) => self.server.serve(front).await,
                Service::ForwardAuth(service) => self.server.serve(service).await,
            }
        };
        tokio::select! {
            () = accepting => {}
            () = shutdown => {}
        }
        // The listener is closed by now: who connects from here on is refused by the system.
        self.drain.finish(self.drain_timeout).await;
        if let Some(observing) = observing {
            observing.abort();
        }
    }
}

fn local_addr(
    server: &Server,
    key: &'static str,
    address: &str,
) -> Result<SocketAddr, GatewayError> {
    server.local_addr().map_err(|source| GatewayError::Listen {
        key,
        address: address.to_owned(),
        source,
    })
}

impl std::fmt::Debug for Gateway {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gateway")
            .field("local_addr", &self.address)
            .field("metrics_addr", &self.metrics_addr())
            .finish_non_exhaustive()
    }
}
