//! `countersign gateway`

mod checks;
mod keys;
mod network;
mod reload;

use clap::Args;
use countersign_gateway::{Gateway as Service, GatewayConfig, GatewayError};

use self::checks::CheckArguments;
use self::keys::KeyArguments;
use self::network::NetworkArguments;
use crate::failure::Failure;
use crate::log::LogArguments;
use crate::{output, server};

/// Verify requests in front of any service
///
/// As a reverse proxy it passes verified requests on to --upstream, with X-Countersign-Principal,
/// -Key-Id and -Scheme set (and taken off what the client sends). With --forward-auth it answers
/// nginx's `auth_request`, Traefik and Caddy instead.
#[derive(Args, Clone, Debug)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Gateway {
    #[command(flatten)]
    network: NetworkArguments,

    #[command(flatten)]
    keys: KeyArguments,

    #[command(flatten)]
    checks: CheckArguments,

    #[command(flatten)]
    log: LogArguments,
}

const EXAMPLE: &str = "\
SIGTERM and SIGINT let requests in flight end and exit with 0. SIGHUP reads the keys again: a file,
which is also read when it changes, or what was remembered of a key server, so that a key that was
just revoked there is refused from now on.

Examples:
  countersign gateway --upstream http://127.0.0.1:8080 --keys keys.toml \\
      --scheme auth-key --scheme hmac-auth-sha256

  # keys.toml:
  #   [[key]]
  #   id = \"test123\"
  #   secret = \"mysecretkeydata\"     # or secret_base64, secret_base64url, secret_hex, secret_file
  #   principal = \"dave@example.com\"

  countersign gateway --upstream http://127.0.0.1:8080 --scheme mac \\
      --key-server https://keys.example.com --key-server-token-file token

  countersign gateway --forward-auth --listen 127.0.0.1:8001 --keys keys.toml --scheme moxie";

impl Gateway {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        self.log.start("info")?;
        let config = self.checks.apply(self.network.config()?);
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        if let Some(workers) = self.network.workers() {
            runtime.worker_threads(workers);
        }
        runtime
            .enable_all()
            .build()
            .map_err(|error| Failure::failed(format!("the runtime cannot start: {error}")))?
            .block_on(self.serve(config))
    }

    async fn serve(&self, config: GatewayConfig) -> Result<(), Failure> {
        let mut interrupt = server::Interrupt::new()?;
        let keys = self.keys.open()?;
        reload::on_hangup(keys.clone())?;
        let service = Service::bind(config.shared_keys(keys.shared()))
            .await
            .map_err(|error| unusable(&error))?;
        if let Some(address) = service.metrics_addr() {
            tracing::info!("metrics, /livez and /readyz on http://{address}");
        }
        if let Some(address) = service.ext_authz_addr() {
            tracing::info!("ext_authz (gRPC) on {address}");
        }
        let scheme = self.network.url_scheme();
        output::line(&format!("listening on {scheme}://{}", service.local_addr()))?;
        service.run(async move { interrupt.wait().await }).await;
        Ok(())
    }
}

/// What is wrong with the settings of a gateway.
pub(crate) fn unusable(error: &GatewayError) -> Failure {
    match error {
        GatewayError::Listen { source, .. }
            if source.kind() != std::io::ErrorKind::InvalidInput =>
        {
            Failure::failed(error.to_string())
        }
        GatewayError::ReplayUnreachable(_) => Failure::unreachable(error.to_string()),
        GatewayError::ReplayUnfit(_) => Failure::failed(error.to_string()),
        _ => Failure::usage(error.to_string()),
    }
}
