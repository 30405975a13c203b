//! API tokens.

use countersign_core::Timestamp;
use rusqlite::{Connection, params};

use super::rows;
use crate::store::{TokenId, TokenRecord};

/// Whether it is kept.
pub(super) fn add(connection: &Connection, token: &TokenRecord) -> rusqlite::Result<bool> {
    let added = connection
        .prepare_cached(
            "INSERT INTO tokens (id, name, scope, hash, created_at, revoked_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING",
        )?
        .execute(params![
            token.id.as_str(),
            token.name,
            token.scope.name(),
            token.hash.0,
            token.created_at.as_unix(),
            token.revoked_at.map(Timestamp::as_unix),
        ])?;
    Ok(added == 1)
}

/// From the oldest to the newest.
pub(super) fn all(connection: &Connection) -> rusqlite::Result<Vec<TokenRecord>> {
    connection
        .prepare_cached(
            "SELECT id, name, scope, hash, created_at, revoked_at FROM tokens ORDER BY position",
        )?
        .query_map([], rows::token)?
        .collect()
}

/// Whether there is such a token.
pub(super) fn revoke(
    connection: &Connection,
    id: &TokenId,
    now: Timestamp,
) -> rusqlite::Result<bool> {
    let found = connection
        .prepare_cached("UPDATE tokens SET revoked_at = ifnull(revoked_at, ?2) WHERE id = ?1")?
        .execute(params![id.as_str(), now.as_unix()])?;
    Ok(found == 1)
}
