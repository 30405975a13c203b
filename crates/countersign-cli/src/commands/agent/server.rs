//! Which server, and how it is reached.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use countersign_client::agent::AgentClient;
use countersign_client::{ClientError, Connection, ErrorKind};

use crate::failure::Failure;
use crate::units;

/// The server.
#[allow(clippy::struct_field_names)] // they are the names of the flags
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Key server")]
pub(super) struct ServerArguments {
    /// The key server whose agent API is used: https://, or http:// on this machine
    ///
    /// Its name and port are signed over, so give it as it was given when the account's keys were
    /// made. It need not be given again to use a session that is kept in a file.
    #[arg(long, value_name = "URL")]
    key_server: Option<String>,

    /// Trust the certificate authorities in this PEM file too; repeatable
    #[arg(long, value_name = "FILE", value_delimiter = ',')]
    key_server_ca: Vec<PathBuf>,

    /// How long the key server may take for an answer
    ///
    /// It takes seconds to make an RSA key, and holds back the answers to wrong signatures.
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = units::duration)]
    key_server_timeout: Duration,

    /// Send secrets in the clear to an http:// URL of another machine
    ///
    /// For networks that encrypt by themselves, and for no other.
    #[arg(long)]
    key_server_dangerously_plain_http: bool,
}

/// A server that can be asked.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) client: AgentClient,
    /// As it was given.
    pub(super) url: String,
}

impl ServerArguments {
    /// The server that was named.
    pub(super) fn named(&self) -> Result<Server, Failure> {
        let url = self.key_server.as_deref();
        self.at(url.ok_or_else(|| Failure::usage("there is no server; give --key-server URL"))?)
    }

    /// The server of a session that is kept with the URL `kept`. A session is shown to no other.
    pub(super) fn of_session(&self, kept: &str) -> Result<Server, Failure> {
        match self.key_server.as_deref() {
            Some(named) if named.trim_end_matches('/') != kept.trim_end_matches('/') => {
                Err(Failure::usage(format!(
                    "the session is of the server {kept:?}, and is shown to no other; leave \
                     --key-server out, or log in there"
                )))
            }
            _ => self.at(kept),
        }
    }

    fn at(&self, url: &str) -> Result<Server, Failure> {
        let mut connection = Connection::builder(url).timeout(self.key_server_timeout);
        for path in &self.key_server_ca {
            connection = connection.ca_file(path);
        }
        if self.key_server_dangerously_plain_http {
            connection = connection.dangerously_allow_plain_http();
        }
        let connection = connection
            .build()
            .map_err(|error| Failure::usage(format!("--{error}")))?;
        Ok(Server {
            client: AgentClient::new(connection),
            url: url.to_owned(),
        })
    }
}

/// What the command says of `error`.
pub(super) fn failed(error: &ClientError) -> Failure {
    let sentence = error.to_string();
    match error.kind() {
        ErrorKind::Refused => Failure::refused(sentence),
        ErrorKind::Unreachable => Failure::unreachable(sentence),
        _ => Failure::failed(sentence),
    }
}

/// What the command says of an argument that the client does not take.
pub(super) fn unusable(error: &countersign::ConfigError) -> Failure {
    Failure::usage(error.to_string())
}
