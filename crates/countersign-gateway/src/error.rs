//! Why a gateway did not start.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::PathBuf;

use countersign::{ConfigError, KeysFileError};

/// A gateway cannot start: what is wrong, and what to do about it. It shows no secret.
#[derive(Debug)]
#[non_exhaustive]
pub enum GatewayError {
    /// A setting cannot be used.
    Config(ConfigError),
    /// The file of keys cannot be used.
    Keys(KeysFileError),
    /// A certificate or its key cannot be used.
    Tls {
        /// The file at fault.
        path: PathBuf,
        /// What is wrong with it.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The shared replay store cannot be reached.
    ReplayUnreachable(Box<dyn Error + Send + Sync>),
    /// The shared replay store was reached, and cannot be used as it is.
    ReplayUnfit(Box<dyn Error + Send + Sync>),
    /// An address cannot be listened on.
    Listen {
        /// The setting that holds the address.
        key: &'static str,
        /// The address.
        address: String,
        /// What the system says.
        source: io::Error,
    },
}

impl fmt::Display for GatewayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(error) => error.fmt(f),
            Self::Keys(error) => error.fmt(f),
            Self::Tls { path, source } => write!(
                f,
                "{}: {source}; tls-cert is a certificate chain in PEM and tls-key its private key",
                path.display()
            ),
            Self::ReplayUnreachable(error) | Self::ReplayUnfit(error) => error.fmt(f),
            Self::Listen {
                key,
                address,
                source,
            } => write!(
                f,
                "{key} = {address:?} cannot be listened on: {source}; give address and port, as \
                 in 127.0.0.1:8000, or port 0 for any that is free"
            ),
        }
    }
}

impl Error for GatewayError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Config(error) => error.source(),
            Self::Keys(error) => error.source(),
            Self::Tls { source, .. } => Some(&**source),
            Self::ReplayUnreachable(error) | Self::ReplayUnfit(error) => error.source(),
            Self::Listen { source, .. } => Some(source),
        }
    }
}

impl From<ConfigError> for GatewayError {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}

impl From<KeysFileError> for GatewayError {
    fn from(error: KeysFileError) -> Self {
        Self::Keys(error)
    }
}
