//! Where the gateway listens, and what is behind it.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use countersign_gateway::{Convention, GatewayConfig};

use crate::failure::Failure;
use crate::units;

/// Where the gateway listens, and what is behind it.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Network")]
pub(super) struct NetworkArguments {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8000")]
    listen: String,

    /// The service behind it
    #[arg(long, value_name = "URL")]
    upstream: Option<String>,

    /// Answer another proxy that asks about each request, instead of having an upstream
    #[arg(long, conflicts_with = "upstream")]
    forward_auth: bool,

    /// How that proxy describes the request: detect, nginx, traefik or caddy
    #[arg(long, value_name = "NAME", default_value = "detect")]
    forward_auth_convention: Convention,

    /// Answer Envoy's `ext_authz` over gRPC here too
    #[arg(long, value_name = "ADDR")]
    ext_authz_listen: Option<String>,

    /// Serve /metrics, /livez and /readyz here
    #[arg(long, value_name = "ADDR")]
    metrics_listen: Option<String>,

    /// Serve over TLS with this certificate chain, in PEM
    #[arg(long, value_name = "FILE")]
    tls_cert: Option<PathBuf>,

    /// The private key of the certificate, in PEM
    #[arg(long, value_name = "FILE")]
    tls_key: Option<PathBuf>,

    /// Believe what this proxy, an address or a network, says of the client; repeatable
    #[arg(long, value_name = "CIDR", value_delimiter = ',')]
    trusted_proxy: Vec<String>,

    /// Give the upstream `Authorization: WORD <principal>` in place of the client's
    #[arg(long, value_name = "WORD")]
    forward_authorization: Option<String>,

    /// How long the upstream may leave a request without an answer
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = units::duration)]
    upstream_timeout: Duration,

    /// How long requests in flight may take to end after SIGTERM
    #[arg(long, value_name = "DURATION", default_value = "25s", value_parser = units::duration)]
    drain_timeout: Duration,

    /// How many connections are served at once
    #[arg(long, value_name = "N", default_value = "4096")]
    max_connections: usize,

    /// How many requests are served at once; one more is answered 503 with Retry-After
    #[arg(long, value_name = "N", default_value = "1024")]
    max_in_flight: usize,

    /// How many threads work; one per processor unless given
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    workers: Option<u16>,
}

impl NetworkArguments {
    /// The beginning of a configuration.
    pub(super) fn config(&self) -> Result<GatewayConfig, Failure> {
        let mut config = match (&self.upstream, self.forward_auth) {
            (Some(upstream), _) => GatewayConfig::reverse_proxy(upstream),
            (None, true) => GatewayConfig::forward_auth(),
            (None, false) => {
                return Err(Failure::usage(
                    "there is nothing behind the gateway; give --upstream URL, or --forward-auth",
                ));
            }
        };
        config = config
            .listen(&self.listen)
            .convention(self.forward_auth_convention)
            .upstream_timeout(self.upstream_timeout)
            .drain_timeout(self.drain_timeout)
            .max_connections(self.max_connections)
            .max_in_flight(self.max_in_flight);
        if let Some(address) = &self.ext_authz_listen {
            config = config.ext_authz_listen(address);
        }
        if let Some(address) = &self.metrics_listen {
            config = config.metrics_listen(address);
        }
        for network in &self.trusted_proxy {
            config = config.trusted_proxy(network);
        }
        if let Some(word) = &self.forward_authorization {
            config = config.forward_authorization(word);
        }
        match (&self.tls_cert, &self.tls_key) {
            (Some(certificates), Some(key)) => Ok(config.tls(certificates, key)),
            (None, None) => Ok(config),
            _ => Err(Failure::usage(
                "--tls-cert and --tls-key belong together; give both or neither",
            )),
        }
    }

    /// `https` with a certificate.
    pub(super) fn url_scheme(&self) -> &'static str {
        if self.tls_cert.is_some() {
            "https"
        } else {
            "http"
        }
    }

    pub(super) fn workers(&self) -> Option<usize> {
        self.workers.map(usize::from)
    }
}
