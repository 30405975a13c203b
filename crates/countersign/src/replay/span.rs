//! Stretches of signed time. The seconds of one are remembered together and forgotten one by one.

/// A few seconds of signed time in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Span(i64);

impl Span {
    /// At three requests a second a claim takes 410 ns with sixteen seconds in a slice, and took
    /// 1,730 with one: it is the making of slices that costs.
    pub(super) const SECONDS: usize = 16;

    /// As many, to reckon with.
    #[allow(clippy::cast_possible_wrap)] // a few
    const LENGTH: i64 = Self::SECONDS as i64;

    /// The span of a second since the epoch, and the place of that second in it.
    pub(super) fn of(second: i64) -> (Self, usize) {
        let place = usize::try_from(second.rem_euclid(Self::LENGTH));
        let span = Self(second.div_euclid(Self::LENGTH));
        (span, place.unwrap_or_default())
    }

    /// Its first second.
    pub(super) fn start(self) -> i64 {
        self.0.saturating_mul(Self::LENGTH)
    }

    /// Its last second.
    pub(super) fn end(self) -> i64 {
        self.start().saturating_add(Self::LENGTH.saturating_sub(1))
    }

    pub(super) fn before(self) -> Self {
        Self(self.0.saturating_sub(1))
    }

    /// Its slot among so many, shared by those that lie a multiple of them apart.
    pub(super) fn slot(self, among: i64) -> Option<usize> {
        usize::try_from(self.0.checked_rem_euclid(among)?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spans_are_without_gaps_on_both_sides_of_the_epoch() {
        for second in -100..100 {
            let (span, place) = Span::of(second);
            assert!((span.start()..=span.end()).contains(&second));
            assert_eq!(span.start() + i64::try_from(place).unwrap(), second);
            assert_eq!(Span::of(span.start() - 1).0, span.before());
        }
    }

    #[test]
    fn the_ends_of_time_lie_in_spans_too() {
        for second in [i64::MIN, i64::MAX] {
            let (span, place) = Span::of(second);
            assert!((span.start()..=span.end()).contains(&second));
            assert!(place < Span::SECONDS);
        }
    }
}
