//! What is done to credentials. Everything that writes is called inside a transaction.

use countersign_core::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::rows::{self, record_columns};
use crate::credential::CredentialId;
use crate::store::{
    Change, Creation, Idempotency, Life, NewRecord, Record, Revision, Rotation, Update,
};

/// How many outdated retries are forgotten for each one that is noted: more than one, so that
/// they become fewer, and not all at once, which might take long.
const FORGOTTEN_AT_ONCE: i64 = 16;

pub(super) fn create(connection: &Connection, new: &NewRecord) -> rusqlite::Result<Creation> {
    if let Some(obstacle) = obstacle(connection, new, None)? {
        return Ok(obstacle);
    }
    insert(connection, new)?;
    Ok(Creation::Created)
}

pub(super) fn find(connection: &Connection, id: &CredentialId) -> rusqlite::Result<Option<Record>> {
    connection
        .prepare_cached(concat!(
            "SELECT ",
            record_columns!(),
            " FROM credentials WHERE id = ?1"
        ))?
        .query_row([id.as_str()], rows::record)
        .optional()
}

pub(super) fn update(
    connection: &Connection,
    id: &CredentialId,
    expected: Revision,
    change: &Change,
) -> rusqlite::Result<Update> {
    let updated = match change {
        Change::Life(life) => set_life(connection, id, expected, life)?,
        Change::Sealed(sealed) => connection
            .prepare_cached(
                "UPDATE credentials SET sealed = ?3, revision = ?4
                 WHERE id = ?1 AND revision = ?2",
            )?
            .execute(params![
                id.as_str(),
                expected.number(),
                sealed.as_bytes(),
                expected.next().number(),
            ])?,
    };
    Ok(match find(connection, id)? {
        None => Update::Unknown,
        Some(_) if updated == 0 => Update::Stale,
        Some(record) => Update::Updated(record),
    })
}

pub(super) fn rotate(
    connection: &Connection,
    id: &CredentialId,
    expected: Revision,
    life: &Life,
    successor: &NewRecord,
) -> rusqlite::Result<Rotation> {
    // A retry is recognised before the revision, which the first attempt has changed.
    let obstacle = obstacle(connection, successor, Some(id))?;
    if let Some(repeated @ Creation::Repeated { .. }) = obstacle {
        return Ok(Rotation::NotCreated(repeated));
    }
    match revision_of(connection, id)? {
        None => return Ok(Rotation::Unknown),
        Some(found) if found != expected => return Ok(Rotation::Stale),
        Some(_) => {}
    }
    if let Some(obstacle) = obstacle {
        return Ok(Rotation::NotCreated(obstacle));
    }
    set_life(connection, id, expected, life)?;
    insert(connection, successor)?;
    Ok(Rotation::Rotated)
}

pub(super) fn touch(
    connection: &Connection,
    used: &[(CredentialId, Timestamp)],
) -> rusqlite::Result<()> {
    let mut touch = connection.prepare_cached(
        "UPDATE credentials SET last_used_at = ?2
         WHERE id = ?1 AND (last_used_at IS NULL OR last_used_at < ?2)",
    )?;
    for (id, time) in used {
        touch.execute(params![id.as_str(), time.as_unix()])?;
    }
    Ok(())
}

/// Why `new` cannot be created, if it cannot; `replaced` is not counted.
fn obstacle(
    connection: &Connection,
    new: &NewRecord,
    replaced: Option<&CredentialId>,
) -> rusqlite::Result<Option<Creation>> {
    if let Some(retry) = &new.idempotency
        && let Some(repeated) = repeated(connection, retry, new.record.created_at)?
    {
        return Ok(Some(repeated));
    }
    if revision_of(connection, &new.record.id)?.is_some() {
        return Ok(Some(Creation::IdTaken));
    }
    let reached = match new.max_active {
        Some(most) => others_active(connection, &new.record, most, replaced)? >= most,
        None => false,
    };
    Ok(reached.then_some(Creation::LimitReached))
}

fn repeated(
    connection: &Connection,
    retry: &Idempotency,
    now: Timestamp,
) -> rusqlite::Result<Option<Creation>> {
    connection
        .prepare_cached(
            "SELECT id, fingerprint FROM retries
             JOIN credentials ON position = credential
             WHERE key = ?1 AND until >= ?2",
        )?
        .query_row(params![retry.key, now.as_unix()], |row| {
            Ok(Creation::Repeated {
                id: rows::id(row, 0)?,
                fingerprint: rows::hash(row, 1)?,
            })
        })
        .optional()
}

