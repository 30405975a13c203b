//! The connections, and how a call uses one.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use deadpool_postgres::{
    Client, Hook, HookError, Manager, ManagerConfig, Object, PoolError, RecyclingMethod,
};
use tokio::sync::RwLock;
use tokio::time::{sleep, timeout};

use super::address::Address;
use super::error::{Trouble, explain};
use crate::store::{StoreError, StoreErrorKind};

/// How long a call may take, with the wait for a connection: shorter than what callers of an HTTP
/// API wait, longer than any healthy database takes.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(5);

/// The most connections of one server. More do not make it faster (the database's cores do), and
/// half a dozen servers stay below PostgreSQL's usual `max_connections` of 100.
pub const MAX_CONNECTIONS: usize = 16;

/// How often a call is tried that lost against another (SQLSTATE 40001 and 40P01), and how much
/// longer each time the wait before the next try is.
const TRIES: u32 = 5;
const WAIT: Duration = Duration::from_millis(10);

/// What every connection begins with. The time limits let the database give up a statement a
/// moment before this program does, and end a transaction whose client has vanished, with its
/// locks. Statements this short gain nothing from being compiled.
const SESSION: &str = "\
    SET statement_timeout = '4500ms'; \
    SET idle_in_transaction_session_timeout = '10s'; \
    SET default_transaction_isolation = 'read committed'; \
    SET jit = off; \
    SELECT set_config('synchronous_commit', 'on', false) \
        WHERE current_setting('synchronous_commit') = 'off'";

/// What a call does with a connection: once, or again from the beginning.
#[async_trait]
pub(super) trait Operation: Send + Sync + 'static {
    /// What it gives.
    type Answer: Send;

    /// Does it.
    async fn run(&self, connection: &mut Client) -> Result<Self::Answer, Trouble>;

    /// How long it may take, when that is not what a call may take.
    fn limit(&self) -> Duration {
        CALL_TIMEOUT
    }
}

/// The connections to one database.
#[derive(Clone)]
pub(super) struct Pool(Arc<Inner>);

struct Inner {
    shown: String,
    connections: deadpool_postgres::Pool,
    /// Read by calls, written by the end of them all.
    under_way: RwLock<()>,
}

impl Pool {
    /// Connects when the first call needs it.
    pub(super) fn new(address: Address) -> Result<Self, StoreError> {
        let (shown, config, tls) = address.into_parts();
        let recycling = ManagerConfig {
            recycling_method: RecyclingMethod::Fast,
        };
        let connections =
            deadpool_postgres::Pool::builder(Manager::from_config(config, tls, recycling))
                .max_size(MAX_CONNECTIONS)
                .post_create(Hook::async_fn(|connection, _| {
                    let begun = connection.batch_execute(SESSION);
                    Box::pin(async { begun.await.map_err(HookError::Backend) })
                }))
                .build()
                .map_err(|error| {
                    StoreError::new(
                        StoreErrorKind::Misconfigured,
                        "the connections to PostgreSQL cannot be set up",
                    )
                    .because(error)
                })?;
        Ok(Self(Arc::new(Inner {
            shown,
            connections,
            under_way: RwLock::new(()),
        })))
    }

    /// Runs `operation` to its end, even when the caller goes away.
    pub(super) async fn run<O: Operation>(&self, operation: O) -> Result<O::Answer, StoreError>
    where
        O::Answer: 'static,
    {
        let inner = Arc::clone(&self.0);
        let task = tokio::spawn(async move {
            let _under_way = inner.under_way.read().await;
            let limit = operation.limit();
            match timeout(limit, inner.tries(&operation)).await {
                Ok(done) => done,
                Err(_) => Err(inner.too_late(limit)),
            }
        });
        match task.await {
            Ok(done) => done,
            Err(_) => Err(self.0.unavailable("the call was broken off")),
        }
    }

    /// The address, for messages.
    pub(super) fn shown(&self) -> &str {
        &self.0.shown
    }

    /// Waits for the calls that are under way, and hangs up.
    pub(super) async fn close(&self) {
        let _all_done = self.0.under_way.write().await;
        self.0.connections.close();
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("address", &self.0.shown)
            .field("status", &self.0.connections.status())
            .finish_non_exhaustive()
    }
}

impl Inner {
    async fn tries<O: Operation>(&self, operation: &O) -> Result<O::Answer, StoreError> {
        let mut tried: u32 = 0;
        loop {
            let connection = self.connections.get().await;
            let lease = Lease(Some(
                connection.map_err(|error| self.no_connection(&error))?,
            ));
            tried = tried.saturating_add(1);
            match lease.run(operation).await {
                Ok(answer) => return Ok(answer),
                Err(Trouble::Store(error)) => return Err(error),
                Err(trouble) if trouble.is_lost_race() && tried < TRIES => {
                    sleep(WAIT.saturating_mul(tried)).await;
                }
                Err(Trouble::LostRace) => return Err(self.unavailable("the row kept changing")),
                Err(Trouble::Postgres(error)) => return Err(explain(&error, &self.shown)),
            }
        }
    }

    fn no_connection(&self, error: &PoolError) -> StoreError {
        match error {
            PoolError::Backend(error) | PoolError::PostCreateHook(HookError::Backend(error)) => {
                explain(error, &self.shown)
            }
            PoolError::Closed => self.unavailable("the store was closed"),
            _ => self.unavailable("no connection could be made"),
        }
    }

    fn too_late(&self, limit: Duration) -> StoreError {
        self.unavailable(&format!(
            "no answer within {} s; look whether it is overloaded or stopped",
            limit.as_secs()
        ))
    }

    fn unavailable(&self, why: &str) -> StoreError {
        let message = format!("PostgreSQL at {}: {why}", self.shown);
        StoreError::new(StoreErrorKind::Unavailable, message)
    }
}

/// A connection while a call uses it. It goes back to the others only when the call has ended and
/// the connection is sound; when the call is broken off it is closed.
struct Lease(Option<Object>);

impl Lease {
    async fn run<O: Operation>(mut self, operation: &O) -> Result<O::Answer, Trouble> {
        let Some(connection) = self.0.as_mut() else {
            unreachable!() // it is taken out only here, below
        };
        let done = operation.run(connection).await;
        let is_sound = match &done {
            Ok(_) => true,
            Err(trouble) => trouble.leaves_connection_sound(),
        };
        if is_sound {
            drop(self.0.take());
        }
        done
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(connection) = self.0.take() {
            drop(Object::take(connection));
        }
    }
}
