//! The sealed keyring: one row, or none.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::rows;
use crate::store::Revision;

pub(super) fn find(connection: &Connection) -> rusqlite::Result<Option<(Vec<u8>, Revision)>> {
    connection
        .prepare_cached("SELECT sealed, revision FROM keyring")?
        .query_row([], |row| Ok((row.get(0)?, rows::revision(row, 1)?)))
        .optional()
}

/// Whether it is kept.
pub(super) fn put(
    connection: &Connection,
    sealed: &[u8],
    expected: Option<Revision>,
) -> rusqlite::Result<bool> {
    let changed = match expected {
        None => connection
            .prepare_cached("INSERT INTO keyring VALUES (1, ?1, ?2) ON CONFLICT DO NOTHING")?
            .execute(params![sealed, Revision::FIRST.number()])?,
        Some(expected) => connection
            .prepare_cached("UPDATE keyring SET sealed = ?1, revision = ?2 WHERE revision = ?3")?
            .execute(params![sealed, expected.next().number(), expected.number()])?,
    };
    Ok(changed == 1)
}
