//! The slices, by span of signed time, and when their seconds are dropped.
//!
//! Invariant: **a second that was dropped can never be claimed again**, whatever the clock does
//! and however threads meet. A clock that steps back, or forward and back, would otherwise make
//! requests fresh again whose nonces are gone.
//!
//! While others of its span live, a second is dropped by closing it in its slice, where it stays
//! closed. When all seconds of a span are over, the slice itself goes, and then it holds because
//! `floor` only rises, and by this order:
//!
//! * Dropping a span raises `floor` above it, *then* takes its slice out of reach, *then* closes
//!   that.
//! * A claim gets its slice, *then* reads `floor`, *then* records in the slice if its second is open
//!   there.
//!
//! So a claim that comes while its span is dropped either records before its slice closes, finds its
//! slice closed, or has got a new slice. A new one is only made after the old one was out of reach,
//! hence after `floor` was raised, which the claim then sees; it drops the new slice and is
//! refused. moka itself never drops a slice: it is given neither a capacity nor a time to live.

use std::collections::BTreeSet;

use countersign_core::Timestamp;

use super::recent::Recent;
use super::retired::Retired;
use super::sharded::lock;
use super::slice::Slice;
use super::span::Span;
use super::sync::{Arc, AtomicI64, Cache, Mutex, Ordering, fence};

/// All slices that may still be claimed in.
pub(super) struct Timeline {
    slices: Cache<Span, Arc<Slice>>,
    recent: Recent,
    /// The spans of `slices`, in order: which are due must be found without looking at all.
    spans: Mutex<BTreeSet<Span>>,
    /// Every second before it is refused: it lies in a span that may have been dropped, or before
    /// one. It is the first of a span, or of all time.
    floor: AtomicI64,
    /// How long after its own time a second is kept: the longest that any request asked for.
    retention: AtomicI64,
    last_sweep: AtomicI64,
}

/// What is to be dropped.
struct Due {
    whole: Vec<Span>,
    /// A span of which some seconds are over and others are not.
    begun: Option<Span>,
}

impl Timeline {
    pub(super) fn new() -> Self {
        Self {
            slices: Cache::builder().build(),
            recent: Recent::new(),
            spans: Mutex::default(),
            floor: AtomicI64::new(i64::MIN),
            retention: AtomicI64::new(0),
            last_sweep: AtomicI64::new(i64::MIN),
        }
    }

    /// Keeps every second for at least `seconds` from now on.
    pub(super) fn retain_for(&self, seconds: i64) {
        if seconds > self.retention.load(Ordering::Relaxed) {
            self.retention.fetch_max(seconds, Ordering::Relaxed);
        }
    }

    /// What `take` makes of the slice that the second of `signed_at` lies in, and of its place
    /// there; `None` if its span may have been dropped.
    pub(super) fn with_slice<T>(
        &self,
        signed_at: Timestamp,
        retired: &Retired,
        take: impl Fn(&Slice, usize) -> T,
    ) -> Option<T> {
        let second = signed_at.as_unix();
        if self.is_dropped(second) {
            return None;
        }
        let (span, place) = Span::of(second);
        if let Some(taken) = self.recent.with(span, |slice| take(slice, place)) {
            return Some(taken);
        }
        let slice = self.slices.get_with(span, || {
            lock(&self.spans).insert(span);
            let before = self
                .recent
                .with(span.before(), |before| Slice::open(span, Some(before)));
            Arc::new(before.unwrap_or_else(|| Slice::open(span, None)))
        });
        let slice = self.still_live(span, slice, retired)?;
        Some(take(&slice, place))
    }

    /// Drops the seconds whose time is over at `now`, at most once for each `now`.
    pub(super) fn sweep(&self, now: Timestamp, retired: &Retired) {
        let now = now.as_unix();
        // Not "later than": after a step back of the clock, sweeping goes on.
        if self.last_sweep.load(Ordering::Relaxed) == now
            || self.last_sweep.swap(now, Ordering::Relaxed) == now
        {
            return;
        }
        let over = now.saturating_sub(self.retention.load(Ordering::Relaxed));
        let Due { whole, begun } = self.take_due(over);
        for span in &whole {
            self.drop_whole(*span, retired);
        }
        if !whole.is_empty() {
            // Lets moka free the closed slices now and not at some later write.
            self.slices.run_pending_tasks();
        }
        if let Some(span) = begun {
            self.drop_until(over, span, retired);
        }
    }

    /// `slice`, which moka gave for `span`, unless that was dropped meanwhile.
    fn still_live(&self, span: Span, slice: Arc<Slice>, retired: &Retired) -> Option<Arc<Slice>> {
        // With the fence in `drop_whole`: either this sees the raised floor, or that finds the
        // slice.
        fence(Ordering::SeqCst);
        if self.is_dropped(span.start()) {
            self.drop_whole(span, retired);
            return None;
        }
        self.recent.put(&slice);
        Some(slice)
    }

    /// What is due when the time of the second `over`, and of all before it, is over.
    fn take_due(&self, over: i64) -> Due {
        let mut spans = lock(&self.spans);
        let mut whole = Vec::new();
        while let Some(span) = spans.first().copied() {
            if span.end() > over {
                let begun = Some(span).filter(|span| span.start() <= over);
                return Due { whole, begun };
            }
            spans.pop_first();
            whole.push(span);
        }
        Due { whole, begun: None }
    }

