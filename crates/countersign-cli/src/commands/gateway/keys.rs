//! Where the keys come from.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use countersign::keys::{CachedLookup, TimeoutLookup};
use countersign::{DynKeyLookup, KeyId, KeyLookup as _, KeysFile};
use countersign_client::{Connection, KeyServerClient};

use crate::failure::Failure;
use crate::units;

/// How often the key file is looked at: a look costs one `stat`.
const LOOK: Duration = Duration::from_secs(1);

/// The id that is looked up at the start, to find out whether the key server answers. It has the
/// form of none that a key server issues.
const PROBE: &[u8] = b"countersign-gateway-probe";

/// Where the keys come from.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Keys")]
pub(super) struct KeyArguments {
    /// The file with the keys; it is read again when it changes
    #[arg(long, value_name = "FILE.toml")]
    keys: Option<PathBuf>,

    /// The key server with the keys: https://, or http:// on this machine
    #[arg(long, value_name = "URL", conflicts_with = "keys")]
    key_server: Option<String>,

    /// A file with the token for the key server, of the scope lookup
    ///
    /// It is read again when the key server refuses the token.
    #[arg(long, value_name = "FILE")]
    key_server_token_file: Option<PathBuf>,

    /// Trust the certificate authorities in this PEM file too; repeatable
    #[arg(long, value_name = "FILE", value_delimiter = ',')]
    key_server_ca: Vec<PathBuf>,

    /// How long the key server may take for an answer
    #[arg(long, value_name = "DURATION", default_value = "2s", value_parser = units::duration)]
    key_server_timeout: Duration,

    /// Send secrets and token in the clear to an http:// URL of another machine
    ///
    /// For networks that encrypt by themselves, and for no other.
    #[arg(long)]
    key_server_dangerously_plain_http: bool,

    /// How long keys of the key server are remembered: a revoked key works that long
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = units::duration)]
    key_cache_ttl: Duration,

    /// How long after that they are still used while the key server does not answer
    #[arg(long, value_name = "DURATION", default_value = "5m", value_parser = units::duration)]
    key_cache_max_stale: Duration,
}

/// Keys of a key server, remembered for a while.
pub(super) type RemoteKeys = CachedLookup<TimeoutLookup<KeyServerClient>>;

/// The keys, opened.
#[derive(Clone, Debug)]
pub(super) enum Keys {
    File(KeysFile),
    Server(RemoteKeys),
}

impl KeyArguments {
    /// Opens them.
    pub(super) fn open(&self) -> Result<Keys, Failure> {
        match (&self.keys, &self.key_server) {
            (None, Some(url)) => self.of_server(url),
            (_, None) if self.key_server_token_file.is_some() => Err(Failure::usage(
                "--key-server-token-file is of no use without --key-server URL; give both",
            )),
            (Some(path), _) => {
                let keys = KeysFile::open(path)
                    .map_err(|error| Failure::usage(format!("--keys: {error}")))?;
                Ok(Keys::File(keys.watch(LOOK)))
            }
            (None, None) => Err(Failure::usage(
                "there are no keys; give --keys FILE.toml or --key-server URL",
            )),
        }
    }

    fn of_server(&self, url: &str) -> Result<Keys, Failure> {
        let mut connection = Connection::builder(url).timeout(self.key_server_timeout);
        if let Some(path) = &self.key_server_token_file {
            connection = connection.token_file(path);
        }
        for path in &self.key_server_ca {
            connection = connection.ca_file(path);
        }
        if self.key_server_dangerously_plain_http {
            connection = connection.dangerously_allow_plain_http();
        }
        let connection = connection
            .build()
            .map_err(|error| Failure::usage(format!("--{error}")))?;
        let client = KeyServerClient::new(connection);
        tokio::spawn(warn_unless_it_answers(client.clone()));
        let bounded = TimeoutLookup::new(client, self.key_server_timeout);
        let keys = CachedLookup::new(bounded)
            .ttl(self.key_cache_ttl)
            .max_stale(self.key_cache_max_stale);
        Ok(Keys::Server(keys))
    }
}

impl Keys {
    pub(super) fn shared(&self) -> Arc<dyn DynKeyLookup<String>> {
        match self {
            Self::File(keys) => Arc::new(keys.clone()),
            Self::Server(keys) => Arc::new(keys.clone()),
        }
    }
}

/// A gateway may start before its key server; but a wrong token or path should be seen at once.
async fn warn_unless_it_answers(client: KeyServerClient) {
    let Some(id) = KeyId::parse(PROBE) else {
        return;
    };
    match client.lookup(id).await {
        Ok(_) => tracing::info!("the key server answers"),
        Err(error) => tracing::warn!("requests are answered 503 until this is over: {error}"),
    }
}
