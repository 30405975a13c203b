//! The ids with keys as they are read. Reading moka costs five times as much, as it keeps account
//! of every read (some 600 ns against 110 at 100,000 ids): it decides what stays, and is told of
//! one read in some sixty.
//!
//! Invariant: what is here is in moka as well, or on its way there or out of here: it is put here
//! before it goes to moka, and taken off when moka lets go of it. So moka's bound holds for both.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use countersign_core::KeySet;
use tokio::time::Instant;

use super::answers::Dated;

type Entries<P> = HashMap<Arc<str>, Dated<KeySet<P>>>;

/// What is remembered of ids that have keys, split into parts that are locked apart.
pub(super) struct Front<P>([RwLock<Entries<P>>; PARTS]);

impl<P> Front<P> {
    pub(super) fn new() -> Self {
        Self(std::array::from_fn(|_| RwLock::default()))
    }

    pub(super) fn find(&self, id: &str) -> Option<Dated<KeySet<P>>> {
        self.read(id)?.get(id).cloned()
    }

    pub(super) fn put(&self, id: Arc<str>, dated: Dated<KeySet<P>>) {
        if let Some(mut part) = self.write(&id) {
            part.insert(id, dated);
        }
    }

    pub(super) fn remove(&self, id: &str) {
        if let Some(mut part) = self.write(id) {
            part.remove(id);
        }
    }

    /// Removes what was answered for `id` at `asked_at`, and leaves a later answer.
    pub(super) fn remove_answer_of(&self, id: &str, asked_at: Instant) {
        if let Some(mut part) = self.write(id)
            && part.get(id).is_some_and(|held| held.asked_at == asked_at)
        {
            part.remove(id);
        }
    }

    pub(super) fn clear(&self) {
        for part in &self.0 {
            part.write().unwrap_or_else(PoisonError::into_inner).clear();
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        let parts = self.0.iter();
        parts
            .map(|part| part.read().unwrap_or_else(PoisonError::into_inner).len())
            .sum()
    }

    fn read(&self, id: &str) -> Option<RwLockReadGuard<'_, Entries<P>>> {
        let part = self.0.get(part_of(id))?.read();
        Some(part.unwrap_or_else(PoisonError::into_inner))
    }

    fn write(&self, id: &str) -> Option<RwLockWriteGuard<'_, Entries<P>>> {
        let part = self.0.get(part_of(id))?.write();
        Some(part.unwrap_or_else(PoisonError::into_inner))
    }
}

/// Only ids that have keys are here, so that nobody outside can crowd one part.
fn part_of(id: &str) -> usize {
    let mixed = id
        .bytes()
        .fold(0_u8, |mixed, byte| mixed.rotate_left(3) ^ byte);
    usize::from(mixed) % PARTS
}

/// Reads of one id at one time are seldom more than a machine has processors.
const PARTS: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::testing::key;

    fn dated(asked_at: Instant) -> Dated<KeySet<String>> {
        Dated {
            value: KeySet::from(key("a", "a secret of enough bytes")),
            asked_at,
            epoch: 0,
        }
    }

    #[test]
    fn an_answer_that_left_late_takes_no_later_one_with_it() {
        let front = Front::new();
        let first = Instant::now();
        let second = first + std::time::Duration::from_secs(1);
        front.put("a".into(), dated(first));
        front.put("a".into(), dated(second));
        front.remove_answer_of("a", first);
        assert_eq!(front.find("a").unwrap().asked_at, second);
        front.remove_answer_of("a", second);
        assert!(front.find("a").is_none());
    }

    #[test]
    fn ids_that_differ_in_their_last_letter_are_in_different_parts() {
        assert_ne!(part_of("key-1"), part_of("key-2"));
    }

    #[test]
    fn cleared_it_holds_nothing() {
        let front = Front::new();
        for number in 0..1000 {
            front.put(number.to_string().into(), dated(Instant::now()));
        }
        assert_eq!(front.len(), 1000);
        front.clear();
        assert_eq!(front.len(), 0);
    }
}
