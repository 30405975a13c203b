//! The settings of a [`RedisReplayCache`](crate::RedisReplayCache).

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use countersign_core::{Clock, ConfigError, SystemClock};

use crate::cache::RedisReplayCache;
use crate::clocks::MAX_TIMEOUT;
use crate::error::ConnectError;
use crate::guard::LossGuard;
use crate::link::Tls;
use crate::secret_file;
use crate::servers::{Password, Servers, Transport};

/// What every key begins with unless told otherwise.
pub(crate) const DEFAULT_PREFIX: &str = "countersign:";

/// How long a claim may take unless told otherwise: a hundred times what one takes on a local
/// network, and short enough that a caller does not give up first.
pub(crate) const DEFAULT_TIMEOUT: Duration = Duration::from_millis(500);

/// Less, and a busy machine fails claims that a healthy server has answered.
const MIN_TIMEOUT: Duration = Duration::from_millis(5);

/// The prefix costs this much for every entry.
const MAX_PREFIX: usize = 64;

/// Builds a [`RedisReplayCache`]; see [`RedisReplayCache::builder`].
#[derive(Clone, Debug)]
#[must_use]
pub struct RedisReplayCacheBuilder {
    url: Result<Servers, ConfigError>,
    user: Option<String>,
    password: Option<Password>,
    password_file: Option<PathBuf>,
    sentinel_password: Option<Password>,
    ca_file: Option<PathBuf>,
    client_identity: Option<(PathBuf, PathBuf)>,
    prefix: String,
    timeout: Duration,
    replicas: Option<Replicas>,
    loss_guard: LossGuard,
    eviction: Eviction,
    unavailable: Unavailable,
    clock: Arc<dyn Clock>,
}

/// How many replicas must have an entry, and how long they may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Replicas {
    pub(crate) wanted: u32,
    pub(crate) within: Duration,
}

/// What is done about a server that does not tell its eviction policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Eviction {
    MustBeToldOff,
    AssumedOff,
}

/// What is done about a claim that cannot be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unavailable {
    Refuse,
    Accept,
}

/// Settings that have been found in order.
pub(crate) struct Settings {
    pub(crate) servers: Servers,
    pub(crate) sentinel_password: Option<Password>,
    pub(crate) tls: Option<Tls>,
    pub(crate) prefix: String,
    pub(crate) timeout: Duration,
    pub(crate) replicas: Option<Replicas>,
    pub(crate) eviction: Eviction,
    pub(crate) unavailable: Unavailable,
    pub(crate) clock: Arc<dyn Clock>,
}

impl RedisReplayCacheBuilder {
    pub(crate) fn new(url: &str) -> Self {
        Self {
            url: Servers::parse(url),
            user: None,
            password: None,
            password_file: None,
            sentinel_password: None,
            ca_file: None,
            client_identity: None,
            prefix: DEFAULT_PREFIX.to_owned(),
            timeout: DEFAULT_TIMEOUT,
            replicas: None,
            loss_guard: LossGuard::default(),
            eviction: Eviction::MustBeToldOff,
            unavailable: Unavailable::Refuse,
            clock: Arc::new(SystemClock),
        }
    }

    /// Logs in as this ACL user, in place of the one in the URL; `default` if there is neither.
    pub fn user(mut self, name: impl Into<String>) -> Self {
        self.user = Some(name.into());
        self
    }

    /// Logs in with this password, in place of the one in the URL.
    pub fn password(mut self, password: impl Into<String>) -> Self {
        self.password = Some(Password::new(password.into()));
        self
    }

