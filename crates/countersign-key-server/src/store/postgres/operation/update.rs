//! Changing a record.

use async_trait::async_trait;
use deadpool_postgres::Client;

use super::exists;
use crate::credential::CredentialId;
use crate::store::postgres::error::Trouble;
use crate::store::postgres::pool::Operation;
use crate::store::postgres::row::{self, RECORD, seconds, state_code};
use crate::store::{Change, Revision, Update};

/// Changes a record that has the revision expected.
pub(in crate::store::postgres) struct UpdateRecord {
    pub(in crate::store::postgres) id: CredentialId,
    pub(in crate::store::postgres) expected: Revision,
    pub(in crate::store::postgres) change: Change,
}

#[async_trait]
impl Operation for UpdateRecord {
    type Answer = Update;

    async fn run(&self, connection: &mut Client) -> Result<Update, Trouble> {
        let changed = match &self.change {
            Change::Life(_) => "state = $4, deleted_at = $5, expires_at = $6, rotated_to = $7",
            Change::Sealed(_) => "sealed = $4",
        };
        let statement = format!(
            "UPDATE countersign_credentials SET revision = $3, {changed} \
             WHERE id = $1 AND revision = $2 RETURNING {RECORD}"
        );
        let statement = connection.prepare_cached(&statement).await?;
        let id = self.id.as_str();
        let expected = i64::from(self.expected.number());
        let next = i64::from(self.expected.next().number());
        let row = match &self.change {
            Change::Life(life) => {
                let rotated_to = life.rotated_to.as_ref().map(CredentialId::as_str);
                connection
                    .query_opt(
                        &statement,
                        &[
                            &id,
                            &expected,
                            &next,
                            &state_code(life.state),
                            &seconds(life.deleted_at),
                            &seconds(life.expires_at),
                            &rotated_to,
                        ],
                    )
                    .await?
            }
            Change::Sealed(sealed) => {
                connection
                    .query_opt(&statement, &[&id, &expected, &next, &sealed.as_bytes()])
                    .await?
            }
        };
        if let Some(row) = row {
            return Ok(Update::Updated(row::record(&row)?.1));
        }
        if exists(&*connection, &self.id).await? {
            return Ok(Update::Stale);
        }
        Ok(Update::Unknown)
    }
}
