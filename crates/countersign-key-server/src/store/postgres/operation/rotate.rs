//! Keeping a successor and changing what it follows.

use async_trait::async_trait;
use deadpool_postgres::{Client, Transaction};

use super::insert::{insert, lock_principal, repeated};
use super::{begin, exists};
use crate::credential::CredentialId;
use crate::store::postgres::error::Trouble;
use crate::store::postgres::pool::Operation;
use crate::store::postgres::row::{seconds, state_code};
use crate::store::{Creation, Life, NewRecord, Revision, Rotation};

/// Rotates a credential.
pub(in crate::store::postgres) struct Rotate {
    pub(in crate::store::postgres) id: CredentialId,
    pub(in crate::store::postgres) expected: Revision,
    pub(in crate::store::postgres) life: Life,
    pub(in crate::store::postgres) successor: NewRecord,
}

#[async_trait]
impl Operation for Rotate {
    type Answer = Rotation;

    async fn run(&self, connection: &mut Client) -> Result<Rotation, Trouble> {
        let transaction = begin(connection).await?;
        if self.successor.max_active.is_some() {
            lock_principal(&transaction, &self.successor.record.principal).await?;
        }
        // Locks are taken in one order everywhere: the principal's, the old row's, those of what
        // is new.
        if !self.change_old(&transaction).await? {
            return self.why_not(&transaction).await;
        }
        match insert(&transaction, &self.successor, Some(&self.id)).await? {
            Creation::Created => {
                transaction.commit().await?;
                Ok(Rotation::Rotated)
            }
            obstacle => Ok(Rotation::NotCreated(obstacle)),
        }
    }
}

impl Rotate {
    async fn change_old(&self, transaction: &Transaction<'_>) -> Result<bool, Trouble> {
        let statement = transaction
            .prepare_cached(
                "UPDATE countersign_credentials SET revision = $3, state = $4, deleted_at = $5, \
                 expires_at = $6, rotated_to = $7 WHERE id = $1 AND revision = $2",
            )
            .await?;
        let (expected, next) = (self.expected.number(), self.expected.next().number());
        let changed = transaction
            .execute(
                &statement,
                &[
                    &self.id.as_str(),
                    &i64::from(expected),
                    &i64::from(next),
                    &state_code(self.life.state),
                    &seconds(self.life.deleted_at),
                    &seconds(self.life.expires_at),
                    &self.life.rotated_to.as_ref().map(CredentialId::as_str),
                ],
            )
            .await?;
        Ok(changed == 1)
    }

    /// Why the old record is not as expected. A retry is recognised first: the first attempt has
    /// changed the revision.
    async fn why_not(&self, transaction: &Transaction<'_>) -> Result<Rotation, Trouble> {
        if let Some(retry) = &self.successor.idempotency {
            let now = self.successor.record.created_at.as_unix();
            if let Some(repeated) = repeated(transaction, retry, now).await? {
                return Ok(Rotation::NotCreated(repeated));
            }
        }
        if exists(transaction, &self.id).await? {
            return Ok(Rotation::Stale);
        }
        Ok(Rotation::Unknown)
    }
}
