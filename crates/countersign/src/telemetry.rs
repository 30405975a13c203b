//! What the operator learns: one span and one event for each verification, and metrics.
//!
//! Invariants: no secret, no signature and no unescaped byte from the wire goes into any of them;
//! the key id only as a hash, and never as a label.

use std::future::Future;
use std::hash::Hasher as _;
use std::sync::Arc;

use countersign_core::{
    Claim, KeyId, KeyLookup, KeySet, LookupError, ReplayCache, SchemeId, Timestamp,
};
use siphasher::sip::SipHasher13;

use crate::outcome::{Decision, Outcome};
use crate::rejection::Rejection;
use crate::schemes::{self, AnyScheme};

/// What is noted about a request on its way through the checks.
#[derive(Debug)]
pub(crate) struct Observation {
    started: Stopwatch,
    scheme: Option<SchemeId>,
    skew: Option<i64>,
    key: Option<u64>,
    deprecated: bool,
}

impl Observation {
    pub(crate) fn start() -> Self {
        Self {
            started: Stopwatch::start(),
            scheme: None,
            skew: None,
            key: None,
            deprecated: false,
        }
    }

    pub(crate) fn of_scheme(&mut self, scheme: SchemeId) {
        self.scheme = Some(scheme);
    }

    pub(crate) fn of_claim(&mut self, claim: &Claim<'_>, now: Timestamp) {
        self.of_scheme(claim.scheme());
        self.skew = claim.time().map(|time| time.seconds_since(now));
        // A fixed key: the same id has the same hash in every process and every log.
        let mut hasher = SipHasher13::new();
        hasher.write(claim.key_id().as_bytes());
        self.key = Some(hasher.finish());
    }

    pub(crate) fn deprecated(&mut self) {
        self.deprecated = true;
    }

    /// Ends the observation: emits the event and the metrics.
    pub(crate) fn finish<R: ReplayCache>(
        self,
        decision: Decision,
        rejection: Option<Rejection>,
        replay: &R,
    ) -> Outcome {
        let Self {
            started,
            scheme,
            skew,
            key,
            deprecated,
        } = self;
        let outcome = Outcome {
            decision,
            scheme,
            rejection: rejection.map(Box::new),
            skew,
            key,
            deprecated,
        };
        let seconds = started.seconds();
        emit_event(&outcome, seconds);
        count(&outcome, seconds, replay);
        outcome
    }
}

/// Measures how long something takes, where telemetry tells somebody; else nobody asks for the time.
#[derive(Debug)]
struct Stopwatch {
    #[cfg(any(feature = "tracing", feature = "metrics"))]
    started: std::time::Instant,
}

#[cfg(any(feature = "tracing", feature = "metrics"))]
impl Stopwatch {
    fn start() -> Self {
        Self {
            started: std::time::Instant::now(),
        }
    }

    fn seconds(&self) -> f64 {
        self.started.elapsed().as_secs_f64()
    }
}

#[cfg(not(any(feature = "tracing", feature = "metrics")))]
impl Stopwatch {
    const fn start() -> Self {
        Self {}
    }

    const fn seconds(&self) -> f64 {
        0.0
    }
}

#[cfg(feature = "tracing")]
fn emit_event(outcome: &Outcome, seconds: f64) {
    use std::error::Error as _;
    use std::fmt::Write as _;

    let mut source = String::new();
    let mut next = outcome.rejection().and_then(|rejection| rejection.source());
    while let Some(error) = next {
        let _ = write!(
            source,
            "{}{error}",
            if source.is_empty() { "" } else { ": " }
        );
        next = error.source();
    }
    macro_rules! decision {
        ($level:ident) => {
            tracing::$level!(
                target: "countersign",
                outcome = outcome.decision().name(),
                reason = outcome.reason().map(|reason| reason.code()),
                cause = outcome.cause().map(|cause| cause.name()),
                scheme = outcome.scheme().map(|scheme| scheme.name()),
                key = outcome.key_hash().map(|hash| format!("{hash:016x}")),
                skew_seconds = outcome.skew(),
                deprecated = outcome.deprecated(),
                seconds,
                error = (!source.is_empty()).then(|| source.escape_debug().to_string()),
                "decision"
            )
        };
    }
    match outcome
        .rejection()
        .map(|rejection| rejection.status().is_server_error())
    {
        Some(true) => decision!(error),
        Some(false) => decision!(info),
        None => decision!(debug),
    }
}

