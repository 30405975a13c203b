//! Keeping a new record.

use async_trait::async_trait;
use deadpool_postgres::Client;

use super::begin;
use super::insert::{insert, is_harmless, lock_principal};
use crate::store::postgres::error::Trouble;
use crate::store::postgres::pool::Operation;
use crate::store::{Creation, NewRecord};

/// Keeps a new record.
pub(in crate::store::postgres) struct Create(pub(in crate::store::postgres) NewRecord);

#[async_trait]
impl Operation for Create {
    type Answer = Creation;

    async fn run(&self, connection: &mut Client) -> Result<Creation, Trouble> {
        if is_harmless(&self.0) {
            return insert(&*connection, &self.0, None).await;
        }
        let transaction = begin(connection).await?;
        lock_principal(&transaction, &self.0.record.principal).await?;
        let creation = insert(&transaction, &self.0, None).await?;
        if creation == Creation::Created {
            transaction.commit().await?;
        }
        Ok(creation)
    }
}
