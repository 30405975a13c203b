//! The cache.

use std::fmt;
use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwap;
use countersign_core::{
    FirstUse, NonceKey, NonceLife, ReplayCache, ReplayError, StoreId, Timestamp, Window,
};
use redis::ProtocolVersion;
use tokio::sync::Notify;
use tokio::task::AbortHandle;

use crate::clocks::ServerTime;
use crate::error::ConnectError;
use crate::fault::Fault;
use crate::fingerprint::EntryKey;
use crate::guard::{Guard, LossGuard};
use crate::keeper;
use crate::link::{Answer, Demand, Door, Link, Verdict};
use crate::routes::Routes;
use crate::settings::{RedisReplayCacheBuilder, Settings, Unavailable};
use crate::telemetry;

/// A replay cache on Redis or Valkey, shared by all that connect to it. Clones share one
/// connection.
///
/// The [front page](crate) says what it guarantees.
#[derive(Clone)]
pub struct RedisReplayCache(Arc<Handle>);

/// Ends the keeper with the last clone.
struct Handle {
    inner: Arc<Inner>,
    keeper: OnceLock<AbortHandle>,
}

/// What claims and the keeper share.
pub(crate) struct Inner {
    pub(crate) settings: Settings,
    pub(crate) door: Door,
    pub(crate) guard: Guard,
    pub(crate) routes: ArcSwap<Routes>,
    pub(crate) wake: Arc<Notify>,
    store: StoreId,
}

impl RedisReplayCache {
    /// Connects to the servers that `url` names, with the defaults of
    /// [`builder`](Self::builder).
    ///
    /// # Errors
    /// As [`RedisReplayCacheBuilder::connect`].
    pub async fn connect(url: &str) -> Result<Self, ConnectError> {
        Self::builder(url).connect().await
    }

    /// A cache with other settings, on the servers that `url` names:
    ///
    /// * `redis://[USER[:PASSWORD]@]HOST[:PORT][/DATABASE]`, one server
    /// * `redis+cluster://[…@]HOST:PORT[,HOST:PORT…]/`, a cluster, by some of its nodes
    /// * `redis+sentinel://[…@]HOST[:PORT][,HOST…]/MASTER[/DATABASE]`, what sentinels watch under
    ///   the name `MASTER`
    ///
    /// and each with `rediss` for TLS.
    pub fn builder(url: &str) -> RedisReplayCacheBuilder {
        RedisReplayCacheBuilder::new(url)
    }

    pub(crate) async fn start(settings: Settings, guard: LossGuard) -> Result<Self, ConnectError> {
        let wake = Arc::new(Notify::new());
        let servers = &settings.servers;
        let inner = Arc::new(Inner {
            door: Door {
                tls: settings.tls.clone(),
                user: servers.user.clone(),
                password: servers.password.clone(),
                database: servers.database,
                protocol: ProtocolVersion::RESP3,
                timeout: settings.timeout,
                keeper: Arc::clone(&wake),
            },
            store: StoreId::named(&format!("{} {}", servers.name(), settings.prefix)),
            guard: Guard::new(guard),
            routes: ArcSwap::default(),
            wake,
            settings,
        });
        inner.round().await;
        inner.fit_to_start()?;
        let handle = Handle {
            keeper: OnceLock::new(),
            inner,
        };
        let keeper = tokio::spawn(keeper::run(Arc::downgrade(&handle.inner)));
        // It is new, and so empty.
        let _ = handle.keeper.set(keeper.abort_handle());
        Ok(Self(Arc::new(handle)))
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        if let Some(keeper) = self.keeper.get() {
            keeper.abort();
        }
    }
}

impl fmt::Debug for RedisReplayCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisReplayCache")
            .field("servers", &self.0.inner.settings.servers.deployment)
            .field("prefix", &self.0.inner.settings.prefix)
            .finish_non_exhaustive()
    }
}

