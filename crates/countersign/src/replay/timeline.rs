//! The slices, by second of signed time, and when they are dropped.
//!
//! Invariant: **a second that was dropped can never be claimed again**, whatever the clock does
//! and however threads meet. A clock that steps back, or forward and back, would otherwise make
//! requests fresh again whose nonces are gone. It holds because `floor` only rises, and by this
//! order:
//!
//! * Dropping second `s` raises `floor` above `s`, *then* takes the slice of `s` out of reach,
//!   *then* closes it.
//! * A claim gets its slice, *then* reads `floor`, *then* records in the slice if that is open.
//!
//! So a claim that comes while `s` is dropped either records before its slice closes, finds its
//! slice closed, or has got a new slice of `s`. A new one is only made after the old one was out
//! of reach, hence after `floor` was raised, which the claim then sees; it drops the new slice and
//! is refused. moka itself never drops a slice: it is given neither a capacity nor a time to live.

use std::collections::BTreeSet;

use countersign_core::Timestamp;

use super::recent::Recent;
use super::retired::Retired;
use super::sharded::lock;
use super::slice::Slice;
use super::sync::{Arc, AtomicI64, Cache, Mutex, Ordering, fence};

/// All slices that may still be claimed in.
pub(super) struct Timeline {
    slices: Cache<i64, Arc<Slice>>,
    recent: Recent,
    /// The seconds of `slices`, in order: which are due must be found without looking at all.
    seconds: Mutex<BTreeSet<i64>>,
    /// Every second before it is refused, as some second not before it may have been dropped.
    floor: AtomicI64,
    /// How long after its own time a second is kept: the longest that any request asked for.
    retention: AtomicI64,
    last_sweep: AtomicI64,
}

impl Timeline {
    pub(super) fn new() -> Self {
        Self {
            slices: Cache::builder().build(),
            recent: Recent::new(),
            seconds: Mutex::default(),
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

    /// What `take` makes of the slice of the second of `signed_at`; `None` if that may have been
    /// dropped.
    pub(super) fn with_slice<T>(
        &self,
        signed_at: Timestamp,
        retired: &Retired,
        take: impl Fn(&Slice) -> T,
    ) -> Option<T> {
        let second = signed_at.as_unix();
        if self.is_dropped(second) {
            return None;
        }
        if let Some(taken) = self.recent.with(second, &take) {
            return Some(taken);
        }
        let slice = self.slices.get_with(second, || {
            lock(&self.seconds).insert(second);
            let before = second.saturating_sub(1);
            let alike = self.recent.with(before, |before| Slice::open(Some(before)));
            Arc::new(alike.unwrap_or_else(|| Slice::open(None)))
        });
        let slice = self.still_live(second, slice, retired)?;
        Some(take(&slice))
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
        let due = self.take_due(now);
        for second in &due {
            self.drop_second(*second, retired);
        }
        if !due.is_empty() {
            // Lets moka free the closed slices now and not at some later write.
            self.slices.run_pending_tasks();
        }
    }

    /// `slice`, which moka gave for `second`, unless that was dropped meanwhile.
    fn still_live(&self, second: i64, slice: Arc<Slice>, retired: &Retired) -> Option<Arc<Slice>> {
        // With the fence in `drop_second`: either this sees the raised floor, or that finds the
        // slice.
        fence(Ordering::SeqCst);
        if self.is_dropped(second) {
            self.drop_second(second, retired);
            return None;
        }
        self.recent.put(second, &slice);
        Some(slice)
    }

    fn take_due(&self, now: i64) -> Vec<i64> {
        let retention = self.retention.load(Ordering::Relaxed);
        let mut seconds = lock(&self.seconds);
        let mut due = Vec::new();
        while let Some(second) = seconds.first().copied()
            && second.saturating_add(retention) <= now
        {
            seconds.pop_first();
            due.push(second);
        }
        due
    }

    fn drop_second(&self, second: i64, retired: &Retired) {
        self.floor
            .fetch_max(second.saturating_add(1), Ordering::SeqCst);
        fence(Ordering::SeqCst);
        self.recent.clear(second);
        // Whoever takes the slice out closes it.
        if let Some(slice) = self.slices.remove(&second) {
            retired.take(&slice);
        }
    }

    fn is_dropped(&self, second: i64) -> bool {
        second < self.floor.load(Ordering::SeqCst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix(seconds)
    }

    /// The address of the slice of a second, to tell it from others.
    fn slice(timeline: &Timeline, second: i64, retired: &Retired) -> Option<*const Slice> {
        timeline.with_slice(at(second), retired, std::ptr::from_ref)
    }

    #[test]
    fn a_second_is_one_slice_for_as_long_as_it_is_retained() {
        let (timeline, retired) = (Timeline::new(), Retired::default());
        timeline.retain_for(10);
        let first = slice(&timeline, 1000, &retired).unwrap();
        timeline.sweep(at(1009), &retired);
        assert_eq!(slice(&timeline, 1000, &retired), Some(first));
        timeline.sweep(at(1010), &retired);
        assert_eq!(slice(&timeline, 1000, &retired), None);
        assert!(slice(&timeline, 1001, &retired).is_some());
    }

    #[test]
    fn moka_and_the_recent_slices_agree() {
        let (timeline, retired) = (Timeline::new(), Retired::default());
        // Of two seconds that share a place among the recent, one is found through moka.
        let seconds = [1000, 1000 + 512];
        let first = seconds.map(|second| slice(&timeline, second, &retired).unwrap());
        let again = seconds.map(|second| slice(&timeline, second, &retired).unwrap());
        assert_eq!(first, again);
        assert_ne!(first[0], first[1]);
    }

    #[test]
    fn a_dropped_second_leaves_nothing_behind() {
        let (timeline, retired) = (Timeline::new(), Retired::default());
        for second in 0..1000 {
            slice(&timeline, second, &retired).unwrap();
        }
        timeline.sweep(at(1000), &retired);
        assert_eq!(timeline.slices.entry_count(), 0);
        assert!(lock(&timeline.seconds).is_empty());
        let found = |second| timeline.recent.with(second, |_| ());
        assert!((0..1000).all(|second| found(second).is_none()));
    }

    #[test]
    fn a_slice_made_while_its_second_is_dropped_is_not_used_and_not_kept() {
        let (timeline, retired) = (Timeline::new(), Retired::default());
        // As if the floor rose between the first look at it and the making of the slice.
        let late = timeline.slices.get_with(1000, || {
            lock(&timeline.seconds).insert(1000);
            timeline.drop_second(1000, &retired);
            Arc::new(Slice::open(None))
        });
        assert!(timeline.slices.contains_key(&1000));
        assert!(
            timeline
                .still_live(1000, Arc::clone(&late), &retired)
                .is_none()
        );
        assert!(!timeline.slices.contains_key(&1000));
        assert_eq!(late.close().count(), 0);
        assert!(timeline.recent.with(1000, |_| ()).is_none());
    }
}
