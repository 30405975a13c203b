//! Serving the API.

mod http;
mod listener;
mod metrics;
mod reach;
mod signals;
mod tls;

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ::http::uri::Authority;
use axum::Router;
use axum_server::tls_rustls::RustlsConfig;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpListener;

use self::http::Stop;
use self::listener::Listener;
use self::reach::Reach;
use self::signals::Signals;
use super::arguments::{ApiArguments, Arguments, Switch};
use super::failure::Failure;
use super::print;
use super::store::{Existence, KeyStore, Place};
use crate::api::{AgentApi, ApiSettings, ClientAddress, RateLimits, router};
use crate::audit::AuditLog;
use crate::registry::{Registry, RegistryError};

/// How many connections the listener of the metrics serves: those who watch are few.
const METRICS_CONNECTIONS: u32 = 64;

/// Serves until SIGTERM or SIGINT, and then until everything in flight is answered.
pub(super) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let mut signals = Signals::catch()?;
    let server = tokio::select! {
        server = Server::start(&arguments) => server?,
        () = signals.wait() => return Ok(()),
    };
    print(&format!(
        "listening on {}://{}\n",
        server.scheme, server.address
    ))?;
    server.serve(signals, arguments.network.drain_timeout).await
}

/// A server that has everything it needs, and listens.
struct Server {
    registry: Arc<Registry>,
    listener: Listener,
    address: SocketAddr,
    scheme: &'static str,
    tls: Option<RustlsConfig>,
    router: Router,
    metrics: Option<(Listener, Router)>,
}

impl Server {
    async fn start(arguments: &Arguments) -> Result<Self, Failure> {
        let network = &arguments.network;
        let place = Place::of(&arguments.store)?;
        place.master_key_file()?;
        let tls = match (&network.tls_cert, &network.tls_key) {
            (Some(certificates), Some(key)) => Some(tls::config(certificates, key)?),
            _ => None,
        };
        let addresses = resolve("--listen", &network.listen).await?;
        let reach = Reach::of(network, &addresses)?;
        let (listener, address) = bind("--listen", &network.listen, &addresses).await?;
        let mut settings = api_settings(arguments, address, reach)?;
        let own_metrics = match &network.metrics_listen {
            Some(place) => {
                let addresses = resolve("--metrics-listen", place).await?;
                Some(bind("--metrics-listen", place, &addresses).await?)
            }
            None => None,
        };

        let key_store = place.open(Existence::MadeIfMissing).await?;
        let opened = open_registry(&key_store, arguments, reach).await;
        let (registry, handle) = match opened {
            Ok(opened) => opened,
            Err(failure) => {
                key_store.store.close().await;
                return Err(failure);
            }
        };
        let metrics = match (own_metrics, handle) {
            (Some((listener, address)), Some(handle)) => {
                tracing::info!("metrics on http://{address}/metrics");
                let listener = Listener::new(listener, METRICS_CONNECTIONS);
                Some((listener, metrics::router(handle)))
            }
            (None, Some(handle)) => {
                settings = settings.metrics(move || handle.render());
                None
            }
            (_, None) => None,
        };
        tracing::info!("the key store is {}", key_store.place.address.shown());
        let registry = Arc::new(registry);
        Ok(Self {
            router: router(Arc::clone(&registry), settings),
            registry,
            listener: Listener::new(listener, network.max_connections),
            address,
            scheme: if tls.is_some() { "https" } else { "http" },
            tls,
            metrics,
        })
    }

    async fn serve(self, mut signals: Signals, drain: Duration) -> Result<(), Failure> {
        let stop = Stop::new();
        if let Some((listener, router)) = self.metrics {
            tokio::spawn(http::serve(listener, None, router, Stop::new()));
        }
        let mut serving = tokio::spawn(http::serve(
            self.listener,
            self.tls,
            self.router,
            stop.clone(),
        ));
        let served = tokio::select! {
            served = &mut serving => served,
            () = signals.wait() => {
                tracing::info!("told to stop: finishing what is in flight");
                let told = Instant::now();
                stop.graceful_shutdown(Some(drain));
                let served = serving.await;
                if told.elapsed() >= drain {
                    tracing::warn!("not all requests were answered in time; they are cut");
                }
                served
            }
        };
        self.registry.close().await;
        served.unwrap_or_else(|error| {
            Err(Failure::failed(format!(
                "the server ended by itself: {error}"
            )))
        })
    }
}

