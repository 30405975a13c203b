//! Two clocks: the server's, which ends entries, and the gateways', which end windows.
//!
//! Invariant: an entry outlives its window on every gateway whose clock is within [`MARGIN`] of
//! the server's, and no claim is accepted over a server whose clock is not.

use std::time::Duration;

use countersign_core::Timestamp;

use crate::fault::Fault;

/// How far the clocks of server and gateway may be apart. NTP keeps machines within a tenth of a
/// second of each other, so whoever is off by 5 s has no working clock.
pub(crate) const MARGIN: Duration = Duration::from_secs(5);

/// The longest a claim may be set to take. Longer, and the second in which it began says little
/// about the server's clock when it arrived.
pub(crate) const MAX_TIMEOUT: Duration = Duration::from_secs(4);

/// How long an entry is kept after its request is stale by the gateway's clock: what the server's
/// may be ahead, the time of a claim, and the fraction of a second that timestamps do not have.
const KEPT_LONGER: i64 = 10;

/// A time of the server, in milliseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ServerTime(pub(crate) i64);

impl ServerTime {
    /// When an entry that must be kept until `stale` ends.
    pub(crate) fn expiry(stale: Timestamp) -> Self {
        Self(stale.plus(KEPT_LONGER).as_unix().saturating_mul(1000))
    }

    /// The second, rounded down.
    pub(crate) fn second(self) -> Timestamp {
        Timestamp::from_unix(self.0.div_euclid(1000))
    }

    /// That the server's clock agrees with the gateway's, which stood at `before` when the server
    /// was asked, at most [`MAX_TIMEOUT`] ago.
    pub(crate) fn agrees_with(self, before: Timestamp) -> Result<(), Fault> {
        let ahead_seconds = self.second().seconds_since(before);
        let margin = seconds(MARGIN);
        // The gateway's second began up to a second ago.
        let latest = margin
            .saturating_add(seconds(MAX_TIMEOUT))
            .saturating_add(1);
        if ahead_seconds < margin.saturating_neg() || ahead_seconds > latest {
            return Err(Fault::Clock { ahead_seconds });
        }
        Ok(())
    }
}

fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_agree_within_the_margin_on_either_side() {
        let gateway = Timestamp::from_unix(1000);
        for (server, agrees) in [
            (994_999, false),
            (995_000, true),
            (1_000_000, true),
            (1_010_999, true),
            (1_011_000, false),
        ] {
            assert_eq!(
                ServerTime(server).agrees_with(gateway).is_ok(),
                agrees,
                "{server}"
            );
        }
    }

    #[test]
    fn an_entry_outlives_the_farthest_clock_that_is_still_accepted() {
        let stale = Timestamp::from_unix(1000);
        // The last second in which a gateway calls the request fresh.
        let gateway = Timestamp::from_unix(999);
        let server = (0..30_000)
            .map(|ahead| ServerTime(999_000 + ahead))
            .filter(|server| server.agrees_with(gateway).is_ok())
            .max()
            .unwrap();
        assert!(ServerTime::expiry(stale) >= server);
    }
}
