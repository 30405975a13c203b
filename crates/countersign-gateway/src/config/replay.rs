//! Where accepted requests are remembered: from settings to a store.

use std::path::PathBuf;
use std::sync::Arc;

use countersign::{Clock, ConfigError, DynReplayCache, MokaReplayCache, RestartGuard};

use crate::error::GatewayError;

/// A store, by name or by itself.
#[derive(Clone)]
pub(crate) enum Replay {
    Named(String),
    Cache(Arc<dyn DynReplayCache>),
}

/// Everything about the store.
#[derive(Clone)]
pub(crate) struct ReplaySetting {
    pub(crate) store: Replay,
    pub(crate) capacity: Option<usize>,
    pub(crate) restart_guard: RestartGuard,
    pub(crate) password_file: Option<PathBuf>,
    pub(crate) ca_file: Option<PathBuf>,
    pub(crate) instances: u32,
}

impl Default for ReplaySetting {
    fn default() -> Self {
        Self {
            store: Replay::Named("memory".to_owned()),
            capacity: None,
            restart_guard: RestartGuard::default(),
            password_file: None,
            ca_file: None,
            instances: 1,
        }
    }
}

impl ReplaySetting {
    /// Whether nothing is to be remembered.
    pub(crate) fn is_off(&self) -> bool {
        matches!(&self.store, Replay::Named(name) if name == "off")
    }

    /// Makes the store, or connects to it.
    pub(super) async fn open(
        &self,
        clock: &Arc<dyn Clock>,
    ) -> Result<Arc<dyn DynReplayCache>, GatewayError> {
        if self.instances == 0 {
            let fix = "use at least 1, this one";
            return Err(ConfigError::new("instances", "0", fix).into());
        }
        let name = match &self.store {
            Replay::Cache(cache) => return Ok(Arc::clone(cache)),
            Replay::Named(name) => name.as_str(),
        };
        if name.contains("://") {
            return self.connect(name, clock).await;
        }
        self.only_for_urls()?;
        if self.instances > 1 && name == "memory" {
            tracing::warn!(
                target: "countersign_gateway",
                instances = self.instances,
                "each instance remembers for itself, so a request can be replayed once at each \
                 other; use replay = redis://…"
            );
        }
        let mut memory = MokaReplayCache::builder().restart_guard(self.restart_guard);
        if let Some(entries) = self.capacity {
            memory = memory.capacity(entries);
        }
        match name {
            "memory" => Ok(Arc::new(memory.build()?)),
            "off" => Ok(Arc::new(memory.restart_guard(RestartGuard::Off).build()?)),
            _ => {
                // It may be a URL with a mistake in it, and a password.
                let shown = match name.rsplit_once('@') {
                    Some((_, host)) => format!("***@{host}"),
                    None => name.to_owned(),
                };
                Err(ConfigError::new("replay", shown, STORES).into())
            }
        }
    }

    fn only_for_urls(&self) -> Result<(), ConfigError> {
        for (key, file) in [
            ("replay-password-file", &self.password_file),
            ("replay-ca-file", &self.ca_file),
        ] {
            if let Some(path) = file {
                let fix = "leave it out: only a store with a URL has one";
                return Err(ConfigError::new(key, path.display().to_string(), fix));
            }
        }
        Ok(())
    }

    #[cfg(feature = "redis")]
    async fn connect(
        &self,
        url: &str,
        clock: &Arc<dyn Clock>,
    ) -> Result<Arc<dyn DynReplayCache>, GatewayError> {
        use countersign_redis::{ConnectError, LossGuard, RedisReplayCache};

        if let Some(entries) = self.capacity {
            let fix = "leave it out: the room of a shared store is its maxmemory";
            return Err(ConfigError::new("replay-capacity", entries.to_string(), fix).into());
        }
        let mut builder = RedisReplayCache::builder(url)
            .clock(Arc::clone(clock))
            .loss_guard(match self.restart_guard {
                RestartGuard::Off => LossGuard::Off,
                RestartGuard::SinceStart => LossGuard::SinceLoss,
                RestartGuard::Strict => LossGuard::Strict,
            });
        if let Some(path) = &self.password_file {
            builder = builder.password_file(path);
        }
        if let Some(path) = &self.ca_file {
            builder = builder.ca_file(path);
        }
        match builder.connect().await {
            Ok(cache) => Ok(Arc::new(cache)),
            Err(ConnectError::Config(error)) => Err(error.into()),
            Err(error @ ConnectError::Unreachable(_)) => {
                Err(GatewayError::ReplayUnreachable(error.into()))
            }
            Err(error) => Err(GatewayError::ReplayUnfit(error.into())),
        }
    }

    #[cfg(not(feature = "redis"))]
    #[allow(clippy::unused_async)]
    async fn connect(
        &self,
        url: &str,
        _clock: &Arc<dyn Clock>,
    ) -> Result<Arc<dyn DynReplayCache>, GatewayError> {
        // The rest may hold a password.
        let scheme = url.split("://").next().unwrap_or_default();
        let fix = "use memory or off: this build has no shared store";
        Err(ConfigError::new("replay", format!("{scheme}://…"), fix).into())
    }
}

const STORES: &str = "use memory, off, or the URL of a store that gateways share: redis://HOST:PORT, \
                      rediss://…, redis+cluster://… or redis+sentinel://…/MASTER";
