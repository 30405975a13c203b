//! Why a cache could not be made.

use std::error::Error;
use std::fmt;

use countersign_core::ConfigError;

use crate::fault::Fault;

/// A cache cannot be made: what is wrong, and what to do about it. It shows no password.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ConnectError {
    /// A setting cannot be used.
    Config(ConfigError),
    /// No server could be reached.
    Unreachable(Unusable),
    /// A server was reached, and cannot be used as it is.
    Refused(Unusable),
}

/// A server, and why it cannot be used.
#[derive(Clone, Debug)]
pub struct Unusable {
    server: String,
    fault: Fault,
}

impl Unusable {
    /// Host and port of the server.
    pub fn server(&self) -> &str {
        &self.server
    }
}

impl ConnectError {
    pub(crate) fn new(server: String, fault: Fault) -> Self {
        let absent = fault.is_absence();
        let unusable = Unusable { server, fault };
        if absent {
            Self::Unreachable(unusable)
        } else {
            Self::Refused(unusable)
        }
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(error) => error.fmt(f),
            Self::Unreachable(unusable) | Self::Refused(unusable) => unusable.fmt(f),
        }
    }
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the replay store at {} cannot be used: {}",
            self.server, self.fault
        )
    }
}

impl Error for ConnectError {}

impl From<ConfigError> for ConnectError {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}
