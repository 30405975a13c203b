//! How much room is taken, in all and by each key.
//!
//! Invariant: the total is the sum of the counts of the keys (more, for the moment in which some are
//! given back), and neither ever passes its bound. Both are counted exactly, not estimated, as a
//! bound that can be passed can be attacked.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use countersign_core::ReplayError;
use crossbeam_utils::CachePadded;

use super::fingerprint::{AlreadyHashed, KeyTag};
use super::sharded::Sharded;
use super::sync::{AtomicUsize, Ordering};

/// Counts entries against the two bounds.
pub(super) struct Room {
    capacity: usize,
    per_key: usize,
    total: CachePadded<AtomicUsize>,
    keys: Sharded<HashMap<KeyTag, usize, AlreadyHashed>, SHARDS>,
}

impl Room {
    pub(super) fn new(capacity: usize, per_key: usize) -> Self {
        Self {
            capacity,
            per_key,
            total: CachePadded::new(AtomicUsize::new(0)),
            keys: Sharded::new(HashMap::default),
        }
    }

    /// Takes the room of one entry.
    ///
    /// Changes nothing when it refuses, not even for a moment: other claims would see it.
    pub(super) fn reserve(&self, key: KeyTag) -> Result<(), ReplayError> {
        let mut counts = self.keys.lock(key.selector());
        match counts.entry(key) {
            Entry::Vacant(count) => {
                self.reserve_total()?;
                count.insert(1);
            }
            Entry::Occupied(count) if *count.get() >= self.per_key => {
                return Err(if self.len() >= self.capacity {
                    ReplayError::Full
                } else {
                    ReplayError::KeyQuota
                });
            }
            Entry::Occupied(mut count) => {
                self.reserve_total()?;
                *count.get_mut() = count.get().saturating_add(1);
            }
        }
        Ok(())
    }

    /// Gives back what [`Room::reserve`] took, so many entries of each key.
    pub(super) fn release(&self, entries: impl IntoIterator<Item = (KeyTag, usize)>) {
        let mut released = 0_usize;
        for (key, entries) in entries {
            let mut counts = self.keys.lock(key.selector());
            let Entry::Occupied(mut count) = counts.entry(key) else {
                continue;
            };
            let before = *count.get();
            match before.saturating_sub(entries) {
                0 => {
                    count.remove();
                }
                rest => *count.get_mut() = rest,
            }
            released = released.saturating_add(entries.min(before));
        }
        self.total.fetch_sub(released, Ordering::AcqRel);
    }

    pub(super) fn len(&self) -> usize {
        self.total.load(Ordering::Acquire)
    }

    pub(super) fn capacity(&self) -> usize {
        self.capacity
    }

    fn reserve_total(&self) -> Result<(), ReplayError> {
        let one_more = |total: usize| total.checked_add(1).filter(|more| *more <= self.capacity);
        self.total
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, one_more)
            .map(drop)
            .map_err(|_| ReplayError::Full)
    }
}

/// Few keys are busy at once; this keeps even as many threads apart as a large machine has.
const SHARDS: usize = 64;

#[cfg(test)]
impl Room {
    pub(super) fn per_key(&self) -> usize {
        self.per_key
    }

    /// How many keys have a count.
    pub(super) fn keys(&self) -> usize {
        self.keys.each().map(|counts| counts.len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::super::fingerprint::Fingerprint;
    use super::*;

    fn key(number: u64) -> KeyTag {
        Fingerprint::numbered(number, 0).key_tag()
    }

    #[test]
    fn each_bound_is_reached_and_never_passed() {
        let room = Room::new(3, 2);
        assert!(room.reserve(key(1)).is_ok());
        assert!(room.reserve(key(1)).is_ok());
        assert!(matches!(room.reserve(key(1)), Err(ReplayError::KeyQuota)));
        assert!(room.reserve(key(2)).is_ok());
        assert!(matches!(room.reserve(key(2)), Err(ReplayError::Full)));
        assert!(matches!(room.reserve(key(1)), Err(ReplayError::Full)));
        assert_eq!((room.len(), room.keys()), (3, 2));
    }

    #[test]
    fn a_key_that_was_refused_leaves_no_count() {
        let room = Room::new(1, 1);
        room.reserve(key(1)).unwrap();
        assert!(room.reserve(key(2)).is_err());
        assert_eq!(room.keys(), 1);
    }

    #[test]
    fn what_was_never_taken_cannot_be_given_back() {
        let room = Room::new(2, 2);
        room.release([(key(1), 1)]);
        assert_eq!(room.len(), 0);
        room.reserve(key(1)).unwrap();
        room.reserve(key(2)).unwrap();
        room.release([(key(1), 2)]);
        assert_eq!((room.len(), room.keys()), (1, 1));
    }

    #[test]
    fn counts_return_to_zero_whatever_the_threads_do() {
        let room = Room::new(50, 20);
        thread::scope(|scope| {
            for thread in 0..8_u64 {
                let room = &room;
                scope.spawn(move || {
                    for round in 0..20_000 {
                        let key = key((thread + round) % 5);
                        if room.reserve(key).is_ok() {
                            assert!(room.len() <= 50);
                            room.release([(key, 1)]);
                        }
                    }
                });
            }
        });
        assert_eq!((room.len(), room.keys()), (0, 0));
    }
}
