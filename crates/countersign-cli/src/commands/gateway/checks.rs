//! What is demanded of a request.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use countersign::{BodyPolicy, ReplayPolicy, RestartGuard, SchemeId};
use countersign_gateway::{Admission, GatewayConfig};

use crate::arguments::scheme;
use crate::units;

/// What is demanded of a request.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Checks")]
pub(super) struct CheckArguments {
    /// Accept this scheme; repeatable
    #[arg(long, value_name = "NAME", required = true, value_delimiter = ',')]
    #[arg(value_parser = scheme::parser())]
    scheme: Vec<SchemeId>,

    #[command(flatten)]
    window: WindowArguments,

    #[command(flatten)]
    replay: ReplayArguments,

    #[command(flatten)]
    bodies: BodyArguments,

    #[command(flatten)]
    admission: AdmissionArguments,

    /// The URL under which clients reach the service, for schemes that sign it
    #[arg(long, value_name = "URL")]
    public_base_url: Option<String>,

    /// The path that HMAC-Auth clients leave out when they sign, as in /pager
    #[arg(long, value_name = "PATH")]
    base_path: Option<String>,

    /// The realm named in challenges
    #[arg(long, value_name = "REALM", default_value = "api")]
    realm: String,
}

#[derive(Args, Clone, Debug)]
struct WindowArguments {
    /// How old a signed time may be; 300s (mac and mac-draft: 30s) unless given
    #[arg(long, value_name = "DURATION", value_parser = units::duration)]
    window_past: Option<Duration>,

    /// How far in the future a signed time may lie; 60s (mac and mac-draft: 5s) unless given
    #[arg(long, value_name = "DURATION", value_parser = units::duration)]
    window_future: Option<Duration>,
}

#[derive(Args, Clone, Debug)]
struct ReplayArguments {
    /// Where accepted requests are remembered: memory, off, or the URL of a Redis or Valkey
    ///
    /// redis://HOST:PORT/DB, redis+cluster://HOST:PORT,HOST:PORT/ or
    /// redis+sentinel://HOST:PORT,HOST:PORT/MASTER, with rediss for TLS. Gateways that serve the
    /// same keys need one that they share. A password goes into --replay-password-file; in
    /// `COUNTERSIGN_REPLAY` and in the file of --config it may also be in the URL.
    #[arg(long, value_name = "STORE", default_value = "memory")]
    replay: String,

    /// A file with the password for the store
    #[arg(long, value_name = "FILE")]
    replay_password_file: Option<PathBuf>,

    /// A file with the certificate authorities of the store, in PEM
    #[arg(long, value_name = "FILE")]
    replay_ca_file: Option<PathBuf>,

    /// How many gateways serve the same keys; with more than one, memory is warned about
    #[arg(long, value_name = "N", default_value = "1")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    instances: u32,

    /// How many requests are remembered in memory at most
    #[arg(long, value_name = "N")]
    replay_capacity: Option<usize>,

    /// Which requests without a nonce are remembered: unsafe (those that change something) or all
    #[arg(long, value_name = "POLICY", default_value = "unsafe")]
    #[arg(value_parser = |word: &str| countersign_gateway::replay_policy(word))]
    replay_policy: ReplayPolicy,

    /// Refuse what was signed before the start, which may have been seen then: on or off
    #[arg(long, value_name = "on|off", default_value = "on")]
    #[arg(value_parser = |word: &str| countersign_gateway::restart_guard(word))]
    restart_guard: RestartGuard,
}

#[derive(Args, Clone, Debug)]
struct BodyArguments {
    /// The largest body that is verified
    #[arg(long, value_name = "SIZE", default_value = "1MiB", value_parser = units::size)]
    max_body: u64,

    /// What happens to bodies that no signature covers: require or allow-unsigned
    #[arg(long, value_name = "POLICY", default_value = "require")]
    #[arg(value_parser = |word: &str| countersign_gateway::body_policy(word))]
    body_policy: BodyPolicy,

    /// Pass bodies on while they are being verified
    #[arg(long)]
    stream_bodies: bool,
}

#[derive(Args, Clone, Debug)]
struct AdmissionArguments {
    /// Let requests without credentials pass; bad ones are refused all the same
    #[arg(long)]
    optional: bool,

    /// Refuse nothing; only report what would have been refused
    #[arg(long, conflicts_with = "optional")]
    report_only: bool,

    /// Let CORS preflights pass
    #[arg(long)]
    allow_preflight: bool,
}

impl CheckArguments {
    /// Adds the demands to `config`.
    pub(super) fn apply(&self, config: GatewayConfig) -> GatewayConfig {
        let mut config = self.replay.apply(config).realm(&self.realm);
        for scheme in &self.scheme {
            config = config.scheme(scheme.name());
        }
        if let Some(past) = self.window.window_past {
            config = config.window_past(past);
        }
        if let Some(future) = self.window.window_future {
            config = config.window_future(future);
        }
        if let Some(url) = &self.public_base_url {
            config = config.public_base_url(url);
        }
        if let Some(path) = &self.base_path {
            config = config.base_path(path);
        }
        self.admission.apply(self.bodies.apply(config))
    }
}

impl ReplayArguments {
    fn apply(&self, config: GatewayConfig) -> GatewayConfig {
        let mut config = config
            .replay(&self.replay)
            .instances(self.instances)
            .replay_policy(self.replay_policy)
            .restart_guard(self.restart_guard);
        if let Some(path) = &self.replay_password_file {
            config = config.replay_password_file(path);
        }
        if let Some(path) = &self.replay_ca_file {
            config = config.replay_ca_file(path);
        }
        match self.replay_capacity {
            Some(entries) => config.replay_capacity(entries),
            None => config,
        }
    }
}

impl BodyArguments {
    fn apply(&self, config: GatewayConfig) -> GatewayConfig {
        let config = config.max_body(self.max_body).body_policy(self.body_policy);
        if self.stream_bodies {
            config.stream_bodies()
        } else {
            config
        }
    }
}

impl AdmissionArguments {
    fn apply(&self, config: GatewayConfig) -> GatewayConfig {
        let config = if self.allow_preflight {
            config.allow_preflight()
        } else {
            config
        };
        config.admission(match (self.optional, self.report_only) {
            (_, true) => Admission::ReportOnly,
            (true, false) => Admission::Optional,
            (false, false) => Admission::Verified,
        })
    }
}
