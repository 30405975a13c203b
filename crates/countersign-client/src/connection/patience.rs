//! When to try again.

use std::time::Duration;

use countersign_core::{Clock, Timestamp};
use http::HeaderMap;
use http::header::RETRY_AFTER;

/// The wait before the second try is a random part of this; it doubles with every further one.
/// Enough for a restart behind a load balancer, and little beside the time for the whole call.
const FIRST: Duration = Duration::from_millis(100);

/// No wait of ours is longer than this.
const LONGEST: Duration = Duration::from_secs(2);

/// The longest `Retry-After` that is waited for: above it, the caller knows better what to do.
pub(super) const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(5);

/// How long to wait after the try `number`, counted from 1: full jitter, so that clients which
/// failed together do not come back together.
pub(super) fn pause(number: u32, retry_after: Option<Duration>) -> Duration {
    let doubled = 2_u32.saturating_pow(number.saturating_sub(1));
    let jitter = part_of(FIRST.saturating_mul(doubled).min(LONGEST));
    retry_after.unwrap_or_default().saturating_add(jitter)
}

/// A random part of `most`.
fn part_of(most: Duration) -> Duration {
    // Without random numbers nothing else works either; the longest wait is the careful one.
    let random = getrandom::u32().unwrap_or(u32::MAX);
    most.mul_f64(f64::from(random) / f64::from(u32::MAX))
}

/// The `Retry-After` of an answer, in seconds or as a date (RFC 9110 §10.2.3).
pub(super) fn retry_after(headers: &HeaderMap, clock: &dyn Clock) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = Timestamp::parse_imf_fixdate(text)?;
    let seconds = date.seconds_since(clock.now());
    Some(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use countersign_core::ManualClock;

    use super::*;

    #[test]
    fn waits_grow_are_bounded_and_differ() {
        for number in [1, 2, 5, 6, 100, u32::MAX] {
            let pauses: Vec<_> = (0..50).map(|_| pause(number, None)).collect();
            assert!(pauses.iter().all(|pause| *pause <= LONGEST), "{number}");
            assert!(pauses.windows(2).any(|pair| pair[0] != pair[1]));
        }
        assert!(pause(1, None) <= FIRST);
        let asked = Duration::from_secs(3);
        assert!((asked..=asked + FIRST).contains(&pause(1, Some(asked))));
    }

    #[test]
    fn a_wait_may_be_given_in_seconds_or_as_a_date() {
        let clock = ManualClock::new(Timestamp::from_unix(1_348_748_096));
        let of = |text: &str| {
            let value = text.parse().unwrap();
            retry_after(&HeaderMap::from_iter([(RETRY_AFTER, value)]), &clock)
        };
        assert_eq!(of("7"), Some(Duration::from_secs(7)));
        let date = of("Thu, 27 Sep 2012 12:15:06 GMT");
        assert_eq!(date, Some(Duration::from_secs(10)));
        assert_eq!(of("Thu, 27 Sep 2012 12:14:00 GMT"), Some(Duration::ZERO));
        assert_eq!((of("soon"), of("-1")), (None, None));
    }
}
