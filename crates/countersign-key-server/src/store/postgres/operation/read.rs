//! Reading records.

use async_trait::async_trait;
use deadpool_postgres::Client;

use crate::credential::{CredentialId, Principal};
use crate::store::postgres::error::Trouble;
use crate::store::postgres::pool::Operation;
use crate::store::postgres::row::{self, RECORD};
use crate::store::{Listing, Page, Position, Record, StoreError, StoreErrorKind, Which};

/// Reads one record.
pub(in crate::store::postgres) struct Find(pub(in crate::store::postgres) CredentialId);

#[async_trait]
impl Operation for Find {
    type Answer = Option<Record>;

    async fn run(&self, connection: &mut Client) -> Result<Option<Record>, Trouble> {
        let statement = format!("SELECT {RECORD} FROM countersign_credentials WHERE id = $1");
        let statement = connection.prepare_cached(&statement).await?;
        let row = connection
            .query_opt(&statement, &[&self.0.as_str()])
            .await?;
        row.map(|row| Ok(row::record(&row)?.1)).transpose()
    }
}

/// Reads a page of records.
pub(in crate::store::postgres) struct ListPage {
    principal: Option<Principal>,
    which: Which,
    after: i64,
    limit: usize,
}

impl ListPage {
    pub(in crate::store::postgres) fn new(listing: &Listing) -> Result<Self, StoreError> {
        let after = match &listing.after {
            None => 0,
            Some(position) => position.as_str().parse().map_err(|_| {
                StoreError::new(StoreErrorKind::InvalidPosition, "the position is no number")
            })?,
        };
        Ok(Self {
            principal: listing.principal.clone(),
            which: listing.which,
            after,
            limit: listing.limit,
        })
    }
}

#[async_trait]
impl Operation for ListPage {
    type Answer = Page;

    async fn run(&self, connection: &mut Client) -> Result<Page, Trouble> {
        let present = match self.which {
            Which::Present => "AND deleted_at IS NULL",
            Which::WithDeleted => "",
        };
        // Ordered by the principal too, which changes nothing but the index that is used.
        let (of_principal, order) = match &self.principal {
            Some(_) => ("AND principal = $3", "principal, ordinal"),
            None => ("", "ordinal"),
        };
        let statement = format!(
            "SELECT {RECORD} FROM countersign_credentials \
             WHERE ordinal > $1 {of_principal} {present} ORDER BY {order} LIMIT $2"
        );
        let statement = connection.prepare_cached(&statement).await?;
        // One more than asked for tells whether there is a next page.
        let limit = i64::try_from(self.limit.saturating_add(1)).unwrap_or(i64::MAX);
        let rows = match &self.principal {
            Some(principal) => {
                let principal = principal.as_str();
                connection
                    .query(&statement, &[&self.after, &limit, &principal])
                    .await?
            }
            None => connection.query(&statement, &[&self.after, &limit]).await?,
        };
        let mut page = Page::default();
        let mut last = self.after;
        for row in &rows {
            if page.records.len() == self.limit {
                page.next = Some(Position::new(last.to_string()));
                break;
            }
            let (ordinal, record) = row::record(row)?;
            last = ordinal;
            page.records.push(record);
        }
        Ok(page)
    }
}

/// Looks whether the store can be read, and whether the database takes writes.
pub(in crate::store::postgres) struct Check;

#[async_trait]
impl Operation for Check {
    type Answer = ();

    async fn run(&self, connection: &mut Client) -> Result<(), Trouble> {
        let statement = connection
            .prepare_cached(
                "SELECT current_setting('transaction_read_only') = 'on', \
                 EXISTS (SELECT FROM countersign_credentials)",
            )
            .await?;
        let row = connection.query_one(&statement, &[]).await?;
        if row.try_get(0)? {
            let message = "PostgreSQL takes no writes: it is a replica or set to read only, so \
                           point the address to the primary";
            return Err(StoreError::new(StoreErrorKind::Unavailable, message).into());
        }
        Ok(())
    }
}
