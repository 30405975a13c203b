//! A store that forgets everything when it is dropped, for tests and trials.

use std::collections::{BTreeMap, HashMap, btree_map};
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use countersign_core::Timestamp;

use super::{
    Change, Creation, CredentialStore, Entry, EntryId, Idempotency, Life, Listing, NewRecord, Page,
    Position, Record, Revision, Rotation, StoreError, StoreErrorKind, TokenId, TokenRecord, Update,
    Which,
};
use crate::credential::CredentialId;
use crate::seal::Sealed;

/// Keeps credentials in memory. It is the model that the other stores are compared with: every
/// call holds one lock from its beginning to its end.
#[derive(Debug, Default)]
pub struct MemoryStore(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    /// By the order of creation.
    records: BTreeMap<u64, Record>,
    by_id: HashMap<CredentialId, u64>,
    created: u64,
    retries: HashMap<[u8; 32], (Idempotency, CredentialId)>,
    keyring: Option<(Vec<u8>, Revision)>,
    tokens: Vec<TokenRecord>,
    entries: BTreeMap<EntryId, Entry>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn record(&mut self, id: &CredentialId) -> Option<&mut Record> {
        self.records.get_mut(self.by_id.get(id)?)
    }

    /// Why `new` cannot be created, if it cannot; `replaced` is not counted.
    fn obstacle(&mut self, new: &NewRecord, replaced: Option<&CredentialId>) -> Option<Creation> {
        let now = new.record.created_at;
        self.retries.retain(|_, (earlier, _)| earlier.until >= now);
        if let Some(retry) = &new.idempotency
            && let Some((earlier, id)) = self.retries.get(&retry.key)
        {
            return Some(Creation::Repeated {
                id: id.clone(),
                fingerprint: earlier.fingerprint,
            });
        }
        if self.by_id.contains_key(&new.record.id) {
            return Some(Creation::IdTaken);
        }
        let most = usize::try_from(new.max_active?).ok()?;
        let others = self.records.values().filter(|other| {
            other.principal == new.record.principal
                && other.life.is_active(now)
                && Some(&other.id) != replaced
        });
        (others.count() >= most).then_some(Creation::LimitReached)
    }

    fn insert(&mut self, new: NewRecord) {
        let id = new.record.id.clone();
        self.created = self.created.saturating_add(1);
        self.by_id.insert(id.clone(), self.created);
        self.records.insert(self.created, new.record);
        if let Some(retry) = new.idempotency {
            self.retries.insert(retry.key, (retry, id));
        }
    }
}

