//! The entries of the agent API.

use async_trait::async_trait;
use countersign_core::Timestamp;
use deadpool_postgres::Client;

use crate::seal::Sealed;
use crate::store::postgres::error::Trouble;
use crate::store::postgres::pool::Operation;
use crate::store::postgres::row::{self, ENTRY, seconds};
use crate::store::{Entry, EntryId};

/// Keeps a new entry.
pub(in crate::store::postgres) struct AddEntry(pub(in crate::store::postgres) Entry);

#[async_trait]
impl Operation for AddEntry {
    type Answer = bool;

    async fn run(&self, connection: &mut Client) -> Result<bool, Trouble> {
        let statement = format!(
            "INSERT INTO countersign_entries ({ENTRY}) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT DO NOTHING"
        );
        let statement = connection.prepare_cached(&statement).await?;
        let Entry {
            id,
            sealed,
            forget_after,
        } = &self.0;
        let kept = connection
            .execute(
                &statement,
                &[
                    &id.kind.name(),
                    &id.owner,
                    &id.name,
                    &seconds(*forget_after),
                    &sealed.as_bytes(),
                ],
            )
            .await?;
        Ok(kept == 1)
    }
}

/// Reads an entry.
pub(in crate::store::postgres) struct FindEntry(pub(in crate::store::postgres) EntryId);

#[async_trait]
impl Operation for FindEntry {
    type Answer = Option<Sealed>;

    async fn run(&self, connection: &mut Client) -> Result<Option<Sealed>, Trouble> {
        let statement = connection
            .prepare_cached(
                "SELECT sealed FROM countersign_entries \
                 WHERE kind = $1 AND owner = $2 AND name = $3",
            )
            .await?;
        let id = &self.0;
        let found = connection
            .query_opt(&statement, &[&id.kind.name(), &id.owner, &id.name])
            .await?;
        let sealed: Option<Vec<u8>> = found.map(|row| row.try_get(0)).transpose()?;
        Ok(sealed.map(Sealed::from_bytes))
    }
}

/// Seals an entry anew.
pub(in crate::store::postgres) struct ReplaceEntry {
    pub(in crate::store::postgres) id: EntryId,
    pub(in crate::store::postgres) expected: Sealed,
    pub(in crate::store::postgres) sealed: Sealed,
}

#[async_trait]
impl Operation for ReplaceEntry {
    type Answer = bool;

    async fn run(&self, connection: &mut Client) -> Result<bool, Trouble> {
        let statement = connection
            .prepare_cached(
                "UPDATE countersign_entries SET sealed = $5 \
                 WHERE kind = $1 AND owner = $2 AND name = $3 AND sealed = $4",
            )
            .await?;
        let changed = connection
            .execute(
                &statement,
                &[
                    &self.id.kind.name(),
                    &self.id.owner,
                    &self.id.name,
                    &self.expected.as_bytes(),
                    &self.sealed.as_bytes(),
                ],
            )
            .await?;
        Ok(changed == 1)
    }
}

/// Reads a page of entries.
pub(in crate::store::postgres) struct ListEntries {
    pub(in crate::store::postgres) after: Option<EntryId>,
    pub(in crate::store::postgres) limit: usize,
}

#[async_trait]
impl Operation for ListEntries {
    type Answer = Vec<Entry>;

    async fn run(&self, connection: &mut Client) -> Result<Vec<Entry>, Trouble> {
        let statement = format!(
            "SELECT {ENTRY} FROM countersign_entries WHERE (kind, owner, name) > ($1, $2, $3) \
             ORDER BY kind, owner, name LIMIT $4"
        );
        let statement = connection.prepare_cached(&statement).await?;
        // No kind is an empty text, so the place before all others is.
        let (kind, owner, name) = match &self.after {
            None => ("", "", ""),
            Some(id) => (id.kind.name(), id.owner.as_str(), id.name.as_str()),
        };
        let limit = i64::try_from(self.limit).unwrap_or(i64::MAX);
        let rows = connection
            .query(&statement, &[&kind, &owner, &name, &limit])
            .await?;
        rows.iter().map(row::entry).collect()
    }
}

/// Removes what is needed no more.
pub(in crate::store::postgres) struct ForgetEntries(pub(in crate::store::postgres) Timestamp);

#[async_trait]
impl Operation for ForgetEntries {
    type Answer = u64;

    async fn run(&self, connection: &mut Client) -> Result<u64, Trouble> {
        let statement = connection
            .prepare_cached("DELETE FROM countersign_entries WHERE forget_after < $1")
            .await?;
        Ok(connection.execute(&statement, &[&self.0.as_unix()]).await?)
    }
}
