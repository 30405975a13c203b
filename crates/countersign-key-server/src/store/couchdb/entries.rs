//! The entries of the agent API, each a document of its own.
//!
//! A document is made by a write without a `_rev`, which CouchDB takes once: whoever comes second
//! is told of a conflict. An entry is never made anew once it was removed, because only those are
//! removed whose time is over.
//!
//! Owner and name stand in the `_id` in hexadecimal digits, so that it has one spelling, and every
//! id that CouchDB holds for another one is another one.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use countersign_core::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::database::{Documents, Range, Write};
use super::design::View;
use super::document::{Draft, Found, Kind, hexadecimal};
use super::inner::Inner;
use super::trouble::{damaged, nonsense};
use crate::seal::Sealed;
use crate::store::{Entry, EntryId, EntryKind, StoreError};

/// What the `_id` of an entry begins with.
const PREFIX: &str = "entry:";

/// Follows every `_id` that begins with [`PREFIX`]: the next character after the colon.
const AFTER_ALL: &str = "entry;";

/// The most rows that are asked for at a time: an entry has a few KiB.
const MOST_ROWS: usize = 200;

#[derive(Serialize, Deserialize)]
struct EntryDocument {
    kind: String,
    owner: String,
    name: String,
    sealed: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    forget_after: Option<i64>,
}

impl EntryDocument {
    fn new(entry: &Entry) -> Self {
        Self {
            kind: entry.id.kind.name().to_owned(),
            owner: entry.id.owner.clone(),
            name: entry.id.name.clone(),
            sealed: STANDARD_NO_PAD.encode(entry.sealed.as_bytes()),
            forget_after: entry.forget_after.map(Timestamp::as_unix),
        }
    }

    /// # Errors
    /// When it is not the entry that `place` says it is.
    fn into_entry(self, place: &str) -> Result<Entry, StoreError> {
        let changed = || damaged("an entry in CouchDB was changed by something else; restore it");
        let kind = EntryKind::from_name(&self.kind).ok_or_else(changed)?;
        let id = EntryId::new(kind, self.owner, self.name);
        let sealed = STANDARD_NO_PAD
            .decode(&self.sealed)
            .map_err(|_| changed())?;
        if place_of(&id) != place {
            return Err(changed());
        }
        Ok(Entry {
            id,
            sealed: Sealed::from_bytes(sealed),
            forget_after: self.forget_after.map(Timestamp::from_unix),
        })
    }
}

fn place_of(id: &EntryId) -> String {
    let (kind, owner) = (id.kind.name(), hexadecimal(id.owner.as_bytes()));
    let name = hexadecimal(id.name.as_bytes());
    format!("{PREFIX}{kind}:{owner}:{name}")
}

fn entry_of(found: Found) -> Result<Entry, StoreError> {
    let place = found.place().to_owned();
    let document: EntryDocument = found.members(Kind::Entry)?;
    document.into_entry(&place)
}

impl Inner {
    pub(super) async fn add_entry(&self, entry: &Entry) -> Result<bool, StoreError> {
        let document = Draft::new(Kind::Entry, &EntryDocument::new(entry))?;
        let place = place_of(&entry.id);
        let write = self.database.write(&place, None, &document).await?;
        Ok(matches!(write, Write::Written(_)))
    }

    pub(super) async fn entry(&self, id: &EntryId) -> Result<Option<Sealed>, StoreError> {
        let found = self.database.read(&place_of(id)).await?;
        let entry = found.map(entry_of).transpose()?;
        Ok(entry.map(|entry| entry.sealed))
    }

    pub(super) async fn replace_entry(
        &self,
        id: &EntryId,
        expected: &Sealed,
        sealed: Sealed,
    ) -> Result<bool, StoreError> {
        let place = place_of(id);
        let Some(found) = self.database.read(&place).await? else {
            return Ok(false);
        };
        let rev = found.rev.clone();
        let mut entry = entry_of(found)?;
        if entry.sealed != *expected {
            return Ok(false);
        }
        entry.sealed = sealed;
        let document = Draft::new(Kind::Entry, &EntryDocument::new(&entry))?;
        let write = self.database.write(&place, Some(&rev), &document).await?;
        Ok(matches!(write, Write::Written(_)))
    }

    pub(super) async fn entries(
        &self,
        after: Option<&EntryId>,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        let mut entries = Vec::new();
        let mut last = after.map(place_of);
        while entries.len() < limit {
            // One more: the range begins with where the last one ended.
            let missing = limit.saturating_sub(entries.len());
            let asked = missing.saturating_add(1).min(MOST_ROWS);
            let range = Range {
                start: Some(last.as_deref().unwrap_or(PREFIX).into()),
                end: Some(AFTER_ALL.into()),
                limit: asked,
                documents: Documents::Included,
            };
            let rows = self.database.rows("_all_docs", &range).await?;
            let is_last = rows.len() < asked;
            for mut row in rows {
                let place = row.get("id").and_then(Value::as_str).ok_or_else(nonsense)?;
                let place = place.to_owned();
                if last.as_ref() == Some(&place) {
                    continue;
                }
                let document = row.get_mut("doc").map(Value::take).ok_or_else(nonsense)?;
                // One that was removed after it was listed has none.
                if !document.is_null() {
                    entries.push(entry_of(Found::parse(document, &place)?)?);
                }
                last = Some(place);
            }
            if is_last {
                break;
            }
        }
        entries.truncate(limit);
        Ok(entries)
    }

    pub(super) async fn forget_entries(&self, now: Timestamp) -> Result<u64, StoreError> {
        let mut removed = 0_u64;
        loop {
            let range = Range {
                end: Some(json!(now.as_unix().saturating_sub(1))),
                limit: MOST_ROWS,
                ..Range::default()
            };
            let rows = self.database.rows(&View::Passing.path(), &range).await?;
            let is_last = rows.len() < MOST_ROWS;
            for row in rows {
                let text = |name| row.get(name).and_then(Value::as_str).ok_or_else(nonsense);
                // In a conflict another server has just removed it.
                if let Write::Written(_) = self.database.remove(text("id")?, text("value")?).await?
                {
                    removed = removed.saturating_add(1);
                }
            }
            if is_last {
                return Ok(removed);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn different_entries_have_different_places_within_the_range() {
        let place =
            |owner: &str, name: &str| place_of(&EntryId::new(EntryKind::AgentKey, owner, name));
        assert_ne!(place("a", "b:c"), place("a:b", "c"));
        assert_ne!(place("ab", ""), place("a", "b"));
        assert_eq!(place("å/", "%"), "entry:agent-key:c3a52f:25");
        for place in [place("", ""), place("\u{10ffff}", "~")] {
            assert!(
                PREFIX < place.as_str() && place.as_str() < AFTER_ALL,
                "{place}"
            );
        }
    }

    #[test]
    fn an_entry_in_another_ones_place_is_damaged() {
        let id = |owner| EntryId::new(EntryKind::Account, owner, "");
        let entry = Entry {
            id: id("dave"),
            sealed: Sealed::from_bytes([1, 2, 3]),
            forget_after: None,
        };
        let document = || EntryDocument::new(&entry);
        let here = document().into_entry(&place_of(&id("dave")));
        assert_eq!(here.unwrap(), entry);
        assert!(document().into_entry(&place_of(&id("eve"))).is_err());
    }
}
