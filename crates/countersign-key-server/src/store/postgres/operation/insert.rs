//! The one statement that keeps a new record.

use deadpool_postgres::GenericClient;
use sha2::{Digest as _, Sha256};
use tokio_postgres::types::ToSql;

use super::exists;
use crate::credential::{CredentialId, Principal};
use crate::store::postgres::error::{Trouble, violated_constraint};
use crate::store::postgres::row::{ACTIVE, algorithm_code, scheme_code, seconds, state_code};
use crate::store::{Creation, Idempotency, NewRecord};

/// The constraint that keeps ids apart.
const ID_CONSTRAINT: &str = "countersign_credentials_id";

/// How many idempotency keys a creation forgets at most, when their time is over: more than one,
/// so that they do not pile up, and few, so that no creation pays for a busy day.
const FORGOTTEN_AT_ONCE: u32 = 100;

/// The first half of the advisory locks on principals; the second is a hash of the principal.
const PRINCIPAL_LOCK: i32 = 0x7072_696e;

/// Keeps `new` if nothing is against it; `replaced` does not count as active. When it gives
/// anything but [`Creation::Created`], or an error, what it did must be rolled back, unless it was
/// [harmless](is_harmless).
pub(super) async fn insert(
    on: &impl GenericClient,
    new: &NewRecord,
    replaced: Option<&CredentialId>,
) -> Result<Creation, Trouble> {
    let record = &new.record;
    let created_at = record.created_at.as_unix();
    let most = new.max_active.map(i64::from);
    let replaced = replaced.map(CredentialId::as_str);
    let (revision, life) = (i64::from(record.revision.number()), &record.life);
    let (deleted_at, expires_at) = (seconds(life.deleted_at), seconds(life.expires_at));
    let last_used_at = seconds(record.last_used_at);
    let (scheme, algorithm) = (scheme_code(record.scheme), algorithm_code(record.algorithm));
    let state = state_code(life.state);
    let (id, principal) = (record.id.as_str(), record.principal.as_str());
    let rotated_to = life.rotated_to.as_ref().map(CredentialId::as_str);
    let sealed = record.sealed.as_bytes();
    let mut parameters: Vec<&(dyn ToSql + Sync)> = vec![
        &revision,
        &created_at,
        &deleted_at,
        &expires_at,
        &last_used_at,
        &scheme,
        &algorithm,
        &state,
        &id,
        &principal,
        &rotated_to,
        &sealed,
        &most,
        &replaced,
    ];
    let retry = new.idempotency.as_ref().map(|retry| {
        let Idempotency {
            key,
            fingerprint,
            until,
        } = retry;
        (key.as_slice(), fingerprint.as_slice(), until.as_unix())
    });
    let statement = match &retry {
        None => statement("", ""),
        Some((key, fingerprint, until)) => {
            parameters.extend([key as &(dyn ToSql + Sync), fingerprint, until]);
            statement(REMEMBERED, "FROM remembered")
        }
    };
    let statement = on.prepare_cached(&statement).await?;
    let row = match on.query_one(&statement, &parameters).await {
        Ok(row) => row,
        Err(error) if violated_constraint(&error) == Some(ID_CONSTRAINT) => {
            return Ok(Creation::IdTaken);
        }
        Err(error) => return Err(error.into()),
    };
    let created: bool = row.try_get(0)?;
    if created {
        return Ok(Creation::Created);
    }
    let remembered: bool = row.try_get(1)?;
    if let (Some(retry), false) = (&new.idempotency, remembered) {
        // It is forgotten when another creation came between the two statements.
        return repeated(on, retry, created_at)
            .await?
            .ok_or(Trouble::LostRace);
    }
    if exists(on, &record.id).await? {
        return Ok(Creation::IdTaken);
    }
    Ok(Creation::LimitReached)
}

/// Whether a lone [`insert`] leaves nothing behind when it keeps nothing. What does not count
/// credentials fails as a whole.
pub(super) fn is_harmless(new: &NewRecord) -> bool {
    new.max_active.is_none()
}

