//! What has been dropped and has yet to give back its room.
//!
//! A second may hold a million entries, and no single request shall pay for counting them down.
//! So they are taken out of reach at once, and given back a few with each claim.

use std::collections::{VecDeque, hash_set};

use super::fingerprint::{Fingerprint, KeyTag};
use super::room::Room;
use super::sharded::lock;
use super::slice::Fingerprints;
use super::sync::{AtomicBool, Mutex, Ordering};

/// The sets of closed seconds.
#[derive(Default)]
pub(super) struct Retired {
    /// Whether there are any, so that a claim need not lock to find none.
    pending: AtomicBool,
    sets: Mutex<VecDeque<hash_set::IntoIter<Fingerprint>>>,
}

impl Retired {
    /// Takes what closed seconds held.
    pub(super) fn take(&self, closed: Vec<Fingerprints>) {
        if closed.is_empty() {
            return;
        }
        let mut sets = lock(&self.sets);
        sets.extend(closed.into_iter().map(Fingerprints::into_iter));
        self.pending.store(true, Ordering::Release);
    }

    /// Gives back a few entries, if there are any and no other thread is at it.
    pub(super) fn give_back_some(&self, room: &Room) {
        if self.pending.load(Ordering::Acquire)
            && let Ok(mut sets) = self.sets.try_lock()
        {
            self.drain(&mut sets, PER_CLAIM, room);
        }
    }

    /// Gives back many entries and returns how many; zero when there are none left.
    pub(super) fn give_back(&self, room: &Room) -> usize {
        self.drain(&mut lock(&self.sets), AT_ONCE, room)
    }

    fn drain(
        &self,
        sets: &mut VecDeque<hash_set::IntoIter<Fingerprint>>,
        most: usize,
        room: &Room,
    ) -> usize {
        let mut given = 0_usize;
        let mut tally = Tally::default();
        while given < most
            && let Some(set) = sets.front_mut()
        {
            let Some(fingerprint) = set.next() else {
                sets.pop_front();
                continue;
            };
            tally.count(fingerprint.key_tag(), room);
            given = given.saturating_add(1);
        }
        tally.give_back(room);
        self.pending.store(!sets.is_empty(), Ordering::Release);
        given
    }
}

/// How many entries of which keys. When they are given back together, a claim takes two threads a
/// fifth less: each key has a lock, and all have the total, that the other thread is at just then.
#[derive(Default)]
struct Tally {
    counts: [(KeyTag, usize); TALLIED],
    keys: usize,
}

impl Tally {
    /// Counts an entry of `key`. What was counted before is given back first where that would be
    /// one key too many.
    fn count(&mut self, key: KeyTag, room: &Room) {
        let mut counted = self.counts.iter_mut().take(self.keys);
        if let Some((_, count)) = counted.find(|(tag, _)| *tag == key) {
            *count = count.saturating_add(1);
            return;
        }
        if self.keys == TALLIED {
            self.give_back(room);
        }
        if let Some(free) = self.counts.get_mut(self.keys) {
            *free = (key, 1);
            self.keys = self.keys.saturating_add(1);
        }
    }

    fn give_back(&mut self, room: &Room) {
        room.release(self.counts.iter().take(self.keys).copied());
        self.keys = 0;
    }
}

/// Keys whose entries are counted together: few, as they are looked through for every entry.
const TALLIED: usize = 8;

/// Entries given back by a claim in passing. One per claim would only just keep up with steady
/// traffic; this also catches up after a burst, and so seldom that what all threads share is
/// seldom written.
const PER_CLAIM: usize = 16;

/// Entries given back before a claim that found no room looks again, about a tenth of a
/// millisecond.
const AT_ONCE: usize = 4096;

#[cfg(test)]
mod tests {
    use super::super::slice::Slice;
    use super::super::span::Span;
    use super::*;

    fn filled(room: &Room, entries: u64) -> Retired {
        let slice = Slice::open(Span::of(0).0, None);
        for nonce in 0..entries {
            let fingerprint = Fingerprint::numbered(nonce % 3, nonce);
            let reserve = || room.reserve(fingerprint.key_tag());
            slice.claim(0, fingerprint, reserve).unwrap();
        }
        let retired = Retired::default();
        retired.take(slice.close());
        retired
    }

    #[test]
    fn a_claim_gives_back_a_few_entries_at_most() {
        let room = Room::new(10_000, 10_000);
        let retired = filled(&room, 1000);
        retired.give_back_some(&room);
        assert_eq!(room.len(), 1000 - PER_CLAIM);
        while retired.pending.load(Ordering::Acquire) {
            let before = room.len();
            retired.give_back_some(&room);
            assert!(before - room.len() <= PER_CLAIM);
        }
        assert_eq!((room.len(), room.keys()), (0, 0));
    }

    #[test]
    fn what_is_asked_for_all_gives_back_all() {
        let room = Room::new(10_000, 10_000);
        let retired = filled(&room, 10_000);
        let mut given = 0;
        loop {
            match retired.give_back(&room) {
                0 => break,
                some => given += some,
            }
        }
        assert_eq!((given, room.len(), room.keys()), (10_000, 0, 0));
        assert_eq!(lock(&retired.sets).len(), 0);
    }
}