/// How many active credentials the principal of `new` has, `replaced` not counted; counting stops
/// at `most`.
fn others_active(
    connection: &Connection,
    new: &Record,
    most: u32,
    replaced: Option<&CredentialId>,
) -> rusqlite::Result<u32> {
    connection.prepare_cached(COUNT_ACTIVE)?.query_row(
        params![
            new.principal.as_str(),
            new.created_at.as_unix(),
            replaced.map(CredentialId::as_str),
            most,
        ],
        |row| row.get(0),
    )
}

/// Two ranges of `credentials_active`.
const COUNT_ACTIVE: &str = "SELECT count(*) FROM (
        SELECT 1 FROM credentials
        WHERE principal = ?1 AND state = 'active' AND deleted_at IS NULL
            AND expires_at IS NULL AND id IS NOT ?3
        UNION ALL
        SELECT 1 FROM credentials
        WHERE principal = ?1 AND state = 'active' AND deleted_at IS NULL
            AND expires_at >= ?2 AND id IS NOT ?3
        LIMIT ?4
    )";

fn revision_of(connection: &Connection, id: &CredentialId) -> rusqlite::Result<Option<Revision>> {
    connection
        .prepare_cached("SELECT revision FROM credentials WHERE id = ?1")?
        .query_row([id.as_str()], |row| rows::revision(row, 0))
        .optional()
}

/// How many records were changed: 0 or 1.
fn set_life(
    connection: &Connection,
    id: &CredentialId,
    expected: Revision,
    life: &Life,
) -> rusqlite::Result<usize> {
    connection
        .prepare_cached(
            "UPDATE credentials
             SET state = ?3, deleted_at = ?4, expires_at = ?5, rotated_to = ?6, revision = ?7
             WHERE id = ?1 AND revision = ?2",
        )?
        .execute(params![
            id.as_str(),
            expected.number(),
            life.state.name(),
            life.deleted_at.map(Timestamp::as_unix),
            life.expires_at.map(Timestamp::as_unix),
            life.rotated_to.as_ref().map(CredentialId::as_str),
            expected.next().number(),
        ])
}

fn insert(connection: &Connection, new: &NewRecord) -> rusqlite::Result<()> {
    let NewRecord {
        record,
        idempotency,
        ..
    } = new;
    connection
        .prepare_cached(concat!(
            "INSERT INTO credentials (",
            record_columns!(),
            ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)"
        ))?
        .execute(params![
            record.id.as_str(),
            record.principal.as_str(),
            record.scheme.name(),
            record.algorithm.name(),
            record.created_at.as_unix(),
            record.life.state.name(),
            record.life.deleted_at.map(Timestamp::as_unix),
            record.life.expires_at.map(Timestamp::as_unix),
            record.life.rotated_to.as_ref().map(CredentialId::as_str),
            record.last_used_at.map(Timestamp::as_unix),
            record.revision.number(),
            record.sealed.as_bytes(),
        ])?;
    match idempotency {
        Some(retry) => remember(connection, retry, record.created_at),
        None => Ok(()),
    }
}

/// Notes that the credential which was inserted last is what `retry` has made.
fn remember(connection: &Connection, retry: &Idempotency, now: Timestamp) -> rusqlite::Result<()> {
    // The key may be there and outdated.
    connection
        .prepare_cached("INSERT OR REPLACE INTO retries VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![
            retry.key,
            retry.fingerprint,
            connection.last_insert_rowid(),
            retry.until.as_unix(),
        ])?;
    connection
        .prepare_cached(
            "DELETE FROM retries WHERE key IN
                 (SELECT key FROM retries WHERE until < ?1 ORDER BY until LIMIT ?2)",
        )?
        .execute(params![now.as_unix(), FORGOTTEN_AT_ONCE])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::schema::plan;
    use super::*;

    #[test]
    fn active_credentials_are_counted_without_passing_over_the_others() {
        let plan = plan(COUNT_ACTIVE);
        let searches = plan.iter().filter(|step| {
            step.contains("credentials_active (principal=? AND expires_at=?)")
                || step.contains("credentials_active (principal=? AND expires_at>?)")
        });
        assert_eq!(searches.count(), 2, "{plan:?}");
    }
}
