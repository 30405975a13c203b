//! What is remembered of one span of signed time.
//!
//! Invariant: a second goes from open to closed once and never back, so a claim that still holds a
//! slice after one of its seconds was dropped is refused instead of being recorded where nobody
//! looks any more.

use std::array;
use std::collections::HashSet;
use std::mem;

use countersign_core::ReplayError;

use super::fingerprint::{AlreadyHashed, Fingerprint};
use super::sharded::Sharded;
use super::span::Span;

/// The fingerprints of a part of a second's requests.
pub(super) type Fingerprints = HashSet<Fingerprint, AlreadyHashed>;

/// The fingerprints of one span.
pub(super) struct Slice {
    span: Span,
    parts: Sharded<Part, SHARDS>,
    /// How many a part of its first second will hold, by experience.
    expected: usize,
}

/// Those with one selector.
struct Part {
    /// The seconds before the one at this place are closed.
    open: usize,
    seconds: [Fingerprints; Span::SECONDS],
}

impl Part {
    fn new() -> Self {
        Self {
            open: 0,
            seconds: array::from_fn(|_| Fingerprints::default()),
        }
    }

    /// How many the second before the one at `place` has; nothing for the first.
    fn length_before(&self, place: usize) -> Option<usize> {
        let before = self.seconds.get(place.checked_sub(1)?)?;
        Some(before.len())
    }

    /// The second at `place`, if it is open.
    fn open_at(&mut self, place: usize) -> Option<&mut Fingerprints> {
        let open = place >= self.open;
        self.seconds.get_mut(place).filter(|_| open)
    }
}

impl Slice {
    /// Of `span`, which will be as busy as the one `before`, so far as anybody can tell.
    pub(super) fn open(span: Span, before: Option<&Self>) -> Self {
        let largest = |slice: &Self| {
            let parts = slice.parts.each();
            let lengths = parts.filter_map(|part| part.length_before(Span::SECONDS));
            lengths.max().unwrap_or_default()
        };
        Self {
            span,
            parts: Sharded::new(Part::new),
            expected: before.map_or(0, largest),
        }
    }

    pub(super) fn span(&self) -> Span {
        self.span
    }

    /// Records `fingerprint` in the second at `place`, if it is new there and `reserve` finds room
    /// for it, in one atomic step.
    ///
    /// Whether it is new is asked first: a replay is called one even when there is no room.
    pub(super) fn claim(
        &self,
        place: usize,
        fingerprint: Fingerprint,
        reserve: impl FnOnce() -> Result<(), ReplayError>,
    ) -> Result<(), ReplayError> {
        let mut part = self.parts.lock(fingerprint.selector());
        let before = part.length_before(place);
        let seen = part.open_at(place).ok_or(ReplayError::Expired)?;
        if seen.capacity() == 0 {
            // Growing step by step is a third of a claim. What is taken ahead is no more than
            // another second took.
            seen.reserve(before.unwrap_or(self.expected));
        }
        if !seen.insert(fingerprint) {
            return Err(ReplayError::Replayed);
        }
        reserve().inspect_err(|_| {
            seen.remove(&fingerprint);
        })
    }

    /// Closes the seconds before the one at `place` and gives what they held.
    pub(super) fn close_before(&self, place: usize) -> Vec<Fingerprints> {
        let mut closed = Vec::new();
        for mut part in self.parts.each() {
            let open = part.open;
            part.open = open.max(place);
            let over = part.seconds.iter_mut().take(place).skip(open);
            closed.extend(over.filter(|set| !set.is_empty()).map(mem::take));
        }
        closed
    }

    /// Closes all of it and gives what it held.
    pub(super) fn close(&self) -> Vec<Fingerprints> {
        self.close_before(Span::SECONDS)
    }
}

/// Nearly all claims of a moment are for the same second, and meet here. More parts would cost
/// memory in every span and time with every second that is closed, also with a single request in
/// them.
const SHARDS: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    fn span() -> Span {
        Span::of(1000).0
    }

    fn no_room_is_asked_for() -> Result<(), ReplayError> {
        unreachable!("no room is asked for")
    }

    #[test]
    fn a_fingerprint_is_taken_once_in_each_second() {
        let slice = Slice::open(span(), None);
        let fingerprint = Fingerprint::numbered(1, 1);
        for place in 0..Span::SECONDS {
            assert!(slice.claim(place, fingerprint, || Ok(())).is_ok());
            let again = slice.claim(place, fingerprint, no_room_is_asked_for);
            assert!(matches!(again, Err(ReplayError::Replayed)));
        }
    }

    #[test]
    fn what_finds_no_room_is_not_recorded() {
        let slice = Slice::open(span(), None);
        let fingerprint = Fingerprint::numbered(1, 1);
        let refused = slice.claim(0, fingerprint, || Err(ReplayError::Full));
        assert!(matches!(refused, Err(ReplayError::Full)));
        assert!(slice.claim(0, fingerprint, || Ok(())).is_ok());
    }

    #[test]
    fn a_second_has_room_at_once_for_as_many_as_the_one_before() {
        let before = Slice::open(span(), None);
        let last = Span::SECONDS - 1;
        for nonce in 0..1000 {
            let fingerprint = Fingerprint::numbered(1, nonce);
            before.claim(last, fingerprint, || Ok(())).unwrap();
        }
        let slice = Slice::open(span(), Some(&before));
        for (place, least) in [(0, 1000 / SHARDS), (1, 1)] {
            let first = Fingerprint::numbered(1, 1000);
            slice.claim(place, first, || Ok(())).unwrap();
            let part = slice.parts.lock(first.selector());
            assert!(part.seconds[place].capacity() >= least);
        }
        let first = Fingerprint::numbered(1, 1000);
        let part = slice.parts.lock(first.selector());
        assert!(
            part.seconds[1].capacity() < 1000 / SHARDS,
            "one claim before it"
        );
    }

    #[test]
    fn a_closed_slice_hands_out_everything_once_and_takes_nothing() {
        let slice = Slice::open(span(), None);
        for nonce in 0..1000 {
            let fingerprint = Fingerprint::numbered(1, nonce);
            slice.claim(7, fingerprint, || Ok(())).unwrap();
        }
        assert_eq!(slice.close().iter().map(HashSet::len).sum::<usize>(), 1000);
        assert!(slice.close().is_empty());
        for nonce in 0..1000 {
            let late = slice.claim(7, Fingerprint::numbered(1, nonce), no_room_is_asked_for);
            assert!(matches!(late, Err(ReplayError::Expired)));
        }
    }

    #[test]
    fn a_second_that_is_closed_leaves_the_later_ones_as_they_are() {
        let slice = Slice::open(span(), None);
        let fingerprint = Fingerprint::numbered(1, 1);
        for place in 0..Span::SECONDS {
            slice.claim(place, fingerprint, || Ok(())).unwrap();
        }
        assert_eq!(slice.close_before(3).len(), 3);
        assert!(slice.close_before(2).is_empty(), "closed before");
        for place in 0..Span::SECONDS {
            let again = slice.claim(place, fingerprint, no_room_is_asked_for);
            let expected = if place < 3 {
                ReplayError::Expired
            } else {
                ReplayError::Replayed
            };
            assert_eq!(format!("{:?}", again.unwrap_err()), format!("{expected:?}"));
        }
        assert_eq!(slice.close().len(), Span::SECONDS - 3);
    }
}
