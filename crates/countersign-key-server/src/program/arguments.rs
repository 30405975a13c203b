//! What the program takes.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::units;
use crate::store::Scope;

const EXAMPLES: &str = "\
An option may also be set by the variable COUNTERSIGN_<OPTION>, as in COUNTERSIGN_KEY_STORE, or by
its name in the file of --config. The option wins over the variable, and the variable over the file.

Exit status: 0 done or told to stop, 1 failed, 2 the arguments or settings are unusable.

Examples:
  key_server
      keeps credentials in creds.db and their master key in creds.db.master-key, both in the current
      folder, and listens on 127.0.0.1:8070
  key_server token create --scope lookup --name gateway
      prints a token; from the first one on, every request needs one
  key_server --listen 0.0.0.0:8443 --tls-cert chain.pem --tls-key key.pem
  key_server backup creds.backup";

/// The creds key server: issues, looks up, rotates and revokes HMAC credentials over HTTP
#[derive(Clone, Debug, Parser)]
#[command(name = "key_server", version, after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(flatten)]
    pub(super) store: StoreArguments,

    #[command(flatten)]
    pub(super) network: NetworkArguments,

    #[command(flatten)]
    pub(super) api: ApiArguments,

    #[command(flatten)]
    pub(super) log: LogArguments,

    /// Read settings from this file, in TOML
    #[arg(long, value_name = "FILE", global = true, help_heading = "Settings")]
    pub(super) config: Option<PathBuf>,

    /// Show the settings and where each comes from, passwords masked, and do nothing
    #[arg(long, help_heading = "Settings")]
    pub(super) print_config: bool,

    #[command(subcommand)]
    pub(super) command: Option<Task>,
}

/// Where credentials are kept.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Key store")]
pub(super) struct StoreArguments {
    /// Where credentials are kept: sqlite:FILE, postgres://…, couchdb://HOST:PORT/DATABASE
    #[arg(long, alias = "key_store", value_name = "STORE", default_value = DEFAULT_STORE, global = true)]
    pub(super) key_store: String,

    /// The file with the master key; beside the database of the embedded store unless given
    #[arg(long, alias = "master_key_file", value_name = "FILE", global = true)]
    pub(super) master_key_file: Option<PathBuf>,
}

/// The embedded store, in the current folder.
const DEFAULT_STORE: &str = "sqlite:creds.db";

/// Where to listen.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Network")]
pub(super) struct NetworkArguments {
    /// Where to listen; port 0 takes a free one
    #[arg(
        long,
        alias = "lon",
        value_name = "HOST:PORT",
        default_value = "127.0.0.1:8070"
    )]
    pub(super) listen: String,

    /// Serve over TLS with this certificate chain, in PEM
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub(super) tls_cert: Option<PathBuf>,

    /// The private key of the certificate, in PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub(super) tls_key: Option<PathBuf>,

    /// A proxy in front of this server ends TLS, and is the only one who reaches it
    #[arg(long, conflicts_with = "tls_cert")]
    pub(super) behind_tls_proxy: bool,

    /// That proxy appends the address of the caller to X-Forwarded-For: count and log by it
    #[arg(long, requires = "behind_tls_proxy")]
    pub(super) believe_forwarded_for: bool,

    /// The URL under which callers know the server, with which links begin
    #[arg(long, value_name = "URL")]
    pub(super) public_url: Option<String>,

    /// Serve /metrics here, and no longer beside the API
    #[arg(long, value_name = "HOST:PORT")]
    pub(super) metrics_listen: Option<String>,

    /// How long requests in flight may take to end after SIGTERM
    #[arg(long, value_name = "DURATION", default_value = "25s", value_parser = units::duration)]
    pub(super) drain_timeout: Duration,

    /// How many connections are served at once; others wait
    #[arg(long, value_name = "N", default_value = "4096", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) max_connections: u32,
}

/// What the API allows.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "API")]
pub(super) struct ApiArguments {
    /// Append a line for every change and every secret that is read to this file; - is standard error
    #[arg(long, value_name = "FILE|-")]
    pub(super) audit_log: Option<PathBuf>,

    /// How many requests a second one address, and one token, may send: a number, or off
    #[arg(long, value_name = "N|off", default_value = "5000")]
    pub(super) rate_limit: String,

