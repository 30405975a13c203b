//! Wrong signatures, counted by where they come from: first slowed, then refused for a time.
//!
//! Only whoever guesses is held up. A right signature sets nothing back, or the holder of one
//! account could guess another's password between its own logins; what is counted is forgotten
//! two hours after the last wrong one.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use moka::ops::compute::Op;
use moka::sync::Cache;
use tokio::time::Instant;

/// How many wrong signatures cost nothing: people mistype.
const FREE: u32 = 3;

/// From which wrong signature on an endpoint is refused.
const REFUSED_FROM: u32 = 10;

/// How long the first answer that is slowed waits; each one after it waits twice as long.
const FIRST_DELAY: Duration = Duration::from_millis(250);

/// For how long an endpoint is refused first, in seconds; each wrong signature after it doubles it.
const FIRST_REFUSAL: u64 = 60;

/// The longest refusal, in seconds.
const LONGEST_REFUSAL: u64 = 3600;

/// How long wrong signatures are remembered after the last one: beyond the longest refusal.
const MEMORY: Duration = Duration::from_secs(2 * LONGEST_REFUSAL);

/// How many endpoints are remembered. Whoever has more than these is not held up by forgetting
/// none of them either.
const MOST_ENDPOINTS: u64 = 65_536;

/// Where a request comes from: an address, or the network of an IPv6 customer. All whose address is
/// not known are one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Endpoint(pub(crate) Option<IpAddr>);

#[derive(Clone, Copy)]
struct Record {
    wrong: u32,
    refused_until: Option<Instant>,
}

/// The wrong signatures of every endpoint.
pub(super) struct Trials(Cache<Endpoint, Record>);

/// What follows from one more wrong signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Consequence {
    /// To answer, after so long.
    Answer(Duration),
    /// To refuse the endpoint for so many seconds.
    Refuse(u64),
}

impl Trials {
    pub(super) fn new() -> Self {
        let cache = Cache::builder()
            .max_capacity(MOST_ENDPOINTS)
            .time_to_live(MEMORY)
            .build();
        Self(cache)
    }

    /// For how many seconds an endpoint is refused, if it is.
    pub(super) fn refused(&self, endpoint: Endpoint) -> Option<u64> {
        seconds_until(self.0.get(&endpoint)?.refused_until?)
    }

    /// Counts a wrong signature.
    pub(super) fn wrong(&self, endpoint: Endpoint) -> Consequence {
        let mut consequence = Consequence::Answer(Duration::ZERO);
        // One step: of many at once, each counts.
        self.0.entry(endpoint).and_compute_with(|record| {
            let before = record.map_or(0, |entry| entry.into_value().wrong);
            let wrong = before.saturating_add(1);
            consequence = Self::consequence_of(wrong);
            let refused_until = match consequence {
                Consequence::Answer(_) => None,
                Consequence::Refuse(seconds) => {
                    Instant::now().checked_add(Duration::from_secs(seconds))
                }
            };
            Op::Put(Record {
                wrong,
                refused_until,
            })
        });
        consequence
    }

    fn consequence_of(wrong: u32) -> Consequence {
        if let Some(doublings) = wrong.checked_sub(REFUSED_FROM) {
            let factor = 1_u64.checked_shl(doublings).unwrap_or(u64::MAX);
            let seconds = FIRST_REFUSAL.saturating_mul(factor);
            // Shifted out of range by ever more wrong ones, it stays the longest.
            return Consequence::Refuse(match seconds {
                1..LONGEST_REFUSAL => seconds,
                _ => LONGEST_REFUSAL,
            });
        }
        Consequence::Answer(match wrong.saturating_sub(FREE).checked_sub(1) {
            None => Duration::ZERO,
            Some(doublings) => FIRST_DELAY.saturating_mul(2_u32.saturating_pow(doublings)),
        })
    }
}

impl fmt::Debug for Trials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Trials({} endpoints)", self.0.entry_count())
    }
}

/// The whole seconds until `end`, rounded up; none when it has come.
fn seconds_until(end: Instant) -> Option<u64> {
    let left = end.checked_duration_since(Instant::now())?;
    let whole = left.as_secs();
    let seconds = if left.subsec_nanos() > 0 {
        whole.saturating_add(1)
    } else {
        whole
    };
    (seconds > 0).then_some(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(text: &str) -> Endpoint {
        Endpoint(Some(text.parse().unwrap()))
    }

    #[tokio::test(start_paused = true)]
    async fn wrong_signatures_are_slowed_then_refused_and_others_are_not() {
        let trials = Trials::new();
        let (bad, good) = (endpoint("192.0.2.1"), endpoint("192.0.2.2"));
        let consequences: Vec<_> = (0..12).map(|_| trials.wrong(bad)).collect();
        let answer = |millis| Consequence::Answer(Duration::from_millis(millis));
        assert_eq!(
            consequences,
            [
                answer(0),
                answer(0),
                answer(0),
                answer(250),
                answer(500),
                answer(1000),
                answer(2000),
                answer(4000),
                answer(8000),
                Consequence::Refuse(60),
                Consequence::Refuse(120),
                Consequence::Refuse(240),
            ]
        );
        assert_eq!(trials.refused(bad), Some(240));
        assert_eq!(trials.refused(good), None);
        assert_eq!(trials.wrong(good), answer(0));
        tokio::time::advance(Duration::from_millis(239_500)).await;
        assert_eq!(trials.refused(bad), Some(1));
        tokio::time::advance(Duration::from_millis(500)).await;
        assert_eq!(trials.refused(bad), None);
        // What was counted still counts.
        assert_eq!(trials.wrong(bad), Consequence::Refuse(480));
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_never_gets_longer_than_an_hour() {
        for wrong in [16, 40, 64, 74, 80, 1000, u32::MAX] {
            let consequence = Trials::consequence_of(wrong);
            assert_eq!(consequence, Consequence::Refuse(3600), "{wrong}");
        }
    }

    #[tokio::test]
    async fn of_many_at_once_each_counts() {
        let trials = Trials::new();
        let bad = endpoint("192.0.2.1");
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..4 {
                        trials.wrong(bad);
                    }
                });
            }
        });
        assert_eq!(trials.0.get(&bad).map(|it| it.wrong), Some(16));
    }
}