#[cfg(not(feature = "tracing"))]
const fn emit_event(_outcome: &Outcome, _seconds: f64) {}

#[cfg(feature = "metrics")]
fn count<R: ReplayCache>(outcome: &Outcome, seconds: f64, replay: &R) {
    use countersign_core::Reason;

    let scheme = outcome.scheme().map_or("none", SchemeId::name);
    let reason = outcome.reason().map_or("none", Reason::code);
    let decision = outcome.decision().name();
    metrics::counter!(
        "countersign_requests_total",
        "scheme" => scheme, "outcome" => decision, "reason" => reason
    )
    .increment(1);
    metrics::histogram!("countersign_verify_seconds", "scheme" => scheme).record(seconds);
    if outcome.deprecated() {
        metrics::counter!("countersign_deprecated_requests_total", "scheme" => scheme).increment(1);
    }
    if let Some(skew) = outcome.skew() {
        // A signed time is bounded by the parsers to a few times 10^18, where the loss of a few
        // seconds means nothing.
        #[allow(clippy::cast_precision_loss)]
        metrics::histogram!("countersign_clock_skew_seconds", "scheme" => scheme)
            .record(skew as f64);
    }
    if let Some(reason @ (Reason::NonceReplayed | Reason::ReplayStoreFull)) = outcome.reason() {
        metrics::counter!("countersign_replay_refused_total", "reason" => reason.code())
            .increment(1);
    }
    if let Some(occupancy) = replay.occupancy() {
        #[allow(clippy::cast_precision_loss)]
        let gauge = |value: usize| value as f64;
        metrics::gauge!("countersign_replay_entries").set(gauge(occupancy.entries));
        metrics::gauge!("countersign_replay_capacity").set(gauge(occupancy.capacity));
    }
}

#[cfg(not(feature = "metrics"))]
const fn count<R: ReplayCache>(_outcome: &Outcome, _seconds: f64, _replay: &R) {}

/// Runs `future` in the span of one verification.
#[cfg(feature = "tracing")]
pub(crate) fn in_span<F: Future>(future: F) -> impl Future<Output = F::Output> {
    use tracing::Instrument as _;
    future.instrument(tracing::info_span!(target: "countersign", "verify"))
}

#[cfg(not(feature = "tracing"))]
pub(crate) const fn in_span<F: Future>(future: F) -> F {
    future
}

/// Says once, when a layer is built, which of its schemes are weaker than they should be.
#[cfg_attr(not(feature = "tracing"), allow(unused_variables))]
pub(crate) fn warn_of_weak_schemes(schemes: &[AnyScheme]) {
    for (scheme, strength) in schemes::weak(schemes) {
        #[cfg(feature = "tracing")]
        tracing::warn!(
            target: "countersign",
            scheme = scheme.name(),
            strength = strength.name(),
            "the layer accepts a weak scheme; min_strength refuses it"
        );
    }
}

/// Measures how long looking keys up takes.
pub(crate) struct Timed<K>(pub(crate) Arc<K>);

impl<K: KeyLookup> KeyLookup for Timed<K> {
    type Principal = K::Principal;

    #[cfg(not(feature = "metrics"))]
    fn lookup(
        &self,
        id: KeyId<'_>,
    ) -> impl Future<Output = Result<Option<KeySet<K::Principal>>, LookupError>> + Send {
        self.0.lookup(id)
    }

    #[cfg(feature = "metrics")]
    fn lookup(
        &self,
        id: KeyId<'_>,
    ) -> impl Future<Output = Result<Option<KeySet<K::Principal>>, LookupError>> + Send {
        use futures_util::FutureExt as _;

        let started = Stopwatch::start();
        self.0.lookup(id).inspect(move |found| {
            let result = match found {
                Ok(Some(_)) => "found",
                Ok(None) => "unknown",
                Err(_) => "error",
            };
            metrics::histogram!("countersign_key_lookup_seconds", "result" => result)
                .record(started.seconds());
        })
    }
}