async fn open_registry(
    key_store: &KeyStore,
    arguments: &Arguments,
    reach: Reach,
) -> Result<(Registry, Option<PrometheusHandle>), Failure> {
    let store = &key_store.store;
    let most = arguments.api.max_active_per_principal;
    if most.is_some() && store.kind() == "couchdb" {
        return Err(Failure::usage(
            "--max-active-per-principal cannot be used with CouchDB, which cannot count \
             credentials and make one in one step; leave it out, or use another key store",
        ));
    }
    let master = key_store.master_key().await?;
    let handle = metrics::install();
    let registry = Registry::open(Arc::clone(store), &master)
        .await
        .map_err(|error| opening(key_store, &error))?
        .max_active(most);
    reach.check(&arguments.network.listen, &store.tokens().await?)?;
    Ok((registry, handle))
}

fn opening(key_store: &KeyStore, error: &RegistryError) -> Failure {
    let file = match (error, key_store.place.master_key_file()) {
        (RegistryError::WrongMasterKey(_), Ok(path)) => format!(" (it was {})", path.display()),
        _ => String::new(),
    };
    Failure::failed(format!(
        "the key store {} cannot be opened: {error}{file}",
        key_store.place.address.shown()
    ))
}

async fn resolve(option: &str, address: &str) -> Result<Vec<SocketAddr>, Failure> {
    let valid = "give HOST:PORT, where port 0 takes a free one";
    let found = tokio::net::lookup_host(address)
        .await
        .map_err(|error| Failure::unusable(option, address, format!("{error}; {valid}")))?;
    let addresses: Vec<_> = found.collect();
    if addresses.is_empty() {
        return Err(Failure::unusable(option, address, valid));
    }
    Ok(addresses)
}

async fn bind(
    option: &str,
    given: &str,
    addresses: &[SocketAddr],
) -> Result<(TcpListener, SocketAddr), Failure> {
    let cannot = |error: std::io::Error| {
        Failure::failed(format!(
            "{option} = {given:?} cannot be listened on: {error}; stop what listens there, or give \
             another HOST:PORT"
        ))
    };
    let listener = TcpListener::bind(addresses).await.map_err(cannot)?;
    let address = listener.local_addr().map_err(cannot)?;
    Ok((listener, address))
}

fn api_settings(
    arguments: &Arguments,
    address: SocketAddr,
    reach: Reach,
) -> Result<ApiSettings, Failure> {
    let (network, api) = (&arguments.network, &arguments.api);
    let mut settings = ApiSettings::new(address)
        .transport(reach::transport(network))
        .access(reach.access())
        .rate_limits(rate_limits(api)?)
        .client_address(if network.believe_forwarded_for {
            ClientAddress::LastForwardedFor
        } else {
            ClientAddress::OfConnection
        })
        .agent_api(match api.agent_api {
            Switch::On => AgentApi::On,
            Switch::Off => AgentApi::Off,
        })
        .agent_hosts(agent_hosts(api)?);
    if let Some(url) = &network.public_url {
        settings = settings
            .public_url(url)
            .map_err(|error| Failure::unusable("--public-url", url, error))?;
    }
    if let Some(path) = &api.audit_log {
        let log = if path.as_os_str() == "-" {
            AuditLog::stderr()
        } else {
            AuditLog::file(path).map_err(|error| {
                let fix = format!("{error}; give a file that can be written, or -");
                Failure::unusable("--audit-log", &path.display().to_string(), fix)
            })?
        };
        settings = settings.audit(log);
    }
    Ok(settings)
}

fn agent_hosts(api: &ApiArguments) -> Result<&[String], Failure> {
    for host in &api.agent_host {
        let authority: Result<Authority, _> = host.parse();
        if !authority.is_ok_and(|it| it == *host && !host.contains('@')) {
            let fix = "give HOST or HOST:PORT, as clients write it into Host";
            return Err(Failure::unusable("--agent-host", host, fix));
        }
    }
    Ok(&api.agent_host)
}

fn rate_limits(api: &ApiArguments) -> Result<RateLimits, Failure> {
    if api.rate_limit == "off" {
        return Ok(RateLimits::off());
    }
    let number: NonZeroU32 = api.rate_limit.parse().map_err(|_| {
        let fix = "give a number of requests per second from 1 on, or off";
        Failure::unusable("--rate-limit", &api.rate_limit, fix)
    })?;
    // The limit of failed authentications stays as it is.
    Ok(RateLimits::generous()
        .per_address(Some(number))
        .per_token(Some(number)))
}
