//! What is remembered of one second of signed time.
//!
//! Invariant: a slice goes from open to closed once and never back, so a claim that still holds
//! one that was dropped is refused instead of being recorded where nobody looks any more.

use std::collections::HashSet;

use countersign_core::ReplayError;

use super::fingerprint::{AlreadyHashed, Fingerprint};
use super::sharded::Sharded;

/// The fingerprints of a part of a second's requests.
pub(super) type Fingerprints = HashSet<Fingerprint, AlreadyHashed>;

/// The fingerprints of one second. A part that is `None` is closed.
pub(super) struct Slice {
    parts: Sharded<Option<Fingerprints>, SHARDS>,
    /// How many a part will hold, by experience: growing step by step is a third of a claim. What
    /// is taken ahead is no more than another second took.
    expected: usize,
}

impl Slice {
    /// For a second that will be as busy as `another`, so far as anybody can tell.
    pub(super) fn open(another: Option<&Self>) -> Self {
        let largest = |slice: &Self| {
            let parts = slice.parts.each();
            let lengths = parts.map(|part| part.as_ref().map_or(0, Fingerprints::len));
            lengths.max().unwrap_or_default()
        };
        Self {
            parts: Sharded::new(|| Some(Fingerprints::default())),
            expected: another.map_or(0, largest),
        }
    }

    /// Records `fingerprint` if it is new and `reserve` finds room for it, in one atomic step.
    ///
    /// Whether it is new is asked first: a replay is called one even when there is no room.
    pub(super) fn claim(
        &self,
        fingerprint: Fingerprint,
        reserve: impl FnOnce() -> Result<(), ReplayError>,
    ) -> Result<(), ReplayError> {
        let mut part = self.parts.lock(fingerprint.selector());
        let seen = part.as_mut().ok_or(ReplayError::Expired)?;
        if seen.capacity() == 0 {
            seen.reserve(self.expected);
        }
        if !seen.insert(fingerprint) {
            return Err(ReplayError::Replayed);
        }
        reserve().inspect_err(|_| {
            seen.remove(&fingerprint);
        })
    }

    /// Closes the slice and hands out what it held.
    pub(super) fn close(&self) -> impl Iterator<Item = Fingerprints> {
        self.parts.each().filter_map(|mut part| part.take())
    }
}

/// Nearly all claims of a moment are for the same second, and meet here. More parts would cost
/// memory in every second, also in those with a single request.
const SHARDS: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_taken_once() {
        let slice = Slice::open(None);
        let fingerprint = Fingerprint::numbered(1, 1);
        assert!(slice.claim(fingerprint, || Ok(())).is_ok());
        let again = slice.claim(fingerprint, || unreachable!("no room is asked for"));
        assert!(matches!(again, Err(ReplayError::Replayed)));
    }

    #[test]
    fn what_finds_no_room_is_not_recorded() {
        let slice = Slice::open(None);
        let fingerprint = Fingerprint::numbered(1, 1);
        let refused = slice.claim(fingerprint, || Err(ReplayError::Full));
        assert!(matches!(refused, Err(ReplayError::Full)));
        assert!(slice.claim(fingerprint, || Ok(())).is_ok());
    }

    #[test]
    fn a_second_has_room_at_once_for_as_many_as_the_one_before() {
        let before = Slice::open(None);
        for nonce in 0..1000 {
            let fingerprint = Fingerprint::numbered(1, nonce);
            before.claim(fingerprint, || Ok(())).unwrap();
        }
        let slice = Slice::open(Some(&before));
        let first = Fingerprint::numbered(1, 1000);
        slice.claim(first, || Ok(())).unwrap();
        let part = slice.parts.lock(first.selector());
        assert!(part.as_ref().unwrap().capacity() >= 1000 / SHARDS);
    }

    #[test]
    fn a_closed_slice_hands_out_everything_once_and_takes_nothing() {
        let slice = Slice::open(None);
        for nonce in 0..1000 {
            let fingerprint = Fingerprint::numbered(1, nonce);
            slice.claim(fingerprint, || Ok(())).unwrap();
        }
        assert_eq!(slice.close().map(|part| part.len()).sum::<usize>(), 1000);
        assert_eq!(slice.close().count(), 0);
        for nonce in 0..1000 {
            let late = slice.claim(Fingerprint::numbered(1, nonce), || {
                unreachable!("no room is asked for")
            });
            assert!(matches!(late, Err(ReplayError::Expired)));
        }
    }
}
