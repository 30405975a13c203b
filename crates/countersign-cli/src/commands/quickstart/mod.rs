//! `countersign quickstart`

mod commands;
mod credentials;
mod key_server;
mod report;
mod trial;

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use countersign::CachedLookup;
use countersign_client::{AdminClient, Connection, KeyServerClient};
use countersign_gateway::{Gateway, GatewayConfig};
use tokio::net::TcpListener;
use tokio::sync::watch;

use self::key_server::KeyServer;
use self::trial::Outcome;
use super::echo;
use super::gateway::unusable;
use crate::failure::Failure;
use crate::log::LogArguments;
use crate::{client, output, server};

/// See every scheme at work: a key server, a gateway, a service behind it, requests good and bad
///
/// Starts a key server with an embedded store in DIR and has it issue one credential per scheme
/// (or takes those it has issued before), starts a gateway with all schemes in front of an echo
/// service, sends one good, one tampered and one replayed request per scheme, shows what came
/// back, and prints commands to try by hand. It needs no network.
#[derive(Args, Clone, Debug)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Quickstart {
    /// Where the key server keeps the credentials
    #[arg(long, value_name = "DIR", default_value = "./countersign-data")]
    dir: PathBuf,

    /// Where the gateway listens; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8000")]
    listen: String,

    /// End after the requests, with status 0 only if every outcome was the expected one
    #[arg(long)]
    once: bool,

    /// Print the outcomes as JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    log: LogArguments,
}

const EXAMPLE: &str = "\
Nothing is ever removed; the next quickstart uses the same credentials. While it runs, everybody
on this machine can use the key server; start `countersign key-server` with tokens for real use.

Examples:
  countersign quickstart
  countersign quickstart --once --dir /tmp/try --listen 127.0.0.1:0";

/// How long the gateway remembers a key: short, so that whoever deletes a credential to see what
/// happens sees it.
const KEY_CACHE_TTL: Duration = Duration::from_secs(5);

/// The schemes that one gateway can tell apart.
const SCHEMES: [&str; 8] = [
    "auth-key",
    "auth-key-v3",
    "hmac-auth",
    "hmac-auth-sha256",
    "moxie",
    "mac",
    "mac-draft",
    "basic",
];

impl Quickstart {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        // The gateway warns of weak schemes; here they are shown on purpose.
        self.log.start("error")?;
        client::block_on(self.show())
    }

    async fn show(&self) -> Result<(), Failure> {
        let mut interrupt = server::Interrupt::new()?;
        let (stop, stopped) = watch::channel(());
        let key_server = KeyServer::start(&self.dir, stopped.clone()).await?;
        let admin = AdminClient::new(key_server.connection.clone());
        let credentials = &credentials::prepare(&admin, &self.dir).await?;
        let echo = server::bind("the echo service", "127.0.0.1:0").await?;
        let gateway = self.gateway(&echo, key_server.connection).await?;
        let url = format!("http://{}", gateway.local_addr());
        let servers = [
            key_server.running,
            tokio::spawn(echo::serve(echo, closed(stopped.clone()))),
            tokio::spawn(gateway.run(closed(stopped))),
        ];
        if !self.json {
            output::line(&format!("listening on {url}"))?;
        }

        let outcomes = trial::run_all(&url, credentials).await?;
        if self.json {
            output::json(&report::as_json(&url, &outcomes))?;
        } else {
            report::print(&outcomes)?;
            commands::print(&self.dir, &url, credentials)?;
            commands::print_of_key_server(&key_server.url)?;
        }
        if !self.once {
            output::note("Serving until interrupted (Ctrl-C).");
            interrupt.wait().await;
        }
        drop(stop);
        for server in servers {
            // A server that panicked has nothing left to stop.
            let _ = server.await;
        }
        if self.once { judge(&outcomes) } else { Ok(()) }
    }

    async fn gateway(
        &self,
        echo: &TcpListener,
        key_server: Connection,
    ) -> Result<Gateway, Failure> {
        let upstream = echo.local_addr().map_err(|error| {
            Failure::failed(format!("the echo service has no address: {error}"))
        })?;
        let keys = CachedLookup::new(KeyServerClient::new(key_server)).ttl(KEY_CACHE_TTL);
        let mut config = GatewayConfig::reverse_proxy(format!("http://{upstream}"))
            .listen(&self.listen)
            .keys(keys);
        for scheme in SCHEMES {
            config = config.scheme(scheme);
        }
        Gateway::bind(config)
            .await
            .map_err(|error| unusable(&error))
    }
}

/// Resolves when the other end is dropped.
async fn closed(mut stopped: watch::Receiver<()>) {
    while stopped.changed().await.is_ok() {}
}

fn judge(outcomes: &[Outcome]) -> Result<(), Failure> {
    let unexpected: Vec<String> = outcomes
        .iter()
        .filter(|outcome| !outcome.is_expected())
        .map(|outcome| {
            format!(
                "{} {}: {}",
                outcome.scheme,
                outcome.kind.name(),
                outcome.shown()
            )
        })
        .collect();
    if unexpected.is_empty() {
        Ok(())
    } else {
        Err(Failure::failed(format!(
            "not every outcome was the expected one: {}",
            unexpected.join(", ")
        )))
    }
}