/// What was created with the idempotency key of `retry`, if that is remembered at `now`.
pub(super) async fn repeated(
    on: &impl GenericClient,
    retry: &Idempotency,
    now: i64,
) -> Result<Option<Creation>, Trouble> {
    let statement = on
        .prepare_cached(
            "SELECT id, fingerprint FROM countersign_retries WHERE key = $1 AND until >= $2",
        )
        .await?;
    let row = on
        .query_opt(&statement, &[&retry.key.as_slice(), &now])
        .await?;
    let Some(row) = row else { return Ok(None) };
    let damaged = || crate::store::postgres::row::damaged("a row of countersign_retries");
    let (id, fingerprint): (String, &[u8]) = (row.try_get(0)?, row.try_get(1)?);
    Ok(Some(Creation::Repeated {
        id: CredentialId::parse(id).map_err(|_| damaged())?,
        fingerprint: fingerprint.try_into().map_err(|_| damaged())?,
    }))
}

/// Lets one transaction at a time count the credentials of `principal`.
pub(super) async fn lock_principal(
    on: &impl GenericClient,
    principal: &Principal,
) -> Result<(), Trouble> {
    let hash = Sha256::digest(principal.as_str().as_bytes());
    // Principals that share a lock wait for each other now and then; that is all.
    let half = i32::from_be_bytes(hash.first_chunk().copied().unwrap_or_default());
    let statement = on
        .prepare_cached("SELECT pg_advisory_xact_lock($1, $2)")
        .await?;
    on.execute(&statement, &[&PRINCIPAL_LOCK, &half]).await?;
    Ok(())
}

/// Takes an idempotency key that is free or forgotten. Against a transaction that has it already
/// and is not yet committed, it waits.
const REMEMBERED: &str = ", remembered AS (\
    INSERT INTO countersign_retries AS kept (key, fingerprint, until, id) \
    VALUES ($15::bytea, $16::bytea, $17::bigint, $9::text) \
    ON CONFLICT (key) DO UPDATE \
    SET fingerprint = excluded.fingerprint, until = excluded.until, id = excluded.id \
    WHERE kept.until < $2 \
    RETURNING true)";

/// Gives whether the record was created, and whether its idempotency key was taken.
fn statement(remembered: &str, source: &str) -> String {
    let (not_this_key, was_remembered) = if remembered.is_empty() {
        ("", "true")
    } else {
        ("AND key <> $15::bytea ", "EXISTS (SELECT FROM remembered)")
    };
    format!(
        "WITH forgotten AS (\
             DELETE FROM countersign_retries WHERE key = ANY (ARRAY(\
                 SELECT key FROM countersign_retries WHERE until < $2::bigint {not_this_key}\
                 ORDER BY until LIMIT {FORGOTTEN_AT_ONCE} FOR UPDATE SKIP LOCKED))\
         ){remembered}, created AS (\
             INSERT INTO countersign_credentials (revision, created_at, deleted_at, expires_at, \
                 last_used_at, scheme, algorithm, state, id, principal, rotated_to, sealed) \
             SELECT $1::bigint, $2::bigint, $3::bigint, $4::bigint, $5::bigint, $6::smallint, \
                 $7::smallint, $8::smallint, $9::text, $10::text, $11::text, $12::bytea {source} \
             WHERE $13::bigint IS NULL OR $13::bigint > (\
                 SELECT count(*) FROM (\
                     SELECT FROM countersign_credentials \
                     WHERE principal = $10::text AND state = {ACTIVE} AND deleted_at IS NULL \
                     AND (expires_at IS NULL OR expires_at >= $2::bigint) \
                     AND id IS DISTINCT FROM $14::text LIMIT $13::bigint\
                 ) AS active) \
             RETURNING true)\
         SELECT EXISTS (SELECT FROM created), {was_remembered}"
    )
}
