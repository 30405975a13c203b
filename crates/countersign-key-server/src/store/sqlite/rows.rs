//! Records as rows. A row that makes no record is an error, never a record that is not there.

use countersign_core::{Algorithm, Timestamp};
use rusqlite::Row;
use rusqlite::types::{Type, ValueRef};

use crate::credential::{AuthScheme, CredentialId, Principal};
use crate::seal::Sealed;
use crate::store::{
    Entry, EntryId, EntryKind, Life, Record, Revision, Scope, State, TokenHash, TokenId,
    TokenRecord,
};

/// The columns of a record, as [`record`] reads them.
macro_rules! record_columns {
    () => {
        "id, principal, scheme, algorithm, created_at, state, deleted_at, expires_at, rotated_to, \
         last_used_at, revision, sealed"
    };
}
pub(super) use record_columns;

/// The record of a row that has the columns of `record_columns!` first.
pub(super) fn record(row: &Row<'_>) -> rusqlite::Result<Record> {
    Ok(Record {
        id: id(row, 0)?,
        principal: text(row, 1, |it| Principal::parse(it).ok())?,
        scheme: text(row, 2, AuthScheme::from_name)?,
        algorithm: text(row, 3, Algorithm::from_name)?,
        created_at: Timestamp::from_unix(row.get(4)?),
        life: Life {
            state: text(row, 5, State::from_name)?,
            deleted_at: time(row, 6)?,
            expires_at: time(row, 7)?,
            rotated_to: match row.get_ref(8)? {
                ValueRef::Null => None,
                _ => Some(id(row, 8)?),
            },
        },
        last_used_at: time(row, 9)?,
        revision: revision(row, 10)?,
        sealed: Sealed::from_bytes(row.get_ref(11)?.as_blob()?),
    })
}

/// The token of a row as `tokens::all` asks for it.
pub(super) fn token(row: &Row<'_>) -> rusqlite::Result<TokenRecord> {
    Ok(TokenRecord {
        id: text(row, 0, TokenId::parse)?,
        name: row.get(1)?,
        scope: text(row, 2, Scope::from_name)?,
        hash: TokenHash(hash(row, 3)?),
        created_at: Timestamp::from_unix(row.get(4)?),
        revoked_at: time(row, 5)?,
    })
}

/// The entry of a row as `entries::list` asks for it.
pub(super) fn entry(row: &Row<'_>) -> rusqlite::Result<Entry> {
    Ok(Entry {
        id: EntryId::new(
            text(row, 0, EntryKind::from_name)?,
            row.get::<_, String>(1)?,
            row.get::<_, String>(2)?,
        ),
        forget_after: time(row, 3)?,
        sealed: Sealed::from_bytes(row.get_ref(4)?.as_blob()?),
    })
}

/// The id of a credential.
pub(super) fn id(row: &Row<'_>, column: usize) -> rusqlite::Result<CredentialId> {
    text(row, column, |it| CredentialId::parse(it).ok())
}

/// A blob of 32 bytes.
pub(super) fn hash(row: &Row<'_>, column: usize) -> rusqlite::Result<[u8; 32]> {
    let blob = row.get_ref(column)?.as_blob()?;
    blob.try_into().map_err(|_| unreadable(column, Type::Blob))
}

/// The number of a revision.
pub(super) fn revision(row: &Row<'_>, column: usize) -> rusqlite::Result<Revision> {
    row.get(column).map(Revision::from_number)
}

fn text<T>(
    row: &Row<'_>,
    column: usize,
    parse: impl FnOnce(&str) -> Option<T>,
) -> rusqlite::Result<T> {
    parse(row.get_ref(column)?.as_str()?).ok_or_else(|| unreadable(column, Type::Text))
}

fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Timestamp>> {
    let seconds: Option<i64> = row.get(column)?;
    Ok(seconds.map(Timestamp::from_unix))
}

/// Says where, not what: the value may be anything.
fn unreadable(column: usize, kind: Type) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, kind, "not what this program writes".into())
}
