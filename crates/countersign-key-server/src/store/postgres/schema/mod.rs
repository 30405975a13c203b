//! The tables, and how they came to be what they are.
//!
//! Migrations go forward only. Each is a transaction, under a lock that all servers share, and is
//! written down in `countersign_migrations` in that transaction: one that was interrupted has not
//! happened, and one that is begun twice happens once.

mod migrate;

use async_trait::async_trait;
use deadpool_postgres::Client;

use self::migrate::{MIGRATIONS, Migrate};
use super::error::Trouble;
use super::pool::{Operation, Pool};
use crate::store::{StoreError, StoreErrorKind};

/// The oldest PostgreSQL that understands the statements, as `server_version_num` tells it.
const OLDEST: i32 = 12_00_00;

/// Looks whether the database will do, and makes the tables what this version needs.
pub(super) async fn prepare(pool: &Pool) -> Result<(), StoreError> {
    let server = pool.run(Inspect).await?;
    let refused = |kind, why: &str| {
        let message = format!("PostgreSQL at {}: {why}", pool.shown());
        Err(StoreError::new(kind, message))
    };
    if server.version < OLDEST {
        return refused(
            StoreErrorKind::Incompatible,
            "it is older than version 12; upgrade it",
        );
    }
    if server.encoding != "UTF8" {
        return refused(
            StoreErrorKind::Misconfigured,
            "the database cannot keep every character; create one with ENCODING 'UTF8' and \
             TEMPLATE template0",
        );
    }
    if server.fsync != "on" {
        tracing::warn!(
            store = pool.shown(),
            "PostgreSQL runs with fsync off: a crash of its machine loses credentials"
        );
    }
    pool.run(Migrate(MIGRATIONS)).await
}

struct Inspect;

struct Server {
    version: i32,
    encoding: String,
    fsync: String,
}

#[async_trait]
impl Operation for Inspect {
    type Answer = Server;

    async fn run(&self, connection: &mut Client) -> Result<Server, Trouble> {
        let row = connection
            .query_one(
                "SELECT current_setting('server_version_num')::int, \
                 current_setting('server_encoding'), current_setting('fsync')",
                &[],
            )
            .await?;
        Ok(Server {
            version: row.try_get(0)?,
            encoding: row.try_get(1)?,
            fsync: row.try_get(2)?,
        })
    }
}
