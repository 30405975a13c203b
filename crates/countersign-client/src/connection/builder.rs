//! The settings of a connection.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use countersign_core::{Clock, ConfigError, SystemClock};

use super::base_url::{BaseUrl, PlainHttp};
use super::token::TokenSource;
use super::{Connection, DEFAULT_ATTEMPTS, DEFAULT_CONNECT_TIMEOUT, DEFAULT_TIMEOUT, Inner, tls};
use crate::secret::SecretText;

/// How long an idle connection is kept: less than the minute after which proxies and servers close
/// theirs, so that a call seldom meets a connection that is just being closed.
const IDLE: Duration = Duration::from_secs(30);

/// The settings of a [`Connection`].
#[derive(Clone)]
#[must_use]
pub struct ConnectionBuilder {
    url: String,
    plain: PlainHttp,
    token: TokenSetting,
    authorities: Vec<PathBuf>,
    connect_timeout: Duration,
    timeout: Duration,
    attempts: u32,
    clock: Arc<dyn Clock>,
}

#[derive(Clone, Debug)]
enum TokenSetting {
    None,
    Given(SecretText),
    File(PathBuf),
}

impl ConnectionBuilder {
    pub(super) fn new(url: String) -> Self {
        Self {
            url,
            plain: PlainHttp::default(),
            token: TokenSetting::None,
            authorities: Vec::new(),
            connect_timeout: DEFAULT_CONNECT_TIMEOUT,
            timeout: DEFAULT_TIMEOUT,
            attempts: DEFAULT_ATTEMPTS,
            clock: Arc::new(SystemClock),
        }
    }

    /// Shows this API token. For a lookup its scope is `lookup`, for everything else `admin`.
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = TokenSetting::Given(SecretText::new(token));
        self
    }

    /// Shows the API token in this file, which is read at once, and again when it is refused: to
    /// change the token, write the new one over the old, then revoke the old.
    pub fn token_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.token = TokenSetting::File(path.into());
        self
    }

    /// Trusts the certificate authorities in this PEM file too, besides the public ones;
    /// repeatable.
    pub fn ca_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.authorities.push(path.into());
        self
    }

    /// How long a connection may take to be made: [`DEFAULT_CONNECT_TIMEOUT`] unless set.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How long a call may take, tries and waits included: [`DEFAULT_TIMEOUT`] unless set.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How often a call that may be repeated is tried, within its time, when the server cannot be
    /// reached, is unavailable (5xx) or limits the requests (429): [`DEFAULT_ATTEMPTS`] unless
    /// set. 1 repeats nothing.
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts;
        self
    }

    /// Sends secrets and token in the clear to an `http://` URL of another machine, for everybody
    /// on the way to read. For networks that encrypt by themselves, and for no other.
    pub fn dangerously_allow_plain_http(mut self) -> Self {
        self.plain = PlainHttp::Anywhere;
        self
    }

    /// Takes the time from `clock`, for tests.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Checks the settings and reads the files. Nothing is sent yet.
    ///
    /// # Errors
    /// When the URL or a file cannot be used, or a time is zero.
    pub fn build(self) -> Result<Connection, ConfigError> {
        let base = BaseUrl::parse(&self.url, self.plain)?;
        for (name, time) in [
            ("key-server-timeout", self.timeout),
            ("key-server-connect-timeout", self.connect_timeout),
        ] {
            if time.is_zero() {
                return Err(ConfigError::new(name, "0s", "use at least 100ms"));
            }
        }
        let token = match self.token {
            TokenSetting::None => TokenSource::none(),
            TokenSetting::Given(token) => TokenSource::given(token.expose())?,
            TokenSetting::File(path) => TokenSource::file(path)?,
        };
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls::config(&self.authorities)?)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .referer(false)
            .connect_timeout(self.connect_timeout)
            .pool_idle_timeout(IDLE)
            .tcp_nodelay(true)
            // Repeats here are counted, waited between, and only of calls that allow them.
            .retry(reqwest::retry::never())
            .user_agent(concat!("countersign-client/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| {
                ConfigError::new("key-server", self.url, error.without_url().to_string())
            })?;
        Ok(Connection(Arc::new(Inner {
            http,
            base,
            token,
            timeout: self.timeout,
            attempts: self.attempts.max(1),
            clock: self.clock,
        })))
    }
}

impl fmt::Debug for ConnectionBuilder {
    /// The URL has not been checked yet, and may have a password in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectionBuilder")
            .field("token", &self.token)
            .field("authorities", &self.authorities)
            .field("connect_timeout", &self.connect_timeout)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}
