//! Where the keys come from.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use countersign::KeysFile;

use crate::failure::Failure;
use crate::units;

/// How often the key file is looked at: a look costs one `stat`.
const LOOK: Duration = Duration::from_secs(1);

/// Where the keys come from.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Keys")]
pub(super) struct KeyArguments {
    /// The file with the keys; it is read again when it changes
    #[arg(long, value_name = "FILE.toml")]
    keys: Option<PathBuf>,

    /// The key server with the keys (not in this build yet)
    #[arg(long, value_name = "URL", conflicts_with = "keys")]
    key_server: Option<String>,

    /// A file with the token for the key server
    #[arg(long, value_name = "FILE")]
    key_server_token_file: Option<PathBuf>,

    /// How long keys of the key server are remembered
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = units::duration)]
    key_cache_ttl: Duration,
}

impl KeyArguments {
    /// Opens them.
    pub(super) fn open(&self) -> Result<KeysFile, Failure> {
        if self.key_server.is_some() || self.key_server_token_file.is_some() {
            // The URL may have a password in it.
            return Err(Failure::usage(
                "--key-server cannot be used: this build has no client for key servers yet; give \
                 --keys FILE.toml",
            ));
        }
        let Some(path) = &self.keys else {
            return Err(Failure::usage("there are no keys; give --keys FILE.toml"));
        };
        let keys =
            KeysFile::open(path).map_err(|error| Failure::usage(format!("--keys: {error}")))?;
        Ok(keys.watch(LOOK))
    }
}
