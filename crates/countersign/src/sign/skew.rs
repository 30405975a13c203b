//! By how much the clocks of services differ from ours.
//!
//! Invariants: an offset is learned only from a service that was just called, and counts for that
//! service alone; never over a transport on which somebody else can answer, unless that was
//! allowed; never beyond [`MAX_OFFSET`]. How many are kept is bounded.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use countersign_core::Timestamp;

use super::authority::Destination;
use super::error::{CallError, CallErrorKind};

/// The furthest that a clock is followed. Wrong time zones and a day mistaken are within it; a
/// machine without a battery, which begins in 1970, is for its operator to set. It also bounds
/// how long before its time a request can come to be signed.
const MAX_OFFSET: Duration = Duration::from_secs(48 * 60 * 60);

/// The most services whose offset is kept. Only a service that was called can have one, and few
/// programs call a dozen; at about a hundred bytes each it is of no weight.
const MAX_SERVICES: usize = 1024;

/// From whom an offset is learned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trust {
    /// From nobody.
    Nobody,
    /// From services reached over TLS, or on this machine.
    Private,
    /// From whoever answers.
    Anybody,
}

/// The offsets learned, in seconds ahead of our clock, by the URL of the service.
#[derive(Debug, Default)]
pub(super) struct Offsets(Mutex<HashMap<Box<str>, i64>>);

impl Offsets {
    pub(super) fn of(&self, destination: &Destination) -> i64 {
        let offsets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if offsets.is_empty() {
            return 0;
        }
        let url = destination.url();
        offsets.get(url.as_str()).copied().unwrap_or_default()
    }

    fn set(&self, destination: &Destination, offset: i64) {
        let mut offsets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let url = destination.url().into_boxed_str();
        if offsets.len() >= MAX_SERVICES && !offsets.contains_key(&url) {
            // Whichever goes costs one more refused attempt.
            let some = offsets.keys().next().cloned();
            some.and_then(|some| offsets.remove(&some));
        }
        offsets.insert(url, offset);
    }
}

/// A request that was refused for its time.
#[derive(Debug)]
pub(super) struct Stale {
    /// When it was signed.
    pub(super) signed_at: Timestamp,
    /// What the service's clock showed.
    pub(super) server: Timestamp,
}

impl Stale {
    /// Follows the service's clock, if it may be followed.
    pub(super) fn adjust(
        &self,
        offsets: &Offsets,
        destination: &Destination,
        trust: Trust,
        now: Timestamp,
    ) -> Result<(), CallError> {
        let trusted = match trust {
            Trust::Nobody => {
                return Err(self.error(
                    destination,
                    "set this machine's clock, or allow SignLayer::adjust_clock",
                ));
            }
            Trust::Private => destination.is_private(),
            Trust::Anybody => true,
        };
        if !trusted {
            return Err(self.error(
                destination,
                "anybody on the way can have written that, so it is not followed; use https, or \
                 set this machine's clock",
            ));
        }
        let offset = self.server.seconds_since(now);
        if offset.unsigned_abs() > MAX_OFFSET.as_secs() {
            return Err(self.error(
                destination,
                "a difference of more than 48 hours is not followed; set this machine's clock",
            ));
        }
        offsets.set(destination, offset);
        report(destination, offset);
        Ok(())
    }

    pub(super) fn error(&self, destination: &Destination, advice: &str) -> CallError {
        CallError::new(
            CallErrorKind::ClockOff,
            format!(
                "{} refused the time of the request: its clock shows {}, and the request was \
                 signed at {}; {advice}",
                destination.url(),
                self.server,
                self.signed_at,
            ),
        )
    }
}

#[cfg_attr(not(feature = "tracing"), allow(unused_variables))]
fn report(destination: &Destination, offset: i64) {
    #[cfg(feature = "tracing")]
    tracing::warn!(
        target: "countersign",
        service = destination.url(),
        offset_seconds = offset,
        "the clock of a service is followed instead of this machine's"
    );
    #[cfg(feature = "metrics")]
    {
        // At most 48 hours.
        #[allow(clippy::cast_precision_loss)]
        metrics::histogram!("countersign_clock_offset_seconds").record(offset as f64);
    }
}

#[cfg(test)]
mod tests {
    use countersign_core::UrlScheme;
    use http::Request;

    use super::*;
    use crate::sign::authority::OtherHost;

    const NOW: Timestamp = Timestamp::from_unix(1_700_000_000);
    const DAY: i64 = 86_400;

    fn destination(uri: &str) -> Destination {
        let (parts, ()) = Request::get(uri).body(()).unwrap().into_parts();
        Destination::of(&parts, UrlScheme::Http, OtherHost::Refused).unwrap()
    }

    fn adjusted(uri: &str, trust: Trust, by: i64) -> Result<i64, String> {
        let (offsets, there) = (Offsets::default(), destination(uri));
        let stale = Stale {
            signed_at: NOW,
            server: NOW.plus(by),
        };
        let result = stale.adjust(&offsets, &there, trust, NOW);
        let offset = offsets.of(&there);
        match result {
            Ok(()) => Ok(offset),
            Err(error) => {
                assert_eq!((error.kind(), offset), (CallErrorKind::ClockOff, 0));
                Err(error.to_string())
            }
        }
    }

    #[test]
    fn a_clock_is_followed_up_to_48_hours() {
        assert_eq!(adjusted("https://h", Trust::Private, 2 * DAY), Ok(2 * DAY));
        assert_eq!(
            adjusted("https://h", Trust::Private, -2 * DAY),
            Ok(-2 * DAY)
        );
        for beyond in [2 * DAY + 1, -2 * DAY - 1, i64::MAX, i64::MIN] {
            let error = adjusted("https://h", Trust::Private, beyond).unwrap_err();
            assert!(error.contains("48 hours"), "{error}");
        }
    }

    #[test]
    fn a_clock_is_not_followed_where_anybody_can_answer() {
        let error = adjusted("http://h", Trust::Private, DAY).unwrap_err();
        assert!(error.contains("use https"), "{error}");
        assert_eq!(adjusted("http://localhost", Trust::Private, DAY), Ok(DAY));
        assert_eq!(adjusted("http://h", Trust::Anybody, DAY), Ok(DAY));
    }

    #[test]
    fn the_error_names_both_times() {
        let error = adjusted("https://h", Trust::Nobody, DAY).unwrap_err();
        assert_eq!(
            error,
            "https://h refused the time of the request: its clock shows Wed, 15 Nov 2023 22:13:20 \
             GMT, and the request was signed at Tue, 14 Nov 2023 22:13:20 GMT; set this machine's \
             clock, or allow SignLayer::adjust_clock"
        );
    }

    #[test]
    fn an_offset_counts_for_its_service_alone_and_their_number_is_bounded() {
        let offsets = Offsets::default();
        offsets.set(&destination("https://h"), DAY);
        assert_eq!(offsets.of(&destination("https://H:443")), DAY);
        for other in ["http://h", "https://h:8443", "https://other"] {
            assert_eq!(offsets.of(&destination(other)), 0, "{other}");
        }
        for number in 0..=MAX_SERVICES {
            offsets.set(&destination(&format!("https://h{number}")), DAY);
        }
        assert_eq!(offsets.0.lock().unwrap().len(), MAX_SERVICES);
    }
}
