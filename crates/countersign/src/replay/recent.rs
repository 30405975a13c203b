//! The slices used last, reached without moka: asking it costs more than the rest of a claim.

use super::slice::Slice;
use super::span::Span;
use super::sync::{Arc, PoisonError, RwLock};

/// A place for every span, shared by those that lie a multiple of [`SLOTS`] apart.
///
/// A slice found here may have been dropped meanwhile; then it is closed.
pub(super) struct Recent(Box<[RwLock<Option<Held>>]>);

struct Held {
    span: Span,
    slice: Arc<Slice>,
}

impl Recent {
    pub(super) fn new() -> Self {
        Self((0..SLOTS).map(|_| RwLock::default()).collect())
    }

    /// What `take` makes of the slice of `span`, which stays where it is meanwhile: to share it
    /// would be two more atomic operations, as many as finding it.
    pub(super) fn with<T>(&self, span: Span, take: impl FnOnce(&Slice) -> T) -> Option<T> {
        let slot = self.slot(span)?.read();
        let slot = slot.unwrap_or_else(PoisonError::into_inner);
        let held = slot.as_ref().filter(|held| held.span == span)?;
        Some(take(&held.slice))
    }

    /// Holds `slice`, in place of the one of another span.
    pub(super) fn put(&self, span: Span, slice: &Arc<Slice>) {
        let slice = Arc::clone(slice);
        self.replace(span, |_| Some(Held { span, slice }));
    }

    pub(super) fn clear(&self, span: Span) {
        self.replace(span, |held| held.filter(|held| held.span != span));
    }

    fn replace(&self, span: Span, with: impl FnOnce(Option<Held>) -> Option<Held>) {
        if let Some(slot) = self.slot(span) {
            let mut slot = slot.write().unwrap_or_else(PoisonError::into_inner);
            *slot = with(slot.take());
        }
    }

    fn slot(&self, span: Span) -> Option<&RwLock<Option<Held>>> {
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
        let slice = Arc::new(Slice::open(None));
        let [one, later] = sharing();
        recent.put(one, &slice);
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
            recent.put(span, &Arc::new(Slice::open(None)));
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