    /// How many active credentials a principal may have; no limit unless given
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) max_active_per_principal: Option<u32>,

    /// Serve the agent API under /Agent, which makes and keeps keys for whoever has an account
    #[arg(long, value_name = "on|off", default_value = "on")]
    pub(super) agent_api: Switch,

    /// The hosts that agents may sign over, with the port if it is not the scheme's own, separated
    /// by commas; unless given, any that may be in Host
    #[arg(long, value_name = "HOST,…", value_delimiter = ',')]
    pub(super) agent_host: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Switch {
    On,
    Off,
}

/// What is logged, and where.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Logs")]
pub(super) struct LogArguments {
    /// How logs are written
    #[arg(long, value_name = "FORMAT", default_value = "text", global = true)]
    pub(super) log_format: LogFormat,

    #[arg(
        long,
        alias = "log",
        value_name = "LEVEL",
        ignore_case = true,
        global = true,
        help = "How much is logged; without it RUST_LOG says so [default: info]"
    )]
    pub(super) log_level: Option<LogLevel>,

    /// Append logs to this file instead of writing them to standard error
    #[arg(long, value_name = "FILE", global = true)]
    pub(super) logfile: Option<PathBuf>,

    /// Send logs to this Unix socket too, usually /dev/log
    #[arg(long, value_name = "SOCKET", global = true)]
    pub(super) syslog: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum LogFormat {
    /// A line for people.
    Text,
    /// An object for machines.
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum LogLevel {
    Trace,
    Debug,
    Info,
    #[value(alias = "warn")]
    Warning,
    #[value(alias = "critical", alias = "fatal")]
    Error,
    Off,
}

/// What is done instead of serving.
#[derive(Clone, Debug, Subcommand)]
pub(super) enum Task {
    /// Create, list and revoke API tokens
    #[command(subcommand)]
    Token(TokenTask),
    /// Copy the credentials of the original key server's database into the key store
    Import(ImportArguments),
    /// Put the key store under a new master key and seal every secret anew
    ///
    /// Interrupted, it goes on when it is run again. Servers that run meanwhile must be started
    /// again with the new master key; until then they answer 503 for what was sealed anew. The old
    /// master key opens nothing of the store any more, but backups made before still need it.
    Rekey(RekeyArguments),
    /// Write everything that the key store keeps into a file, secrets sealed
    ///
    /// The master key is not in it: keep it, somewhere else. Servers may run meanwhile.
    Backup(BackupArguments),
    /// Put everything in a backup into a new key store, of any kind
    Restore(RestoreArguments),
}

/// About tokens.
#[derive(Clone, Debug, Subcommand)]
pub(super) enum TokenTask {
    /// Create a token and print it, this once
    Create(TokenCreateArguments),
    /// List the tokens, revoked ones too
    List,
    /// Refuse a token from now on
    Revoke(TokenRevokeArguments),
}

#[derive(Args, Clone, Debug)]
pub(super) struct TokenCreateArguments {
    /// What it allows: lookup reads one credential with its secret, verify asks whether a signature
    /// is right, admin does everything
    #[arg(long, value_name = "SCOPE", value_parser = scope)]
    pub(super) scope: Scope,

    /// What people call it
    #[arg(long, value_name = "NAME")]
    pub(super) name: Option<String>,
}

#[derive(Args, Clone, Debug)]
pub(super) struct TokenRevokeArguments {
    /// Its id, as `token list` shows it
    #[arg(value_name = "ID")]
    pub(super) id: String,
}

#[derive(Args, Clone, Debug)]
pub(super) struct ImportArguments {
    /// The original's database: couchdb://HOST:PORT/DATABASE or HOST:PORT/DATABASE
    #[arg(long, value_name = "STORE")]
    pub(super) from: String,
}

#[derive(Args, Clone, Debug)]
pub(super) struct RekeyArguments {
    /// The file with the new master key, which is made if there is none
    #[arg(long, value_name = "FILE")]
    pub(super) new_master_key_file: PathBuf,
}

#[derive(Args, Clone, Debug)]
pub(super) struct BackupArguments {
    /// The file to write; one that is there is replaced when the new one is complete
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
}

#[derive(Args, Clone, Debug)]
pub(super) struct RestoreArguments {
    /// The backup
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
}

fn scope(text: &str) -> Result<Scope, String> {
    Scope::from_name(text).ok_or_else(|| {
        let names: Vec<&str> = Scope::ALL.into_iter().map(Scope::name).collect();
        format!("use {}", names.join(", "))
    })
}
