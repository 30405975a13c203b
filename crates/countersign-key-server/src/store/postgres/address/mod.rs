//! Where the database is and how to log in: what a `postgres://` address says.
//!
//! Invariants: nothing here shows a password, and no part of an address that could be one is
//! repeated in an error; a password leaves this machine over TLS or because the address says
//! `sslmode=disable`.

mod password_file;
mod tls;
mod url;

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::{SslMode, TargetSessionAttrs};
use tokio_postgres_rustls::MakeRustlsConnect;
use zeroize::Zeroizing;

use self::url::Url;
use crate::store::{StoreError, StoreErrorKind};

/// What the server shows in `pg_stat_activity`.
const APPLICATION_NAME: &str = "countersign key_server";

/// How long the TCP handshake with one address may take: less than half of what a call may take,
/// so that a second host of the address gets its turn.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// After how long an idle connection is probed, how often and how many times. A firewall that
/// forgot the connection is noticed within a minute, by nobody's call.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(30);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);
const KEEPALIVE_RETRIES: u32 = 3;

/// A host of the address.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Host {
    Name(String),
    /// The directory of a Unix socket.
    Socket(PathBuf),
}

impl Host {
    /// Whether what is sent to it stays on this machine.
    fn is_local(&self) -> bool {
        match self {
            Self::Socket(_) => true,
            Self::Name(name) => {
                name == "localhost" || name.parse().is_ok_and(|it: IpAddr| it.is_loopback())
            }
        }
    }
}

/// Whether the connection is encrypted. When it is, the server's certificate must be right: there
/// is no encryption with whomever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encryption {
    Never,
    IfOffered,
    Always,
}

/// Where the database is, how to log in, and whom to trust.
pub(super) struct Address {
    shown: String,
    config: Config,
    tls: MakeRustlsConnect,
}

impl Address {
    /// Reads an address, and the files it names.
    ///
    /// # Errors
    /// [`StoreErrorKind::Misconfigured`], with what is wrong and what to write instead.
    pub(super) fn parse(text: &str) -> Result<Self, StoreError> {
        let url = Url::parse(text)?;
        let encryption = url.encryption()?;
        let roots = tls::roots(url.root_certificates.as_deref())?;
        let mut config = Config::new();
        for (host, port) in &url.hosts {
            match host {
                Host::Name(name) => config.host(name),
                Host::Socket(path) => config.host_path(path),
            };
            config.port(*port);
        }
        if let Some(user) = &url.user {
            config.user(user);
        }
        if let Some(database) = &url.database {
            config.dbname(database);
        }
        if let Some(options) = &url.options {
            config.options(options);
        }
        if let Some(password) = password(&url)? {
            config.password(password.as_slice());
        }
        config
            .application_name(url.application_name.as_deref().unwrap_or(APPLICATION_NAME))
            .ssl_mode(match encryption {
                Encryption::Never => SslMode::Disable,
                Encryption::IfOffered => SslMode::Prefer,
                Encryption::Always => SslMode::Require,
            })
            // Of several hosts, the one that takes writes.
            .target_session_attrs(TargetSessionAttrs::ReadWrite)
            .connect_timeout(CONNECT_TIMEOUT)
            .keepalives_idle(KEEPALIVE_IDLE)
            .keepalives_interval(KEEPALIVE_INTERVAL)
            .keepalives_retries(KEEPALIVE_RETRIES);
        Ok(Self {
            shown: url.to_string(),
            config,
            tls: tls::connector(roots)?,
        })
    }

    /// What the connections are made with.
    pub(super) fn into_parts(self) -> (String, Config, MakeRustlsConnect) {
        (self.shown, self.config, self.tls)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({})", self.shown)
    }
}

fn password(url: &Url) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
    match (&url.password, &url.password_file) {
        (Some(_), Some(_)) => Err(misconfigured(
            "the PostgreSQL address has a password and a passfile: keep one of them",
        )),
        (Some(password), None) => Ok(Some(password.clone())),
        (None, Some(path)) => password_file::read(path, url).map(Some),
        (None, None) => Ok(None),
    }
}

fn misconfigured(message: impl Into<String>) -> StoreError {
    StoreError::new(StoreErrorKind::Misconfigured, message)
}