    /// Logs in with the password in this file, in place of any other. One line end at its end is
    /// not part of it.
    pub fn password_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.password_file = Some(path.into());
        self
    }

    /// Logs in to the sentinels with this password. They are asked without one unless it is set,
    /// as their passwords are not the servers'.
    pub fn sentinel_password(mut self, password: impl Into<String>) -> Self {
        self.sentinel_password = Some(Password::new(password.into()));
        self
    }

    /// Trusts the certificate authorities in this file of PEM, and no others. Without it those
    /// that browsers trust.
    pub fn ca_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.ca_file = Some(path.into());
        self
    }

    /// Shows the servers this certificate chain, with its key, both in PEM. Redis asks for one
    /// unless `tls-auth-clients` is `no`.
    pub fn client_identity(
        mut self,
        certificates: impl Into<PathBuf>,
        key: impl Into<PathBuf>,
    ) -> Self {
        self.client_identity = Some((certificates.into(), key.into()));
        self
    }

    /// What every key begins with; `countersign:` unless set. Services that share a server and a
    /// prefix share their memory: a request accepted by one is refused by the others.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// How long a claim may take, 500 ms unless set. After that the request is answered 503,
    /// and the server may or may not have recorded it: the client signs anew.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Accepts a request only when this many replicas have its entry too (`WAIT`), and each claim
    /// only within the time given, which must be shorter than the [`timeout`](Self::timeout).
    ///
    /// Redis replicates after it answers; without this a failover can lose the last entries. Of
    /// one connection all claims wait in line, so it also costs throughput: measure.
    pub fn wait_for_replicas(mut self, wanted: u32, within: Duration) -> Self {
        self.replicas = Some(Replicas { wanted, within });
        self
    }

    /// What is refused after a restart or failover, [`LossGuard::SinceLoss`] unless set.
    pub fn loss_guard(mut self, guard: LossGuard) -> Self {
        self.loss_guard = guard;
        self
    }

    /// Uses a server that does not tell its `maxmemory-policy`.
    ///
    /// If it is any but `noeviction`, whoever can send many valid requests can make the server
    /// forget others, and replay those.
    pub fn dangerously_assume_noeviction(mut self) -> Self {
        self.eviction = Eviction::AssumedOff;
        self
    }

    /// Accepts requests that cannot be claimed because the server is away, full, or otherwise of no
    /// use, instead of answering 503.
    ///
    /// While it is, **every captured request can be replayed** within its window, and whoever
    /// can disturb the server decides when. Each such request is counted in
    /// `countersign_replay_unprotected_total` (feature `metrics`).
    pub fn dangerously_accept_when_unavailable(mut self) -> Self {
        self.unavailable = Unavailable::Accept;
        self
    }

    /// The clock that the server's is compared with, [`SystemClock`] unless set. The time of a
    /// claim comes with the claim.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Connects, and looks whether the server can be used. Needs a tokio runtime with I/O and
    /// time, on which the connection is then looked after until the last clone is dropped.
    ///
    /// # Errors
    /// When a setting is unusable, no server can be reached, or one can but is not fit: it evicts,
    /// is a replica, has a clock that is off, refuses the password, or a command.
    pub async fn connect(self) -> Result<RedisReplayCache, ConnectError> {
        let guard = self.loss_guard;
        let settings = self.settings()?;
        RedisReplayCache::start(settings, guard).await
    }

    fn settings(self) -> Result<Settings, ConnectError> {
        let mut servers = self.url?;
        check_prefix(&self.prefix)?;
        check_times(self.timeout, self.replicas)?;
        if let Some(user) = self.user {
            servers.user = Some(user);
        }
        if let Some(password) = self.password {
            servers.password = Some(password);
        }
        if let Some(path) = &self.password_file {
            servers.password = Some(secret_file::read(path)?);
        }
        if servers.user.is_some() && servers.password.is_none() {
            let fix = "give a password as well, or no user";
            return Err(ConfigError::new("replay user", "without a password", fix).into());
        }
        let identity = self.client_identity.as_ref();
        let identity = identity.map(|(chain, key)| (chain.as_path(), key.as_path()));
        let tls = tls(servers.transport, self.ca_file.as_deref(), identity)?;
        Ok(Settings {
            servers,
            sentinel_password: self.sentinel_password,
            tls,
            prefix: self.prefix,
            timeout: self.timeout,
            replicas: self.replicas,
            eviction: self.eviction,
            unavailable: self.unavailable,
            clock: self.clock,
        })
    }
}

