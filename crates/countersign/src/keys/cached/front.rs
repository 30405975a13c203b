//! The ids with keys as they are read. Reading moka costs five times as much, as it keeps account
//! of every read (some 600 ns against 110 at 100,000 ids): it decides what stays, and is told of
//! one read in some sixty.
//!
//! Invariant: what is here is in moka as well, or on its way there or out of here: it is put here
//! before it goes to moka, and taken off when moka lets go of it. So moka's bound holds for both.

use std::hash::BuildHasher as _;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use countersign_core::KeySet;
use foldhash::fast::RandomState;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use tokio::time::Instant;

use super::answers::Dated;

/// Found by the id that each set holds itself, as in a table of keys in memory. Only ids that have
/// keys are here, so that nobody outside can choose what collides.
type Entries<P> = HashTable<Dated<KeySet<P>>>;

/// What is remembered of ids that have keys, split into parts that are locked apart.
pub(super) struct Front<P> {
    hashing: RandomState,
    parts: [RwLock<Entries<P>>; PARTS],
}

impl<P> Front<P> {
    pub(super) fn new() -> Self {
        Self {
            hashing: RandomState::default(),
            parts: std::array::from_fn(|_| RwLock::default()),
        }
    }

    pub(super) fn find(&self, id: &str) -> Option<Dated<KeySet<P>>> {
        let hash = self.hash(id.as_bytes());
        self.read(hash)?.find(hash, |held| is_of(held, id)).cloned()
    }

    /// Puts what was answered for `id` here, unless it is another id's keys: no request can use
    /// them, and they would not be found again.
    pub(super) fn put(&self, id: &str, dated: Dated<KeySet<P>>) {
        if !is_of(&dated, id) {
            return self.remove(id);
        }
        let hash = self.hash(id.as_bytes());
        let Some(mut part) = self.write(hash) else {
            return;
        };
        let rehash = |held: &Dated<KeySet<P>>| self.hash(held.value.id_bytes());
        match part.entry(hash, |held| is_of(held, id), rehash) {
            Entry::Occupied(mut held) => *held.get_mut() = dated,
            Entry::Vacant(place) => {
                place.insert(dated);
            }
        }
    }

    pub(super) fn remove(&self, id: &str) {
        self.remove_if(id, |_| true);
    }

    /// Removes what was answered for `id` at `asked_at`, and leaves a later answer.
    pub(super) fn remove_answer_of(&self, id: &str, asked_at: Instant) {
        self.remove_if(id, |held| held.asked_at == asked_at);
    }

    pub(super) fn clear(&self) {
        for part in &self.parts {
            part.write().unwrap_or_else(PoisonError::into_inner).clear();
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        let parts = self.parts.iter();
        parts
            .map(|part| part.read().unwrap_or_else(PoisonError::into_inner).len())
            .sum()
    }

    fn remove_if(&self, id: &str, goes: impl Fn(&Dated<KeySet<P>>) -> bool) {
        let hash = self.hash(id.as_bytes());
        if let Some(mut part) = self.write(hash)
            && let Ok(held) = part.find_entry(hash, |held| is_of(held, id) && goes(held))
        {
            held.remove();
        }
    }

    fn hash(&self, id: &[u8]) -> u64 {
        self.hashing.hash_one(id)
    }

    fn read(&self, hash: u64) -> Option<RwLockReadGuard<'_, Entries<P>>> {
        let part = self.parts.get(part_of(hash))?.read();
        Some(part.unwrap_or_else(PoisonError::into_inner))
    }

    fn write(&self, hash: u64) -> Option<RwLockWriteGuard<'_, Entries<P>>> {
        let part = self.parts.get(part_of(hash))?.write();
        Some(part.unwrap_or_else(PoisonError::into_inner))
    }
}

fn is_of<P>(held: &Dated<KeySet<P>>, id: &str) -> bool {
    held.value.id_bytes() == id.as_bytes()
}

/// By bits that a table does not look at: it takes the lowest for places and the highest seven to
/// compare.
fn part_of(hash: u64) -> usize {
    usize::from((hash >> 40).to_le_bytes()[0]) % PARTS
}

/// Reads of one id at one time are seldom more than a machine has processors.
const PARTS: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::testing::key;

    fn dated(id: &str, asked_at: Instant) -> Dated<KeySet<String>> {
        Dated {
            value: KeySet::from(key(id, "a secret of enough bytes")),
            asked_at,
            epoch: 0,
        }
    }

    #[test]
    fn an_answer_that_left_late_takes_no_later_one_with_it() {
        let front = Front::new();
        let first = Instant::now();
        let second = first + std::time::Duration::from_secs(1);
        front.put("a", dated("a", first));
        front.put("a", dated("a", second));
        front.remove_answer_of("a", first);
        assert_eq!(front.find("a").unwrap().asked_at, second);
        front.remove_answer_of("a", second);
        assert!(front.find("a").is_none());
    }

    #[test]
    fn keys_of_another_id_are_not_here_and_take_the_place_of_none() {
        let front = Front::new();
        front.put("a", dated("a", Instant::now()));
        front.put("b", dated("b", Instant::now()));
        front.put("a", dated("b", Instant::now()));
        assert!(front.find("a").is_none());
        assert!(front.find("b").is_some());
        assert_eq!(front.len(), 1);
    }

    #[test]
    fn cleared_it_holds_nothing() {
        let front = Front::new();
        for number in 0..1000 {
            let id = number.to_string();
            front.put(&id, dated(&id, Instant::now()));
        }
        assert_eq!(front.len(), 1000);
        let parts = front.parts.iter().map(|part| part.read().unwrap().len());
        assert!(parts.max() < Some(1000 / 10));
        front.clear();
        assert_eq!(front.len(), 0);
    }
}
