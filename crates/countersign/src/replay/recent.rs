//! The slices used last, reached without moka: asking it costs more than the rest of a claim.

use super::slice::Slice;
use super::sync::{Arc, PoisonError, RwLock};

/// A place for every second, shared by those that lie a multiple of [`SLOTS`] apart.
///
/// A slice found here may have been dropped meanwhile; then it is closed.
pub(super) struct Recent(Box<[RwLock<Option<Held>>]>);

struct Held {
    second: i64,
    slice: Arc<Slice>,
}

impl Recent {
    pub(super) fn new() -> Self {
        Self((0..SLOTS).map(|_| RwLock::default()).collect())
    }

    /// What `take` makes of the slice of `second`, which stays where it is meanwhile: to share it
    /// would be two more atomic operations, as many as finding it.
    pub(super) fn with<T>(&self, second: i64, take: impl FnOnce(&Slice) -> T) -> Option<T> {
        let slot = self.slot(second)?.read();
        let slot = slot.unwrap_or_else(PoisonError::into_inner);
        let held = slot.as_ref().filter(|held| held.second == second)?;
        Some(take(&held.slice))
    }

    /// Holds `slice`, in place of the one of another second.
    pub(super) fn put(&self, second: i64, slice: &Arc<Slice>) {
        let slice = Arc::clone(slice);
        self.replace(second, |_| Some(Held { second, slice }));
    }

    pub(super) fn clear(&self, second: i64) {
        self.replace(second, |held| held.filter(|held| held.second != second));
    }

    fn replace(&self, second: i64, with: impl FnOnce(Option<Held>) -> Option<Held>) {
        if let Some(slot) = self.slot(second) {
            let mut slot = slot.write().unwrap_or_else(PoisonError::into_inner);
            *slot = with(slot.take());
        }
    }

    fn slot(&self, second: i64) -> Option<&RwLock<Option<Held>>> {
        let index = usize::try_from(second.rem_euclid(SLOTS)).ok()?;
        self.0.get(index)
    }
}

/// More than the default window has seconds.
const SLOTS: i64 = 512;

#[cfg(test)]
mod tests {
    use super::*;

    fn held(recent: &Recent, second: i64) -> Option<*const Slice> {
        recent.with(second, std::ptr::from_ref)
    }

    #[test]
    fn only_the_slice_of_the_very_second_is_found() {
        let recent = Recent::new();
        let slice = Arc::new(Slice::open(None));
        recent.put(-1, &slice);
        assert_eq!(held(&recent, -1), Some(Arc::as_ptr(&slice)));
        assert_eq!(held(&recent, SLOTS - 1), None);
        recent.clear(SLOTS - 1);
        assert!(held(&recent, -1).is_some());
        recent.clear(-1);
        assert_eq!(held(&recent, -1), None);
    }

    #[test]
    fn a_later_second_takes_the_place_of_an_earlier() {
        let recent = Recent::new();
        for second in [5, 5 + SLOTS] {
            recent.put(second, &Arc::new(Slice::open(None)));
        }
        assert!(held(&recent, 5).is_none());
        assert!(held(&recent, 5 + SLOTS).is_some());
    }
}
