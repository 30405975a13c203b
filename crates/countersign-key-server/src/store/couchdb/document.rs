//! How documents are written: which kinds there are, and what every one of them has.
//!
//! Each has a `type` and the version of its `format`, and an `_id` that begins with its kind, so
//! that no id of one kind is one of another.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::trouble::{damaged, incompatible};
use crate::store::StoreError;

/// The format of documents that this program writes, and the newest that it reads.
pub(super) const FORMAT: u64 = 1;

/// What a document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A credential.
    Credential,
    /// In the place of a credential that was taken back before anybody was told of it.
    Withdrawn,
    /// What was asked for with an idempotency key.
    Idempotency,
    /// All tokens.
    Tokens,
    /// The sealed keyring.
    Keyring,
    /// An entry of the agent API.
    Entry,
    /// What is written to see whether writing works.
    Probe,
}

impl Kind {
    const ALL: [Self; 7] = [
        Self::Credential,
        Self::Withdrawn,
        Self::Idempotency,
        Self::Tokens,
        Self::Keyring,
        Self::Entry,
        Self::Probe,
    ];

    /// Its `type`.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Credential => "credential",
            Self::Withdrawn => "withdrawn",
            Self::Idempotency => "idempotency",
            Self::Tokens => "tokens",
            Self::Keyring => "keyring",
            Self::Entry => "entry",
            Self::Probe => "probe",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// Where the document of the credential `id` is.
pub(super) fn place_of_credential(id: &str) -> String {
    format!("credential:{id}")
}

/// Where it is remembered what was asked for with an idempotency key.
pub(super) fn place_of_idempotency(key: &[u8]) -> String {
    format!("idempotency:{}", hexadecimal(key))
}

/// Where all tokens are.
pub(super) const PLACE_OF_TOKENS: &str = "tokens";

/// Where the keyring is.
pub(super) const PLACE_OF_KEYRING: &str = "keyring";

/// A document that is to be written.
pub(super) struct Draft {
    kind: Kind,
    members: Map<String, Value>,
}

impl Draft {
    /// # Errors
    /// When `members` is no JSON object, which cannot be.
    pub(super) fn new(kind: Kind, members: &impl Serialize) -> Result<Self, StoreError> {
        match serde_json::to_value(members) {
            Ok(Value::Object(members)) => Ok(Self { kind, members }),
            _ => Err(damaged("a document cannot be written as JSON")),
        }
    }

    /// A document that says nothing but what it is.
    pub(super) fn empty(kind: Kind) -> Self {
        Self {
            kind,
            members: Map::new(),
        }
    }

    /// What is sent, to take the place of the revision `rev`.
    pub(super) fn to_json(&self, id: &str, rev: Option<&str>) -> Value {
        let mut whole = self.members.clone();
        whole.insert("_id".to_owned(), id.into());
        if let Some(rev) = rev {
            whole.insert("_rev".to_owned(), rev.into());
        }
        whole.insert("type".to_owned(), self.kind.name().into());
        whole.insert("format".to_owned(), FORMAT.into());
        Value::Object(whole)
    }
}

/// A document that was read.
pub(super) struct Found {
    place: String,
    /// Its `_rev`.
    pub(super) rev: String,
    pub(super) kind: Kind,
    whole: Value,
}

impl Found {
    /// # Errors
    /// When it is not the document `id`, not one of ours, newer than this program, or two versions
    /// of it are in conflict.
    pub(super) fn parse(whole: Value, id: &str) -> Result<Self, StoreError> {
        let text = |name| whole.get(name).and_then(Value::as_str);
        let foreign = || damaged("a document in CouchDB is not as the key server writes it");
        if text("_id") != Some(id) {
            return Err(foreign());
        }
        let conflicts = whole.get("_conflicts").and_then(Value::as_array);
        if conflicts.is_some_and(|conflicts| !conflicts.is_empty()) {
            return Err(damaged(format!(
                "the document {} has conflicting versions, which a replication brought; remove \
                 all but the right one",
                id.escape_default()
            )));
        }
        let rev = text("_rev").ok_or_else(foreign)?.to_owned();
        let format = whole.get("format").and_then(Value::as_u64);
        let kind = text("type").and_then(Kind::from_name);
        match (format, kind) {
            (Some(FORMAT), Some(kind)) => Ok(Self {
                place: id.to_owned(),
                rev,
                kind,
                whole,
            }),
            (Some(format), _) if format > FORMAT => Err(incompatible(
                "a newer key server has written into this CouchDB database; use that version",
            )),
            _ => Err(foreign()),
        }
    }

    /// Its `_id`.
    pub(super) fn place(&self) -> &str {
        &self.place
    }

    /// Its members, if it is of this kind.
    ///
    /// # Errors
    /// When it is not, or its members are not what this kind has.
    pub(super) fn members<T: DeserializeOwned>(self, kind: Kind) -> Result<T, StoreError> {
        let foreign = || {
            let name = kind.name();
            damaged(format!(
                "a document of type {name} in CouchDB was changed or misplaced"
            ))
        };
        if self.kind != kind {
            return Err(foreign());
        }
        serde_json::from_value(self.whole).map_err(|_| foreign())
    }
}

/// Two digits for each byte.
pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::store::StoreErrorKind;

    fn error(whole: Value) -> StoreErrorKind {
        Found::parse(whole, "keyring").err().unwrap().kind()
    }

    #[test]
    fn what_is_written_is_read_back() {
        let new = Draft::new(Kind::Keyring, &json!({"sealed": "AAAA"})).unwrap();
        let sent = new.to_json("keyring", Some("1-a"));
        let found = Found::parse(sent, "keyring").unwrap();
        assert_eq!(found.rev, "1-a");
        let members: Value = found.members(Kind::Keyring).unwrap();
        assert_eq!(members["sealed"], "AAAA");
    }

    #[test]
    fn foreign_newer_and_conflicting_documents_are_refused() {
        let good = json!({"_id": "keyring", "_rev": "1-a", "type": "keyring", "format": 1});
        assert!(Found::parse(good.clone(), "keyring").is_ok());
        let with = |name: &str, value: Value| {
            let mut changed = good.clone();
            changed[name] = value;
            changed
        };
        assert_eq!(error(with("_id", "other".into())), StoreErrorKind::Damaged);
        assert_eq!(
            error(with("type", "creds_v1.0".into())),
            StoreErrorKind::Damaged
        );
        assert_eq!(error(with("format", 0.into())), StoreErrorKind::Damaged);
        assert_eq!(
            error(with("format", 2.into())),
            StoreErrorKind::Incompatible
        );
        assert_eq!(
            error(with("_conflicts", json!(["1-b"]))),
            StoreErrorKind::Damaged
        );
        assert_eq!(error(Value::Null), StoreErrorKind::Damaged);
    }
}