#[async_trait]
impl CredentialStore for MemoryStore {
    fn kind(&self) -> &'static str {
        "memory"
    }

    async fn create(&self, new: NewRecord) -> Result<Creation, StoreError> {
        let mut kept = self.kept();
        if let Some(obstacle) = kept.obstacle(&new, None) {
            return Ok(obstacle);
        }
        kept.insert(new);
        Ok(Creation::Created)
    }

    async fn get(&self, id: &CredentialId) -> Result<Option<Record>, StoreError> {
        Ok(self.kept().record(id).cloned())
    }

    async fn list(&self, listing: &Listing) -> Result<Page, StoreError> {
        let after = match &listing.after {
            None => 0,
            Some(position) => position.as_str().parse().map_err(|_| {
                StoreError::new(StoreErrorKind::InvalidPosition, "the position is no number")
            })?,
        };
        let kept = self.kept();
        let mut found = kept
            .records
            .iter()
            .filter(|(order, record)| {
                **order > after
                    && listing
                        .principal
                        .as_ref()
                        .is_none_or(|it| *it == record.principal)
                    && (listing.which == Which::WithDeleted || record.life.deleted_at.is_none())
            })
            .take(listing.limit.saturating_add(1))
            .peekable();
        let mut page = Page::default();
        while let Some((order, record)) = found.next() {
            page.records.push(record.clone());
            if page.records.len() == listing.limit {
                page.next = found.peek().map(|_| Position::new(order.to_string()));
                break;
            }
        }
        Ok(page)
    }

    async fn update(
        &self,
        id: &CredentialId,
        expected: Revision,
        change: Change,
    ) -> Result<Update, StoreError> {
        let mut kept = self.kept();
        let Some(record) = kept.record(id) else {
            return Ok(Update::Unknown);
        };
        if record.revision != expected {
            return Ok(Update::Stale);
        }
        match change {
            Change::Life(life) => record.life = life,
            Change::Sealed(sealed) => record.sealed = sealed,
        }
        record.revision = expected.next();
        Ok(Update::Updated(record.clone()))
    }

    async fn rotate(
        &self,
        id: &CredentialId,
        expected: Revision,
        life: Life,
        successor: NewRecord,
    ) -> Result<Rotation, StoreError> {
        let mut kept = self.kept();
        // A retry is recognised before the revision, which the first attempt has changed.
        let obstacle = kept.obstacle(&successor, Some(id));
        if let Some(repeated @ Creation::Repeated { .. }) = obstacle {
            return Ok(Rotation::NotCreated(repeated));
        }
        let Some(record) = kept.record(id) else {
            return Ok(Rotation::Unknown);
        };
        if record.revision != expected {
            return Ok(Rotation::Stale);
        }
        if let Some(obstacle) = obstacle {
            return Ok(Rotation::NotCreated(obstacle));
        }
        record.life = life;
        record.revision = expected.next();
        kept.insert(successor);
        Ok(Rotation::Rotated)
    }

    async fn touch(&self, used: &[(CredentialId, Timestamp)]) -> Result<(), StoreError> {
        let mut kept = self.kept();
        for (id, time) in used {
            if let Some(record) = kept.record(id) {
                record.last_used_at = record.last_used_at.max(Some(*time));
            }
        }
        Ok(())
    }

    async fn keyring(&self) -> Result<Option<(Vec<u8>, Revision)>, StoreError> {
        Ok(self.kept().keyring.clone())
    }

    async fn put_keyring(
        &self,
        sealed: &[u8],
        expected: Option<Revision>,
    ) -> Result<bool, StoreError> {
        let mut kept = self.kept();
        let found = kept.keyring.as_ref().map(|(_, revision)| *revision);
        if found != expected {
            return Ok(false);
        }
        let revision = expected.map_or(Revision::FIRST, Revision::next);
        kept.keyring = Some((sealed.to_vec(), revision));
        Ok(true)
    }

    async fn add_token(&self, token: TokenRecord) -> Result<bool, StoreError> {
        let mut kept = self.kept();
        let same = |other: &TokenRecord| other.id == token.id || other.hash == token.hash;
        if kept.tokens.iter().any(same) {
            return Ok(false);
        }
        kept.tokens.push(token);
        Ok(true)
    }

    async fn tokens(&self) -> Result<Vec<TokenRecord>, StoreError> {
        Ok(self.kept().tokens.clone())
    }

    async fn revoke_token(&self, id: &TokenId, now: Timestamp) -> Result<bool, StoreError> {
        let mut kept = self.kept();
        let token = kept.tokens.iter_mut().find(|token| token.id == *id);
        let found = token.is_some();
        if let Some(token) = token {
            token.revoked_at.get_or_insert(now);
        }
        Ok(found)
    }

    async fn add_entry(&self, entry: Entry) -> Result<bool, StoreError> {
        match self.kept().entries.entry(entry.id.clone()) {
            btree_map::Entry::Occupied(_) => Ok(false),
            btree_map::Entry::Vacant(place) => {
                place.insert(entry);
                Ok(true)
            }
        }
    }

    async fn entry(&self, id: &EntryId) -> Result<Option<Sealed>, StoreError> {
        Ok(self.kept().entries.get(id).map(|it| it.sealed.clone()))
    }

    async fn replace_entry(
        &self,
        id: &EntryId,
        expected: &Sealed,
        sealed: Sealed,
    ) -> Result<bool, StoreError> {
        let mut kept = self.kept();
        let found = kept.entries.get_mut(id);
        let Some(entry) = found.filter(|entry| entry.sealed == *expected) else {
            return Ok(false);
        };
        entry.sealed = sealed;
        Ok(true)
    }

    async fn entries(
        &self,
        after: Option<&EntryId>,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        let kept = self.kept();
        let range = kept.entries.range((start, Bound::Unbounded));
        Ok(range.take(limit).map(|(_, entry)| entry.clone()).collect())
    }

    async fn forget_entries(&self, now: Timestamp) -> Result<u64, StoreError> {
        let mut kept = self.kept();
        let before = kept.entries.len();
        kept.entries
            .retain(|_, entry| entry.forget_after.is_none_or(|last| now <= last));
        let removed = before.saturating_sub(kept.entries.len());
        Ok(u64::try_from(removed).unwrap_or(u64::MAX))
    }

    async fn ready(&self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn close(&self) {}
}
