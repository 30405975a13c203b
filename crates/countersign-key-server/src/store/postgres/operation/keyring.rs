//! The sealed keyring: a table of one row.

use async_trait::async_trait;
use deadpool_postgres::Client;

use crate::store::Revision;
use crate::store::postgres::error::Trouble;
use crate::store::postgres::pool::Operation;
use crate::store::postgres::row;

/// Reads the keyring.
pub(in crate::store::postgres) struct ReadKeyring;

#[async_trait]
impl Operation for ReadKeyring {
    type Answer = Option<(Vec<u8>, Revision)>;

    async fn run(&self, connection: &mut Client) -> Result<Self::Answer, Trouble> {
        let statement = connection
            .prepare_cached("SELECT sealed, revision FROM countersign_keyring")
            .await?;
        let Some(row) = connection.query_opt(&statement, &[]).await? else {
            return Ok(None);
        };
        let revision = row::revision(row.try_get(1)?)
            .ok_or_else(|| row::damaged("the row of countersign_keyring"))?;
        Ok(Some((row.try_get(0)?, revision)))
    }
}

/// Replaces the keyring that has the revision expected.
pub(in crate::store::postgres) struct PutKeyring {
    pub(in crate::store::postgres) sealed: Vec<u8>,
    pub(in crate::store::postgres) expected: Option<Revision>,
}

#[async_trait]
impl Operation for PutKeyring {
    type Answer = bool;

    async fn run(&self, connection: &mut Client) -> Result<bool, Trouble> {
        let kept = if let Some(expected) = self.expected {
            let statement = connection
                .prepare_cached(
                    "UPDATE countersign_keyring SET sealed = $1, revision = $2 WHERE revision = $3",
                )
                .await?;
            let next = i64::from(expected.next().number());
            let expected = i64::from(expected.number());
            connection
                .execute(&statement, &[&self.sealed, &next, &expected])
                .await?
        } else {
            let statement = connection
                .prepare_cached(
                    "INSERT INTO countersign_keyring (sealed, revision) VALUES ($1, $2) \
                     ON CONFLICT DO NOTHING",
                )
                .await?;
            let first = i64::from(Revision::FIRST.number());
            connection
                .execute(&statement, &[&self.sealed, &first])
                .await?
        };
        Ok(kept == 1)
    }
}
