//! Records as rows.

use countersign_core::{Algorithm, Timestamp};
use tokio_postgres::Row;

use super::error::Trouble;
use crate::credential::{AuthScheme, CredentialId, Principal};
use crate::seal::Sealed;
use crate::store::{
    Entry, EntryId, EntryKind, Life, Record, Revision, Scope, State, StoreError, StoreErrorKind,
    TokenHash, TokenId, TokenRecord,
};

/// The columns of a record, in the order in which [`record`] reads them.
pub(super) const RECORD: &str = "ordinal, revision, created_at, deleted_at, expires_at, \
     last_used_at, scheme, algorithm, state, id, principal, rotated_to, sealed";

/// The columns of a token, in the order in which [`token`] reads them.
pub(super) const TOKEN: &str = "id, name, scope, hash, created_at, revoked_at";

/// The columns of an entry, in the order in which [`entry`] reads them.
pub(super) const ENTRY: &str = "kind, owner, name, forget_after, sealed";

/// The entry in a row of the columns [`ENTRY`].
pub(super) fn entry(row: &Row) -> Result<Entry, Trouble> {
    let kind = EntryKind::from_name(row.try_get(0)?)
        .ok_or_else(|| damaged("a row of countersign_entries"))?;
    let (owner, name): (String, String) = (row.try_get(1)?, row.try_get(2)?);
    let sealed: Vec<u8> = row.try_get(4)?;
    Ok(Entry {
        id: EntryId::new(kind, owner, name),
        sealed: Sealed::from_bytes(sealed),
        forget_after: time(row.try_get(3)?),
    })
}

/// The record in a row of the columns [`RECORD`], and its place in listings.
pub(super) fn record(row: &Row) -> Result<(i64, Record), Trouble> {
    let ordinal = row.try_get(0)?;
    let damaged = || {
        damaged(&format!(
            "the row of countersign_credentials with the ordinal {ordinal}"
        ))
    };
    let id: String = row.try_get(9)?;
    let principal: String = row.try_get(10)?;
    let rotated_to: Option<String> = row.try_get(11)?;
    let sealed: Vec<u8> = row.try_get(12)?;
    let record = Record {
        revision: revision(row.try_get(1)?).ok_or_else(damaged)?,
        created_at: Timestamp::from_unix(row.try_get(2)?),
        life: Life {
            deleted_at: time(row.try_get(3)?),
            expires_at: time(row.try_get(4)?),
            state: decoded(
                [State::Active, State::Inactive],
                state_code,
                row.try_get(8)?,
            )
            .ok_or_else(damaged)?,
            rotated_to: rotated_to
                .map(CredentialId::parse)
                .transpose()
                .map_err(|_| damaged())?,
        },
        last_used_at: time(row.try_get(5)?),
        scheme: decoded(AuthScheme::ALL, scheme_code, row.try_get(6)?).ok_or_else(damaged)?,
        algorithm: decoded(Algorithm::ALL, algorithm_code, row.try_get(7)?).ok_or_else(damaged)?,
        id: CredentialId::parse(id).map_err(|_| damaged())?,
        principal: Principal::parse(principal).map_err(|_| damaged())?,
        sealed: Sealed::from_bytes(sealed),
    };
    Ok((ordinal, record))
}

/// The token in a row of the columns [`TOKEN`].
pub(super) fn token(row: &Row) -> Result<TokenRecord, Trouble> {
    let damaged = || damaged("a row of countersign_tokens");
    let id: String = row.try_get(0)?;
    let hash: &[u8] = row.try_get(3)?;
    Ok(TokenRecord {
        id: TokenId::parse(&id).ok_or_else(damaged)?,
        name: row.try_get(1)?,
        scope: decoded(Scope::ALL, scope_code, row.try_get(2)?).ok_or_else(damaged)?,
        hash: TokenHash(hash.try_into().map_err(|_| damaged())?),
        created_at: Timestamp::from_unix(row.try_get(4)?),
        revoked_at: time(row.try_get(5)?),
    })
}

pub(super) fn revision(number: i64) -> Option<Revision> {
    u32::try_from(number).ok().map(Revision::from_number)
}

pub(super) fn time(seconds: Option<i64>) -> Option<Timestamp> {
    seconds.map(Timestamp::from_unix)
}

pub(super) fn seconds(time: Option<Timestamp>) -> Option<i64> {
    time.map(Timestamp::as_unix)
}

/// That what is kept cannot be understood.
pub(super) fn damaged(what: &str) -> Trouble {
    let message = format!("{what} makes no sense: somebody else has changed it; restore a backup");
    Trouble::Store(StoreError::new(StoreErrorKind::Damaged, message))
}

// The numbers are in databases: none of them is ever changed or given to something else. They are
// repeated in the comments on the columns.

pub(super) const fn scheme_code(scheme: AuthScheme) -> i16 {
    match scheme {
        AuthScheme::Basic => 0,
        AuthScheme::Mac => 1,
        AuthScheme::AuthKey => 2,
        AuthScheme::HmacAuth => 3,
        AuthScheme::Moxie => 4,
        AuthScheme::Agent => 5,
    }
}

pub(super) const fn algorithm_code(algorithm: Algorithm) -> i16 {
    match algorithm {
        Algorithm::Sha1 => 1,
        Algorithm::Sha256 => 256,
    }
}

pub(super) const fn state_code(state: State) -> i16 {
    match state {
        State::Active => ACTIVE,
        State::Inactive => 1,
    }
}

/// The number of [`State::Active`], which statements count by.
pub(super) const ACTIVE: i16 = 0;

pub(super) const fn scope_code(scope: Scope) -> i16 {
    match scope {
        Scope::Verify => 0,
        Scope::Lookup => 1,
        Scope::Admin => 2,
    }
}

fn decoded<T: Copy, const N: usize>(all: [T; N], code_of: fn(T) -> i16, code: i16) -> Option<T> {
    all.into_iter().find(|it| code_of(*it) == code)
}
