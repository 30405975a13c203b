//! The slices used last, reached without moka: asking it costs more than the rest of a claim.

use super::slice::Slice;
use super::span::Span;
use super::sync::{Arc, ArcSwapOption};

/// A place for every span, shared by those that lie a multiple of [`SLOTS`] apart.
///
/// Claims write nothing here that other threads read: with a lock in each place, two threads took a
/// tenth longer.
///
/// A slice found here may have been dropped meanwhile; then it is closed.
pub(super) struct Recent(Box<[ArcSwapOption<Slice>]>);

impl Recent {
    pub(super) fn new() -> Self {
        Self((0..SLOTS).map(|_| ArcSwapOption::default()).collect())
    }

    /// What `take` makes of the slice of `span`.
    pub(super) fn with<T>(&self, span: Span, take: impl FnOnce(&Slice) -> T) -> Option<T> {
        let held = self.slot(span)?.load();
        let slice = held.as_ref().filter(|slice| slice.span() == span)?;
        Some(take(slice))
    }

    /// Holds `slice`, in place of the one of another span.
    pub(super) fn put(&self, slice: &Arc<Slice>) {
        if let Some(slot) = self.slot(slice.span()) {
            slot.store(Some(Arc::clone(slice)));
        }
    }

    pub(super) fn clear(&self, span: Span) {
        if let Some(slot) = self.slot(span) {
            let others = |held: &Option<Arc<Slice>>| {
                let other = held.as_ref().filter(|slice| slice.span() != span);
                other.map(Arc::clone)
            };
            slot.rcu(others);
        }
    }

    fn slot(&self, span: Span) -> Option<&ArcSwapOption<Slice>> {
        self.0.get(span.slot(SLOTS)?)
    }
}

/// More than the default window has spans.
pub(super) const SLOTS: i64 = 32;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Two that share a place.
    fn sharing() -> [Span; 2] {
        let (one, _) = Span::of(-1);
        let mut later = (0..).map(|second| Span::of(second).0);
        let other = later.find(|later| *later > one && later.slot(SLOTS) == one.slot(SLOTS));
        [one, other.unwrap()]
    }

    fn held(recent: &Recent, span: Span) -> Option<*const Slice> {
        recent.with(span, std::ptr::from_ref)
    }

    #[test]
    fn only_the_slice_of_the_very_span_is_found() {
        let recent = Recent::new();
        let [one, later] = sharing();
        let slice = Arc::new(Slice::open(one, None));
        recent.put(&slice);
        assert_eq!(held(&recent, one), Some(Arc::as_ptr(&slice)));
        assert_eq!(held(&recent, later), None);
        recent.clear(later);
        assert!(held(&recent, one).is_some());
        recent.clear(one);
        assert_eq!(held(&recent, one), None);
    }

    #[test]
    fn a_later_span_takes_the_place_of_an_earlier() {
        let recent = Recent::new();
        let [one, later] = sharing();
        for span in [one, later] {
            recent.put(&Arc::new(Slice::open(span, None)));
        }
        assert!(held(&recent, one).is_none());
        assert!(held(&recent, later).is_some());
    }

    #[test]
    fn the_default_window_has_a_place_for_each_of_its_spans() {
        let places: BTreeSet<_> = (0..=361)
            .map(|second| Span::of(second).0.slot(SLOTS))
            .collect();
        let spans: BTreeSet<_> = (0..=361).map(|second| Span::of(second).0).collect();
        assert_eq!(places.len(), spans.len());
    }
}
