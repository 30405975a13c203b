//! The span of time around now in which a signed timestamp is fresh.

use std::time::Duration;

use crate::config::ConfigError;
use crate::time::Timestamp;

/// How far a signed timestamp may lie in the past and in the future, both ends included.
///
/// The two differ because they guard against different things: the past side allows for slow
/// networks and clocks that run behind, the future side only for clocks that run ahead, and every
/// second of it lengthens the time for which a nonce must be remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    // In seconds, at most a day of them.
    past: u32,
    future: u32,
}

impl Window {
    /// The longest either side may be: a day. Whoever needs more has a clock problem that a
    /// window cannot solve, and the replay cache would have to remember every nonce of that time.
    pub const MAX: Duration = Duration::from_secs(86_400);

    /// 300 s past, 60 s future: what most services that sign with HTTP dates allow.
    pub const DEFAULT: Self = Self {
        past: 300,
        future: 60,
    };

    /// 30 s past, 5 s future: the OAuth MAC window (the original: 30 s and none).
    pub const NARROW: Self = Self {
        past: 30,
        future: 5,
    };

    /// A window of `past` and `future`, in whole seconds.
    ///
    /// # Errors
    /// When `past` is zero, when either is longer than [`Window::MAX`], or when either has a
    /// fraction of a second (signed times have none, so it would be ignored silently).
    pub fn new(past: Duration, future: Duration) -> Result<Self, ConfigError> {
        if past.is_zero() {
            return Err(ConfigError::new(
                "window past",
                "0s",
                "use at least 1s; 300s is the default. A zero window would refuse every request \
                 that takes any time to arrive",
            ));
        }
        Ok(Self {
            past: seconds("window past", past)?,
            future: seconds("window future", future)?,
        })
    }

    /// The past side.
    pub fn past(&self) -> Duration {
        Duration::from_secs(self.past.into())
    }

    /// The future side.
    pub fn future(&self) -> Duration {
        Duration::from_secs(self.future.into())
    }

    /// Where `signed` lies, seen at `now`.
    pub fn place(&self, signed: Timestamp, now: Timestamp) -> Freshness {
        let age = now.seconds_since(signed);
        if age > self.past.into() {
            Freshness::Expired
        } else if age.saturating_neg() > self.future.into() {
            Freshness::InFuture
        } else {
            Freshness::Fresh
        }
    }

    /// The first second at which `signed` is no longer fresh.
    pub fn expiry(&self, signed: Timestamp) -> Timestamp {
        signed.plus(self.past.into()).plus(1)
    }
}

impl Default for Window {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Where a timestamp lies relative to a [`Window`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// Inside, the edges included.
    Fresh,
    /// Too old.
    Expired,
    /// Too far ahead.
    InFuture,
}

fn seconds(key: &'static str, length: Duration) -> Result<u32, ConfigError> {
    let value = || format!("{length:?}");
    if length > Window::MAX {
        return Err(ConfigError::new(
            key,
            value(),
            "use at most 24h: every second of the window is a second for which nonces are kept",
        ));
    }
    if length.subsec_nanos() != 0 {
        return Err(ConfigError::new(
            key,
            value(),
            "use whole seconds: signed times have no finer",
        ));
    }
    u32::try_from(length.as_secs()).map_err(|_| ConfigError::new(key, value(), "use at most 24h"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix(seconds)
    }

    #[test]
    fn both_edges_are_inside_and_the_next_second_is_not() {
        let window = Window::DEFAULT;
        let now = at(1_000_000);
        for (offset, expected) in [
            (-301, Freshness::Expired),
            (-300, Freshness::Fresh),
            (0, Freshness::Fresh),
            (60, Freshness::Fresh),
            (61, Freshness::InFuture),
        ] {
            assert_eq!(window.place(now.plus(offset), now), expected, "{offset}");
        }
    }

    #[test]
    fn extreme_times_do_not_overflow() {
        let window = Window::DEFAULT;
        assert_eq!(
            window.place(at(i64::MAX), at(i64::MIN)),
            Freshness::InFuture
        );
        assert_eq!(window.place(at(i64::MIN), at(i64::MAX)), Freshness::Expired);
    }

    #[test]
    fn expiry_is_the_first_second_outside() {
        let window = Window::DEFAULT;
        let signed = at(1000);
        assert_eq!(
            window.place(signed, window.expiry(signed).plus(-1)),
            Freshness::Fresh
        );
        assert_eq!(
            window.place(signed, window.expiry(signed)),
            Freshness::Expired
        );
    }

    #[test]
    fn unusable_windows_are_refused_with_the_key_and_the_fix() {
        let second = Duration::from_secs(1);
        for (past, future, key, fix) in [
            (Duration::ZERO, second, "window past", "at least 1s"),
            (Window::MAX + second, second, "window past", "at most 24h"),
            (second, Window::MAX + second, "window future", "at most 24h"),
            (
                Duration::from_millis(1500),
                second,
                "window past",
                "whole seconds",
            ),
        ] {
            let error = Window::new(past, future).unwrap_err().to_string();
            assert!(error.contains(key) && error.contains(fix), "{error}");
        }
        assert!(Window::new(second, Duration::ZERO).is_ok());
    }
}
