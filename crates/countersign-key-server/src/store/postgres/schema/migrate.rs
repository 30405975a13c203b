//! From any older schema to the newest.

use std::time::Duration;

use async_trait::async_trait;
use deadpool_postgres::Client;

use crate::store::postgres::error::Trouble;
use crate::store::postgres::pool::Operation;
use crate::store::postgres::row::damaged;
use crate::store::{StoreError, StoreErrorKind};

/// Every migration, from the oldest to the newest. What stands here stays as it is: to change the
/// schema, add one.
pub(super) const MIGRATIONS: &[&str] = &[
    include_str!("0001_first.sql"),
    include_str!("0002_entries.sql"),
    include_str!("0003_agent_scheme.sql"),
];

/// What a migration holds while it runs: a number of our own, drawn once. Advisory locks belong to
/// a database.
const LOCK: i64 = 0x636f_756e_7465_7273;

/// How long all migrations may take, with the wait for another server that is at it: long enough
/// to rewrite tens of millions of rows.
const LIMIT: Duration = Duration::from_secs(600);

/// Brings the schema to the newest version.
pub(super) struct Migrate(pub(super) &'static [&'static str]);

#[async_trait]
impl Operation for Migrate {
    type Answer = ();

    fn limit(&self) -> Duration {
        LIMIT
    }

    async fn run(&self, connection: &mut Client) -> Result<(), Trouble> {
        // Most starts find nothing to do, and then need no right to create a table.
        let mut version = self.version(connection).await?;
        while version < self.0.len() {
            version = self.step(connection).await?;
        }
        Ok(())
    }
}

impl Migrate {
    /// One migration, the next; the version after it.
    async fn step(&self, connection: &mut Client) -> Result<usize, Trouble> {
        let transaction = connection.transaction().await?;
        transaction
            .batch_execute("SET LOCAL statement_timeout = 0")
            .await?;
        transaction
            .execute("SELECT pg_advisory_xact_lock($1)", &[&LOCK])
            .await?;
        transaction
            .batch_execute(
                "CREATE TABLE IF NOT EXISTS countersign_migrations (\
                 version integer PRIMARY KEY, \
                 applied_at timestamptz NOT NULL DEFAULT now())",
            )
            .await?;
        let version = self.version(&transaction).await?;
        let Some(migration) = self.0.get(version) else {
            return Ok(version); // another server has done it meanwhile
        };
        let next = version.saturating_add(1);
        let number = i32::try_from(next).map_err(|_| damaged("countersign_migrations"))?;
        transaction.batch_execute(migration).await?;
        transaction
            .execute(
                "INSERT INTO countersign_migrations (version) VALUES ($1)",
                &[&number],
            )
            .await?;
        transaction.commit().await?;
        Ok(next)
    }

    /// How many migrations have happened.
    async fn version(&self, on: &impl deadpool_postgres::GenericClient) -> Result<usize, Trouble> {
        let row = on
            .query_one("SELECT to_regclass('countersign_migrations') IS NULL", &[])
            .await?;
        if row.try_get(0)? {
            return Ok(0);
        }
        let row = on
            .query_one(
                "SELECT count(*), coalesce(max(version), 0)::bigint FROM countersign_migrations",
                &[],
            )
            .await?;
        let (count, newest): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
        if count != newest {
            return Err(damaged("countersign_migrations"));
        }
        let version = usize::try_from(count).map_err(|_| damaged("countersign_migrations"))?;
        if version > self.0.len() {
            let message = format!(
                "the PostgreSQL tables are at version {version} and this program knows version \
                 {} at most: start the newer program that made them",
                self.0.len()
            );
            return Err(StoreError::new(StoreErrorKind::Incompatible, message).into());
        }
        Ok(version)
    }
}

#[cfg(all(test, unix))]
mod tests;
