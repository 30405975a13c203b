//! The way to a key server: whom to trust, how long to wait, what to show as a token.
//!
//! Invariants:
//! * The token goes to the configured origin only: redirects are not followed, and proxies of the
//!   environment are not used.
//! * Every call ends within the time set for it, tries and waits included.
//! * An answer is read piece by piece up to a limit; what it says of its own length is not believed.
//! * Only calls that may be repeated are.

mod base_url;
mod builder;
mod call;
mod patience;
mod refusal;
mod tls;
mod token;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use countersign_core::{Clock, ConfigError};

pub(crate) use self::base_url::BaseUrl;
#[cfg(test)]
pub(crate) use self::base_url::PlainHttp;
pub use self::builder::ConnectionBuilder;
pub(crate) use self::call::{Answer, Call, Repeat};
use self::token::TokenSource;
pub(crate) use self::token::authorization;
use crate::error::{ClientError, ErrorKind};

/// How long a connection may take to be made, TLS included: three round trips around the world.
pub const DEFAULT_CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// How long a whole call may take, tries and waits included: what a caller of the protected service
/// will wait for.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(5);

/// How often a call that may be repeated is tried: over a restart, and no more.
pub const DEFAULT_ATTEMPTS: u32 = 4;

/// The way to a key server, shared by the clients that use it. Cloning is cheap; clones share
/// connections and token.
///
/// ```
/// use countersign_client::Connection;
///
/// # fn main() -> Result<(), countersign_core::ConfigError> {
/// let connection = Connection::builder("http://127.0.0.1:8070").build()?;
/// # let _ = connection;
///
/// let careless = Connection::builder("http://keys.example.com").build();
/// assert!(careless.unwrap_err().to_string().contains("use https://"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Connection(Arc<Inner>);

struct Inner {
    http: reqwest::Client,
    base: BaseUrl,
    token: TokenSource,
    timeout: Duration,
    attempts: u32,
    clock: Arc<dyn Clock>,
}

impl Connection {
    /// To the key server at `url`, such as `https://keys.example.com` or, where a proxy serves it
    /// below a path, `https://example.com/keys`.
    pub fn builder(url: impl Into<String>) -> ConnectionBuilder {
        ConnectionBuilder::new(url.into())
    }

    /// As [`builder`](Connection::builder) with nothing else set.
    ///
    /// # Errors
    /// When the URL cannot be used.
    pub fn to(url: impl Into<String>) -> Result<Self, ConfigError> {
        Self::builder(url).build()
    }

    /// Scheme, host and port of the key server.
    pub fn origin(&self) -> &str {
        self.0.base.origin()
    }

    pub(crate) fn base(&self) -> &BaseUrl {
        &self.0.base
    }

    /// What the key server did is not what the API says.
    pub(crate) fn protocol(&self, sentence: impl Into<String>) -> ClientError {
        ClientError::protocol(self.origin(), sentence)
    }

    pub(crate) fn error(&self, kind: ErrorKind, sentence: impl Into<String>) -> ClientError {
        ClientError::new(kind, self.origin(), sentence)
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("origin", &self.origin())
            .field("token", &self.0.token)
            .field("timeout", &self.0.timeout)
            .finish_non_exhaustive()
    }
}
