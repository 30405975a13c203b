//! What is changed about a credential.

use countersign_core::Timestamp;
use serde_json::{Map, Value, json};

use crate::credential::{ETag, State};
use crate::wire;

/// A change of a credential; what is not set stays as it is.
///
/// ```
/// use countersign_client::{Change, State};
///
/// let change = Change::new().state(State::Inactive);
/// # let _ = change;
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Change {
    state: Option<State>,
    end: Option<End>,
    expected: Option<ETag>,
}

#[derive(Clone, Copy, Debug)]
enum End {
    At(Timestamp),
    Never,
}

impl Change {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether its holder may use it.
    pub fn state(mut self, state: State) -> Self {
        self.state = Some(state);
        self
    }

    /// The last second in which it may be used.
    pub fn expires_at(mut self, time: Timestamp) -> Self {
        self.end = Some(End::At(time));
        self
    }

    /// It may be used until further notice.
    pub fn never_expires(mut self) -> Self {
        self.end = Some(End::Never);
        self
    }

    /// Only if it is still the version that had this `ETag`.
    pub fn if_match(mut self, etag: &ETag) -> Self {
        self.expected = Some(etag.clone());
        self
    }

    pub(super) fn expected(&self) -> Option<&ETag> {
        self.expected.as_ref()
    }

    /// `None` for a time that has no date of four digits.
    pub(super) fn body(&self) -> Option<Value> {
        let mut members = Map::new();
        if let Some(state) = self.state {
            members.insert("state".to_owned(), json!(state.name()));
        }
        match self.end {
            Some(End::At(time)) => {
                members.insert("expires_at".to_owned(), json!(wire::rfc_3339(time)?));
            }
            Some(End::Never) => {
                members.insert("expires_at".to_owned(), Value::Null);
            }
            None => {}
        }
        Some(Value::Object(members))
    }
}
