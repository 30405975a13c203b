//! What a gateway is told, before any of it is checked.

mod build;
mod parse;
mod replay;
mod schemes;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use countersign::{BodyPolicy, Clock, DynKeyLookup, ReplayPolicy, SystemClock};

pub(crate) use self::build::{Checking, GatewayLayer, Mode, Plan, Reading, Upstream};
pub use self::parse::{body_policy, replay_policy, restart_guard};
pub(crate) use self::replay::{Replay, ReplaySetting};
pub use self::schemes::SCHEME_NAMES;
pub(crate) use self::schemes::{Bodies, declares_body};
use crate::forward_auth::Convention;

/// How long requests in flight may take to end after the shutdown signal: what most supervisors
/// wait before they kill is 30 s, which leaves a margin.
pub const DEFAULT_DRAIN: Duration = Duration::from_secs(25);

/// How long an upstream may leave a request without an answer.
pub const DEFAULT_UPSTREAM_TIMEOUT: Duration = Duration::from_secs(60);

/// The most of a body that is verified: the layer's own default.
pub const DEFAULT_MAX_BODY: u64 = 1024 * 1024;

/// How many connections are served at once. Each may hold one body of `max_body` bytes per
/// request in flight; more connections wait in the kernel's queue.
pub const DEFAULT_MAX_CONNECTIONS: usize = 4096;

/// How many requests are served at once, over all connections: one HTTP/2 connection may bring many.
/// With bodies of the default size they hold a gigabyte at the very most; and when a thousand are
/// in hand, one more has nothing to gain from waiting.
pub const DEFAULT_MAX_IN_FLIGHT: usize = 1024;

/// Where keys come from.
#[derive(Clone)]
pub(crate) enum Keys {
    Missing,
    File(PathBuf),
    Lookup(Arc<dyn DynKeyLookup<String>>),
}

/// What a request without good credentials meets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Admission {
    /// Only verified requests pass.
    #[default]
    Verified,
    /// Requests without credentials pass too, without identity headers; bad ones never.
    Optional,
    /// Everything passes, and metrics and events say what would have been refused.
    ReportOnly,
}

/// The settings of a [`Gateway`](crate::Gateway), one method for each flag of the command.
///
/// Nothing is checked here: [`Gateway::bind`](crate::Gateway::bind) names the setting, its value
/// and what it could have been.
#[derive(Clone)]
#[must_use]
pub struct GatewayConfig {
    pub(crate) mode: ModeSetting,
    pub(crate) listen: String,
    pub(crate) metrics_listen: Option<String>,
    #[cfg(feature = "ext-authz")]
    pub(crate) ext_authz_listen: Option<String>,
    pub(crate) schemes: Vec<String>,
    pub(crate) keys: Keys,
    pub(crate) window_past: Option<Duration>,
    pub(crate) window_future: Option<Duration>,
    pub(crate) replay: ReplaySetting,
    pub(crate) replay_policy: ReplayPolicy,
    pub(crate) max_body: u64,
    pub(crate) body_policy: BodyPolicy,
    pub(crate) stream_bodies: bool,
    pub(crate) public_base_url: Option<String>,
    pub(crate) base_path: Option<String>,
    pub(crate) trusted_proxies: Vec<String>,
    pub(crate) convention: Convention,
    pub(crate) realm: Option<String>,
    pub(crate) admission: Admission,
    pub(crate) allow_preflight: bool,
    pub(crate) forward_authorization: Option<String>,
    pub(crate) tls: Option<(PathBuf, PathBuf)>,
    pub(crate) drain: Duration,
    pub(crate) upstream_timeout: Duration,
    pub(crate) max_connections: usize,
    pub(crate) max_in_flight: usize,
    pub(crate) clock: Arc<dyn Clock>,
}

#[derive(Clone, Debug)]
pub(crate) enum ModeSetting {
    Proxy(String),
    ForwardAuth,
}

impl GatewayConfig {
    /// A reverse proxy in front of `upstream`, such as `http://127.0.0.1:8080`.
    pub fn reverse_proxy(upstream: impl Into<String>) -> Self {
        Self::new(ModeSetting::Proxy(upstream.into()))
    }

    /// A service that another proxy asks about each request.
    pub fn forward_auth() -> Self {
        Self::new(ModeSetting::ForwardAuth)
    }

    fn new(mode: ModeSetting) -> Self {
        Self {
            mode,
            listen: "127.0.0.1:8000".to_owned(),
            metrics_listen: None,
            #[cfg(feature = "ext-authz")]
            ext_authz_listen: None,
            schemes: Vec::new(),
            keys: Keys::Missing,
            window_past: None,
            window_future: None,
            replay: ReplaySetting::default(),
            replay_policy: ReplayPolicy::default(),
            max_body: DEFAULT_MAX_BODY,
            body_policy: BodyPolicy::default(),
            stream_bodies: false,
            public_base_url: None,
            base_path: None,
            trusted_proxies: Vec::new(),
            convention: Convention::default(),
            realm: None,
            admission: Admission::default(),
            allow_preflight: false,
            forward_authorization: None,
            tls: None,
            drain: DEFAULT_DRAIN,
            upstream_timeout: DEFAULT_UPSTREAM_TIMEOUT,
            max_connections: DEFAULT_MAX_CONNECTIONS,
            max_in_flight: DEFAULT_MAX_IN_FLIGHT,
            clock: Arc::new(SystemClock),
        }
    }
}

mod setters;

impl fmt::Debug for GatewayConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GatewayConfig")
            .field("mode", &self.mode)
            .field("listen", &self.listen)
            .field("schemes", &self.schemes)
            .field("admission", &self.admission)
            .finish_non_exhaustive()
    }
}
