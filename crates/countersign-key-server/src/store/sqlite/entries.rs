//! The entries of the agent API.

use countersign_core::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::rows;
use crate::seal::Sealed;
use crate::store::{Entry, EntryId};

/// Whether it is kept.
pub(super) fn add(connection: &Connection, entry: &Entry) -> rusqlite::Result<bool> {
    let added = connection
        .prepare_cached(
            "INSERT INTO entries (kind, owner, name, forget_after, sealed)
             VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING",
        )?
        .execute(params![
            entry.id.kind.name(),
            entry.id.owner,
            entry.id.name,
            entry.forget_after.map(Timestamp::as_unix),
            entry.sealed.as_bytes(),
        ])?;
    Ok(added == 1)
}

pub(super) fn find(connection: &Connection, id: &EntryId) -> rusqlite::Result<Option<Sealed>> {
    connection
        .prepare_cached("SELECT sealed FROM entries WHERE kind = ?1 AND owner = ?2 AND name = ?3")?
        .query_row(params![id.kind.name(), id.owner, id.name], |row| {
            Ok(Sealed::from_bytes(row.get_ref(0)?.as_blob()?))
        })
        .optional()
}

/// Whether it was sealed as `expected`, and is sealed anew.
pub(super) fn replace(
    connection: &Connection,
    id: &EntryId,
    expected: &Sealed,
    sealed: &Sealed,
) -> rusqlite::Result<bool> {
    let changed = connection
        .prepare_cached(
            "UPDATE entries SET sealed = ?5
             WHERE kind = ?1 AND owner = ?2 AND name = ?3 AND sealed = ?4",
        )?
        .execute(params![
            id.kind.name(),
            id.owner,
            id.name,
            expected.as_bytes(),
            sealed.as_bytes(),
        ])?;
    Ok(changed == 1)
}

/// At most `limit` entries after `after`, in the order of the table.
pub(super) fn list(
    connection: &Connection,
    after: Option<&EntryId>,
    limit: usize,
) -> rusqlite::Result<Vec<Entry>> {
    // No kind is an empty text, so the place before all others is.
    let (kind, owner, name) = match after {
        None => ("", "", ""),
        Some(id) => (id.kind.name(), id.owner.as_str(), id.name.as_str()),
    };
    connection
        .prepare_cached(
            "SELECT kind, owner, name, forget_after, sealed FROM entries
             WHERE (kind, owner, name) > (?1, ?2, ?3) ORDER BY kind, owner, name LIMIT ?4",
        )?
        .query_map(
            params![kind, owner, name, i64::try_from(limit).unwrap_or(i64::MAX)],
            rows::entry,
        )?
        .collect()
}

/// How many are removed because their last second is over.
pub(super) fn forget(connection: &Connection, now: Timestamp) -> rusqlite::Result<u64> {
    let removed = connection
        .prepare_cached("DELETE FROM entries WHERE forget_after < ?1")?
        .execute([now.as_unix()])?;
    Ok(u64::try_from(removed).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::super::schema::plan;

    #[test]
    fn a_page_and_what_is_over_are_found_by_an_index() {
        let page = plan(
            "SELECT name FROM entries WHERE (kind, owner, name) > (?1, ?2, ?3)
             ORDER BY kind, owner, name LIMIT ?4",
        );
        assert!(
            page.iter().all(|step| step.contains("PRIMARY KEY")),
            "{page:?}"
        );
        let over = plan("DELETE FROM entries WHERE forget_after < ?1");
        assert!(
            over.iter().any(|step| step.contains("entries_by_time")),
            "{over:?}"
        );
    }
}