impl ReplayCache for RedisReplayCache {
    async fn claim(&self, nonce: NonceKey<'_>, life: NonceLife) -> Result<FirstUse, ReplayError> {
        let inner = &self.0.inner;
        if life.expires <= life.now {
            return Err(ReplayError::Expired);
        }
        if !inner.guard.admits(life.signed_at) {
            return Err(ReplayError::SignedBeforeStart);
        }
        let key = EntryKey::new(&inner.settings.prefix, &nonce, life.signed_at);
        let fault = match inner.claim(&key, life).await {
            Ok(decision) => return decision,
            Err(fault) => fault,
        };
        telemetry::unavailable(&fault);
        match inner.settings.unavailable {
            Unavailable::Accept => {
                telemetry::unprotected(&fault);
                Ok(FirstUse::recorded())
            }
            Unavailable::Refuse => Err(refusal(fault)),
        }
    }

    fn store_id(&self) -> StoreId {
        self.0.inner.store
    }

    fn prepare(&self, window: Window, _now: Timestamp) {
        self.0.inner.guard.prepare(window);
    }
}

fn refusal(fault: Fault) -> ReplayError {
    match &fault {
        Fault::Answered { code, .. } if code == "OOM" => ReplayError::Full,
        _ => ReplayError::unavailable(fault),
    }
}

impl Inner {
    /// That at least one node can be used, and that none of the others has to be mended first.
    fn fit_to_start(&self) -> Result<(), ConnectError> {
        let routes = self.routes.load();
        let useful = routes.nodes.iter().any(|node| node.link.is_ok());
        let faults = routes.nodes.iter().filter_map(|node| {
            let fault = node.link.as_ref().err()?;
            (!useful || !fault.is_absence()).then_some((&node.address, fault))
        });
        match faults.max_by_key(|(_, fault)| !fault.is_absence()) {
            Some((address, fault)) => Err(ConnectError::new(address.to_string(), fault.clone())),
            None => Ok(()),
        }
    }

    async fn claim(
        &self,
        key: &EntryKey,
        life: NonceLife,
    ) -> Result<Result<FirstUse, ReplayError>, Fault> {
        let expiry = ServerTime::expiry(life.expires);
        let (link, answer) = self.answer(key, expiry).await.inspect_err(|_| {
            // Whatever it was, the keeper may know better by now.
            self.wake.notify_one();
        })?;
        if answer.verdict == Verdict::Seen {
            return Ok(Err(ReplayError::Replayed));
        }
        // The server says OK and deletes at once what is set to end in its past. That cannot be
        // while the clocks agree.
        answer.time.agrees_with(life.now).inspect_err(|fault| {
            link.end(fault.clone());
        })?;
        if let (Some(replicas), Some(got)) = (self.settings.replicas, answer.acknowledged) {
            let wanted = replicas.wanted;
            if got < i64::from(wanted) {
                return Err(Fault::Acknowledged { wanted, got });
            }
        }
        // Again: the answer may be that of a link that is newer than the first look.
        if !self.guard.admits(life.signed_at) {
            return Ok(Err(ReplayError::SignedBeforeStart));
        }
        Ok(Ok(FirstUse::recorded()))
    }

    /// The answer of the node that has `key`, at most one redirection away.
    async fn answer(
        &self,
        key: &EntryKey,
        expiry: ServerTime,
    ) -> Result<(Arc<Link>, Answer), Fault> {
        let timeout = self.settings.timeout;
        let mut demand = Demand {
            key,
            expiry,
            replicas: self.settings.replicas,
            handed_over: false,
        };
        let link = self.routes.load().find(key.as_str())?;
        let began = tokio::time::Instant::now();
        let answer = link.claim(demand, timeout).await?;
        let (address, handed_over) = match answer.verdict {
            Verdict::First | Verdict::Seen => return Ok((link, answer)),
            Verdict::Ask(address) => (address, true),
            Verdict::Moved(address) => {
                self.wake.notify_one();
                (address, false)
            }
        };
        demand.handed_over = handed_over;
        let address = address.ok_or(Fault::NoNode)?;
        let link = self.routes.load().at(&address)?;
        let left = timeout.saturating_sub(began.elapsed());
        let answer = link.claim(demand, left).await?;
        match answer.verdict {
            Verdict::First | Verdict::Seen => Ok((link, answer)),
            Verdict::Ask(_) | Verdict::Moved(_) => Err(Fault::NoNode),
        }
    }
}