    /// Drops `span` with all its seconds.
    fn drop_whole(&self, span: Span, retired: &Retired) {
        self.floor
            .fetch_max(span.end().saturating_add(1), Ordering::SeqCst);
        fence(Ordering::SeqCst);
        self.recent.clear(span);
        // Whoever takes the slice out closes it.
        if let Some(slice) = self.slices.remove(&span) {
            retired.take(slice.close());
        }
    }

    /// Drops the seconds of `span` until `last`, which is one of them.
    fn drop_until(&self, last: i64, span: Span, retired: &Retired) {
        let (_, place) = Span::of(last);
        let close = |slice: &Slice| retired.take(slice.close_before(place.saturating_add(1)));
        if self.recent.with(span, close).is_none()
            && let Some(slice) = self.slices.get(&span)
        {
            close(&slice);
        }
    }

    fn is_dropped(&self, second: i64) -> bool {
        second < self.floor.load(Ordering::SeqCst)
    }
}

#[cfg(test)]
mod tests {
    use countersign_core::ReplayError;

    use super::super::fingerprint::Fingerprint;
    use super::super::recent;
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix(seconds)
    }

    /// The address of the slice of a second, to tell it from others.
    fn slice(timeline: &Timeline, second: i64, retired: &Retired) -> Option<*const Slice> {
        timeline.with_slice(at(second), retired, |slice, _| std::ptr::from_ref(slice))
    }

    #[test]
    fn the_seconds_of_a_span_are_one_slice_in_which_they_are_closed_one_by_one() {
        let (timeline, retired) = (Timeline::new(), Retired::default());
        timeline.retain_for(10);
        let (span, _) = Span::of(1000);
        let whole = slice(&timeline, span.start(), &retired);
        for second in span.start()..=span.end() {
            let is_open = || {
                let fingerprint = Fingerprint::numbered(1, 1);
                timeline.with_slice(at(second), &retired, |slice, place| {
                    slice.claim(place, fingerprint, || Err(ReplayError::Full))
                })
            };
            assert_eq!(slice(&timeline, second, &retired), whole);
            timeline.sweep(at(second + 9), &retired);
            assert!(matches!(is_open(), Some(Err(ReplayError::Full))));
            timeline.sweep(at(second + 10), &retired);
            assert!(matches!(is_open(), None | Some(Err(ReplayError::Expired))));
        }
        assert_eq!(slice(&timeline, 1000, &retired), None);
        assert_eq!(timeline.slices.entry_count(), 0);
        assert_ne!(slice(&timeline, span.end() + 1, &retired), None);
    }

    #[test]
    fn a_second_is_closed_whether_or_not_its_slice_is_among_the_recent() {
        for recent in [true, false] {
            let (timeline, retired) = (Timeline::new(), Retired::default());
            timeline.retain_for(10);
            slice(&timeline, 1000, &retired).unwrap();
            let (span, place) = Span::of(1000);
            if !recent {
                timeline.recent.clear(span);
            }
            timeline.sweep(at(1010), &retired);
            let slice = timeline.slices.get(&span).unwrap();
            let claim = |place| slice.claim(place, Fingerprint::numbered(1, 1), || Ok(()));
            assert!(claim(place).is_err());
            assert!(claim(place + 1).is_ok());
        }
    }

    #[test]
    fn moka_and_the_recent_slices_agree() {
        let (timeline, retired) = (Timeline::new(), Retired::default());
        // Of two spans that share a place among the recent, one is found through moka.
        let seconds = [1000, 1000 + 512];
        let places = seconds.map(|second| Span::of(second).0.slot(recent::SLOTS));
        assert_eq!(places[0], places[1]);
        let first = seconds.map(|second| slice(&timeline, second, &retired).unwrap());
        let again = seconds.map(|second| slice(&timeline, second, &retired).unwrap());
        assert_eq!(first, again);
        assert_ne!(first[0], first[1]);
    }

    #[test]
    fn dropped_seconds_leave_nothing_behind() {
        let (timeline, retired) = (Timeline::new(), Retired::default());
        for second in 0..1008 {
            slice(&timeline, second, &retired).unwrap();
        }
        timeline.sweep(at(1007), &retired);
        assert_eq!(timeline.slices.entry_count(), 0);
        assert!(lock(&timeline.spans).is_empty());
        let found = |second| timeline.recent.with(Span::of(second).0, |_| ());
        assert!((0..1008).all(|second| found(second).is_none()));
    }

    #[test]
    fn a_slice_made_while_its_span_is_dropped_is_not_used_and_not_kept() {
        let (timeline, retired) = (Timeline::new(), Retired::default());
        let (span, _) = Span::of(1000);
        // As if the floor rose between the first look at it and the making of the slice.
        let late = timeline.slices.get_with(span, || {
            lock(&timeline.spans).insert(span);
            timeline.drop_whole(span, &retired);
            Arc::new(Slice::open(span, None))
        });
        assert!(timeline.slices.contains_key(&span));
        assert!(
            timeline
                .still_live(span, Arc::clone(&late), &retired)
                .is_none()
        );
        assert!(!timeline.slices.contains_key(&span));
        assert!(late.close().is_empty());
        assert!(timeline.recent.with(span, |_| ()).is_none());
    }
}
