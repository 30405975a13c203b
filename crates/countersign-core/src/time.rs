//! Points in time, and the clock that says which of them is now.
//!
//! Invariant: nothing in this workspace asks the operating system for the time except
//! [`SystemClock`], so every decision that depends on time can be tested at its boundary.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::http_date;

/// A point in time in whole seconds since 1970-01-01T00:00:00Z.
///
/// Every scheme signs times to the second, so nothing finer is kept. [`Display`](fmt::Display)
/// writes an IMF-fixdate (RFC 9110 §5.6.7), `Thu, 27 Sep 2012 12:14:56 GMT`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The time `seconds` after the Unix epoch (before it, if negative).
    pub const fn from_unix(seconds: i64) -> Self {
        Self(seconds)
    }

    /// Seconds since the Unix epoch.
    pub const fn as_unix(self) -> i64 {
        self.0
    }

    /// Reads an IMF-fixdate: exactly 29 bytes, `Thu, 27 Sep 2012 12:14:56 GMT`.
    ///
    /// The weekday must be the right one. `None` for everything else, the obsolete RFC 850 and
    /// asctime forms included.
    pub fn parse_imf_fixdate(text: &str) -> Option<Self> {
        http_date::parse(text.as_bytes())
    }

    /// How many seconds `self` lies after `earlier`; negative when it lies before.
    ///
    /// Saturates at the ends of `i64`, so that a hostile timestamp cannot overflow.
    pub const fn seconds_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// The time `seconds` later, saturating.
    pub const fn plus(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds))
    }
}

impl From<SystemTime> for Timestamp {
    /// Rounds down to the second; a time before the epoch becomes negative.
    fn from(time: SystemTime) -> Self {
        let seconds = |d: Duration| i64::try_from(d.as_secs()).unwrap_or(i64::MAX);
        match time.duration_since(UNIX_EPOCH) {
            Ok(after) => Self(seconds(after)),
            Err(before) => {
                let before = before.duration();
                let rounded_up = i64::from(before.subsec_nanos() > 0);
                Self(seconds(before).saturating_add(rounded_up).saturating_neg())
            }
        }
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(http_date::format(*self).as_str())
    }
}

/// Says what time it is.
///
/// Everything that decides by time is given one, so that tests can stand at the edge of a window.
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// The present time.
    fn now(&self) -> Timestamp;
}

/// The clock of the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        SystemTime::now().into()
    }
}

/// A clock that stands still until it is told otherwise; clones share the time.
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<AtomicI64>);

impl ManualClock {
    /// A clock that shows `now`.
    pub fn new(now: Timestamp) -> Self {
        Self(Arc::new(AtomicI64::new(now.as_unix())))
    }

    /// Moves the clock to `now`, forwards or backwards.
    pub fn set(&self, now: Timestamp) {
        self.0.store(now.as_unix(), Ordering::SeqCst);
    }

    /// Moves the clock by `seconds`.
    pub fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

impl<C: Clock + ?Sized> Clock for Arc<C> {
    fn now(&self) -> Timestamp {
        (**self).now()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_before_the_epoch_rounds_down() {
        let time = UNIX_EPOCH - Duration::from_millis(1500);
        assert_eq!(Timestamp::from(time).as_unix(), -2);
    }

    #[test]
    fn distances_saturate() {
        let first = Timestamp::from_unix(i64::MIN);
        let last = Timestamp::from_unix(i64::MAX);
        assert_eq!(last.seconds_since(first), i64::MAX);
        assert_eq!(first.seconds_since(last), i64::MIN);
        assert_eq!(last.plus(1), last);
    }

    #[test]
    fn a_manual_clock_is_shared_by_its_clones() {
        let clock = ManualClock::new(Timestamp::from_unix(10));
        let other = clock.clone();
        clock.advance(5);
        assert_eq!(other.now().as_unix(), 15);
    }
}
