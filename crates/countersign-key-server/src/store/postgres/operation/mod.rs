//! What the calls of the store do with a connection.

mod create;
mod entries;
mod insert;
mod keyring;
mod read;
mod rotate;
mod tokens;
mod touch;
mod update;

use deadpool_postgres::{Client, Transaction};
use tokio_postgres::IsolationLevel;

pub(super) use self::create::Create;
pub(super) use self::entries::{AddEntry, FindEntry, ForgetEntries, ListEntries, ReplaceEntry};
pub(super) use self::keyring::{PutKeyring, ReadKeyring};
pub(super) use self::read::{Check, Find, ListPage};
pub(super) use self::rotate::Rotate;
pub(super) use self::tokens::{AddToken, ReadTokens, RevokeToken};
pub(super) use self::touch::Touch;
pub(super) use self::update::UpdateRecord;
use super::error::Trouble;
use crate::credential::CredentialId;

/// A transaction whose every statement sees what was committed before it. It is rolled back when
/// it is dropped.
async fn begin(connection: &mut Client) -> Result<Transaction<'_>, Trouble> {
    let builder = connection
        .build_transaction()
        .isolation_level(IsolationLevel::ReadCommitted);
    Ok(builder.start().await?)
}

/// Whether there is a record with this id.
async fn exists(
    on: &impl deadpool_postgres::GenericClient,
    id: &CredentialId,
) -> Result<bool, Trouble> {
    let statement = on
        .prepare_cached("SELECT 1 FROM countersign_credentials WHERE id = $1")
        .await?;
    Ok(on.query_opt(&statement, &[&id.as_str()]).await?.is_some())
}
