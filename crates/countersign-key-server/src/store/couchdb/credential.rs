//! The document of a credential.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use countersign_core::{Algorithm, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::document::{Draft, Found, Kind, hexadecimal, place_of_credential};
use super::trouble::{damaged, nonsense, unavailable};
use crate::credential::{AuthScheme, CredentialId, Principal};
use crate::seal::Sealed;
use crate::store::{Life, Record, Revision, State, StoreError};

/// The members of a credential's document.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct CredentialDocument {
    pub(super) id: String,
    /// Random: tells this creation from every other one of the same id.
    pub(super) creation: String,
    /// Its place in listings; never changes.
    pub(super) order: u64,
    principal: String,
    /// What listings are keyed by: CouchDB holds some different texts for equal.
    principal_hash: String,
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
    /// The successors it was given in rotations: only ever added to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) successors: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_used_at: Option<i64>,
    sealed: String,
    revision: u32,
}

impl CredentialDocument {
    /// The document of a new record.
    ///
    /// # Errors
    /// When the operating system has no random numbers.
    pub(super) fn new(record: &Record, order: u64) -> Result<Self, StoreError> {
        let mut creation = [0; 16];
        getrandom::fill(&mut creation)
            .map_err(|error| unavailable("the system has no random numbers").because(error))?;
        let mut document = Self {
            id: record.id.as_str().to_owned(),
            creation: hexadecimal(&creation),
            order,
            principal: record.principal.as_str().to_owned(),
            principal_hash: hash_of(&record.principal),
            scheme: record.scheme.name().to_owned(),
            algorithm: record.algorithm.name().to_owned(),
            created_at: record.created_at.as_unix(),
            state: String::new(),
            deleted_at: None,
            expires_at: None,
            rotated_to: None,
            successors: Vec::new(),
            last_used_at: record.last_used_at.map(Timestamp::as_unix),
            sealed: String::new(),
            revision: record.revision.number(),
        };
        document.live(&record.life);
        document.seal(&record.sealed);
        Ok(document)
    }

    pub(super) fn place(&self) -> String {
        place_of_credential(&self.id)
    }

    pub(super) fn revision(&self) -> Revision {
        Revision::from_number(self.revision)
    }

    pub(super) fn is_deleted(&self) -> bool {
        self.deleted_at.is_some()
    }

    /// Makes `life` its life.
    pub(super) fn live(&mut self, life: &Life) {
        life.state.name().clone_into(&mut self.state);
        self.deleted_at = life.deleted_at.map(Timestamp::as_unix);
        self.expires_at = life.expires_at.map(Timestamp::as_unix);
        self.rotated_to = life.rotated_to.as_ref().map(|id| id.as_str().to_owned());
    }

    /// Makes `sealed` its secret.
    pub(super) fn seal(&mut self, sealed: &Sealed) {
        self.sealed = STANDARD_NO_PAD.encode(sealed.as_bytes());
    }

    /// Counts a change.
    pub(super) fn advance(&mut self) {
        self.revision = self.revision().next().number();
    }

    /// Notes a use. `false` when a later one is noted already.
    pub(super) fn touch(&mut self, time: Timestamp) -> bool {
        let earlier = self.last_used_at;
        self.last_used_at = earlier.max(Some(time.as_unix()));
        self.last_used_at != earlier
    }

    pub(super) fn to_draft(&self) -> Result<Draft, StoreError> {
        Draft::new(Kind::Credential, self)
    }

    /// # Errors
    /// When somebody else has changed it.
    pub(super) fn to_record(&self) -> Result<Record, StoreError> {
        self.record().ok_or_else(|| {
            damaged("a credential in CouchDB was changed by something else; restore it")
        })
    }

    fn record(&self) -> Option<Record> {
        let id = |text: &String| CredentialId::parse(text.as_str()).ok();
        let rotated_to = match &self.rotated_to {
            None => None,
            Some(text) => Some(id(text)?),
        };
        Some(Record {
            id: id(&self.id)?,
            principal: Principal::parse(self.principal.as_str()).ok()?,
            scheme: AuthScheme::from_name(&self.scheme)?,
            algorithm: Algorithm::from_name(&self.algorithm)?,
            created_at: Timestamp::from_unix(self.created_at),
            life: Life {
                state: State::from_name(&self.state)?,
                deleted_at: self.deleted_at.map(Timestamp::from_unix),
                expires_at: self.expires_at.map(Timestamp::from_unix),
                rotated_to,
            },
            last_used_at: self.last_used_at.map(Timestamp::from_unix),
            sealed: Sealed::from_bytes(STANDARD_NO_PAD.decode(&self.sealed).ok()?),
            revision: self.revision(),
        })
    }
}

/// A credential's document as it was read.
pub(super) struct Versioned {
    pub(super) rev: String,
    pub(super) document: CredentialDocument,
}

impl Versioned {
    /// # Errors
    /// When somebody else has changed it.
    pub(super) fn from_found(found: Found) -> Result<Self, StoreError> {
        let (rev, place) = (found.rev.clone(), found.place().to_owned());
        let document: CredentialDocument = found.members(Kind::Credential)?;
        if document.place() == place {
            Ok(Self { rev, document })
        } else {
            Err(damaged("a credential in CouchDB is not in its place"))
        }
    }

    /// The credential in a row of a view, if there still is one.
    ///
    /// # Errors
    /// When the row is none, or somebody else has changed the document.
    pub(super) fn from_row(mut row: Value) -> Result<Option<Self>, StoreError> {
        let Some(document @ Value::Object(_)) = row.get_mut("doc").map(Value::take) else {
            return Ok(None);
        };
        let place = row.get("id").and_then(Value::as_str).ok_or_else(nonsense)?;
        let found = Found::parse(document, place)?;
        if found.kind == Kind::Withdrawn {
            return Ok(None);
        }
        Self::from_found(found).map(Some)
    }
}

/// What the listings of a principal are keyed by.
pub(super) fn hash_of(principal: &Principal) -> String {
    hexadecimal(&Sha256::digest(principal.as_str().as_bytes()))
}