fn tls(
    transport: Transport,
    ca_file: Option<&Path>,
    identity: Option<(&Path, &Path)>,
) -> Result<Option<Tls>, ConfigError> {
    match (transport, ca_file.or(identity.map(|(chain, _)| chain))) {
        (Transport::Tls, _) => Tls::new(ca_file, identity).map(Some),
        (Transport::Plain, None) => Ok(None),
        (Transport::Plain, Some(path)) => Err(ConfigError::new(
            "replay CA file or client certificate",
            path.display().to_string(),
            "use it with rediss://, which is TLS; redis:// is not",
        )),
    }
}

/// Characters that mean nothing to Redis: not a hash tag, and not a pattern in an ACL.
fn check_prefix(prefix: &str) -> Result<(), ConfigError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b":._/-".contains(&byte);
    if prefix.len() <= MAX_PREFIX && prefix.bytes().all(plain) {
        return Ok(());
    }
    Err(ConfigError::new(
        "replay prefix",
        prefix.to_owned(),
        format!("use at most {MAX_PREFIX} letters, digits and :._/-"),
    ))
}

fn check_times(timeout: Duration, replicas: Option<Replicas>) -> Result<(), ConfigError> {
    if timeout < MIN_TIMEOUT || timeout > MAX_TIMEOUT {
        return Err(ConfigError::new(
            "replay timeout",
            format!("{timeout:?}"),
            format!("use {MIN_TIMEOUT:?} to {MAX_TIMEOUT:?}; {DEFAULT_TIMEOUT:?} is the default"),
        ));
    }
    match replicas {
        Some(replicas) if replicas.wanted == 0 => Err(ConfigError::new(
            "replay replicas",
            "0",
            "use at least 1, or leave it out",
        )),
        // WAIT counts whole milliseconds, and takes 0 for ever.
        Some(replicas) if replicas.within.as_millis() == 0 || replicas.within >= timeout => {
            Err(ConfigError::new(
                "replay replicas",
                format!("within {:?}", replicas.within),
                format!("use at least 1ms, and less than the timeout of {timeout:?}"),
            ))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(builder: RedisReplayCacheBuilder) -> String {
        builder.settings().err().unwrap().to_string()
    }

    fn builder() -> RedisReplayCacheBuilder {
        RedisReplayCacheBuilder::new("redis://h")
    }

    #[test]
    fn settings_that_cannot_work_are_named() {
        let second = Duration::from_secs(1);
        for (builder, name) in [
            (builder().prefix("{tag}"), "replay prefix"),
            (builder().prefix("a*"), "replay prefix"),
            (builder().prefix("x".repeat(65)), "replay prefix"),
            (builder().timeout(Duration::ZERO), "replay timeout"),
            (builder().timeout(second * 5), "replay timeout"),
            (builder().wait_for_replicas(0, second), "replay replicas"),
            (builder().wait_for_replicas(1, second), "replay replicas"),
            (
                builder().wait_for_replicas(1, Duration::from_micros(9)),
                "replay replicas",
            ),
            (builder().user("u"), "replay user"),
            (builder().ca_file("ca.pem"), "replay CA file"),
            (builder().client_identity("c", "k"), "replay CA file"),
            (
                builder().password_file("/no/such/file"),
                "replay password file",
            ),
            (RedisReplayCacheBuilder::new("redis"), "replay"),
        ] {
            let refusal = refusal(builder);
            assert!(refusal.starts_with(name), "{refusal}");
        }
    }

    #[test]
    fn no_password_is_shown() {
        let builder = RedisReplayCacheBuilder::new("redis://u:hunter2@h")
            .password("hunter2")
            .sentinel_password("hunter2");
        assert!(!format!("{builder:?}").contains("hunter2"));
    }
}
