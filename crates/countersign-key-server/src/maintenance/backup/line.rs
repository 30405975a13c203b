//! The lines of a backup.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_core::{Algorithm, Timestamp};
use serde::{Deserialize, Serialize};

use crate::credential::{AuthScheme, CredentialId, Principal};
use crate::seal::Sealed;
use crate::store::{
    Entry, EntryId, EntryKind, Life, Record, Revision, Scope, State, TokenHash, TokenId,
    TokenRecord,
};

/// The format that is written. Version 2 added entries; version 1 is read too.
pub(super) const VERSION: u32 = 2;

/// One line.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Line {
    CountersignBackup(Header),
    Record(RecordLine),
    Token(TokenLine),
    Entry(EntryLine),
    End(End),
}

#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Header {
    pub(super) version: u32,
    /// Whole seconds since 1970.
    pub(super) made_at: i64,
    /// The kind of store it was made of.
    pub(super) store: String,
    /// The sealed keyring, in base64.
    pub(super) keyring: String,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RecordLine {
    id: String,
    principal: String,
    scheme: String,
    algorithm: String,
    created_at: i64,
    state: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    deleted_at: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_at: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rotated_to: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_used_at: Option<i64>,
    sealed: String,
    revision: u32,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TokenLine {
    id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    scope: String,
    sha256: String,
    created_at: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    revoked_at: Option<i64>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EntryLine {
    kind: String,
    owner: String,
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    forget_after: Option<i64>,
    sealed: String,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct End {
    pub(super) records: u64,
    pub(super) tokens: u64,
    #[serde(default)]
    pub(super) entries: u64,
    /// Of all bytes before this line, in hexadecimal.
    pub(super) sha256: String,
}

pub(super) fn encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

impl From<&Record> for RecordLine {
    fn from(record: &Record) -> Self {
        Self {
            id: record.id.as_str().to_owned(),
            principal: record.principal.as_str().to_owned(),
            scheme: record.scheme.name().to_owned(),
            algorithm: record.algorithm.name().to_owned(),
            created_at: record.created_at.as_unix(),
            state: record.life.state.name().to_owned(),
            deleted_at: record.life.deleted_at.map(Timestamp::as_unix),
            expires_at: record.life.expires_at.map(Timestamp::as_unix),
            rotated_to: record.life.rotated_to.as_ref().map(ToString::to_string),
            last_used_at: record.last_used_at.map(Timestamp::as_unix),
            sealed: encode(record.sealed.as_bytes()),
            revision: record.revision.number(),
        }
    }
}

impl RecordLine {
    /// The record, or the name of the member that is not one.
    pub(super) fn parse(self) -> Result<Record, &'static str> {
        Ok(Record {
            id: CredentialId::parse(self.id).map_err(|_| "id")?,
            principal: Principal::parse(self.principal).map_err(|_| "principal")?,
            scheme: AuthScheme::from_name(&self.scheme).ok_or("scheme")?,
            algorithm: Algorithm::from_name(&self.algorithm).ok_or("algorithm")?,
            created_at: Timestamp::from_unix(self.created_at),
            life: Life {
                state: State::from_name(&self.state).ok_or("state")?,
                deleted_at: self.deleted_at.map(Timestamp::from_unix),
                expires_at: self.expires_at.map(Timestamp::from_unix),
                rotated_to: match self.rotated_to {
                    Some(id) => Some(CredentialId::parse(id).map_err(|_| "rotated_to")?),
                    None => None,
                },
            },
            last_used_at: self.last_used_at.map(Timestamp::from_unix),
            sealed: Sealed::from_bytes(decode(&self.sealed).ok_or("sealed")?),
            revision: Revision::from_number(self.revision),
        })
    }
}

impl From<&TokenRecord> for TokenLine {
    fn from(token: &TokenRecord) -> Self {
        Self {
            id: token.id.as_str().to_owned(),
            name: token.name.clone(),
            scope: token.scope.name().to_owned(),
            sha256: encode(&token.hash.0),
            created_at: token.created_at.as_unix(),
            revoked_at: token.revoked_at.map(Timestamp::as_unix),
        }
    }
}

impl TokenLine {
    /// The token, or the name of the member that is not one.
    pub(super) fn parse(self) -> Result<TokenRecord, &'static str> {
        let hash = decode(&self.sha256).and_then(|it| <[u8; 32]>::try_from(it).ok());
        Ok(TokenRecord {
            id: TokenId::parse(&self.id).ok_or("id")?,
            name: self.name,
            scope: Scope::from_name(&self.scope).ok_or("scope")?,
            hash: TokenHash(hash.ok_or("sha256")?),
            created_at: Timestamp::from_unix(self.created_at),
            revoked_at: self.revoked_at.map(Timestamp::from_unix),
        })
    }
}

impl From<&Entry> for EntryLine {
    fn from(entry: &Entry) -> Self {
        Self {
            kind: entry.id.kind.name().to_owned(),
            owner: entry.id.owner.clone(),
            name: entry.id.name.clone(),
            forget_after: entry.forget_after.map(Timestamp::as_unix),
            sealed: encode(entry.sealed.as_bytes()),
        }
    }
}

impl EntryLine {
    /// The entry, or the name of the member that is not one.
    pub(super) fn parse(self) -> Result<Entry, &'static str> {
        let kind = EntryKind::from_name(&self.kind).ok_or("kind")?;
        Ok(Entry {
            id: EntryId::new(kind, self.owner, self.name),
            sealed: Sealed::from_bytes(decode(&self.sealed).ok_or("sealed")?),
            forget_after: self.forget_after.map(Timestamp::from_unix),
        })
    }
}
