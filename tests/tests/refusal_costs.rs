//! What a refusal costs: MACs, lookups and allocations, counted. In a program of its own, for the
//! counting allocator is the program's.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::indexing_slicing)]

use allocation_counter::measure;
use countersign::{Cause, KeySet, Outcome, Reason, SchemeId, SigningKey, StaticKeys, VerifyLayer};
use countersign_tests::{
    Asked, Bench, Case, Counting, Echo, NOW, TestKeys, Wire, fresh_nonce, secret,
};
use futures_util::FutureExt as _;
use tower::{Layer as _, Service as _};

/// What one request made the layer do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cost {
    macs: usize,
    lookups: usize,
    allocations: u64,
}

struct Counted {
    case: Case,
    bench: Bench,
    counting: Counting,
    asked: Asked,
    layer: VerifyLayer<TestKeys>,
}

impl Counted {
    fn new(case: &Case) -> Self {
        let bench = Bench::new();
        let counting = Counting::new(case.shared_scheme());
        let other = match case.scheme().id() {
            SchemeId::AUTH_KEY => SchemeId::MAC,
            _ => SchemeId::AUTH_KEY,
        };
        let key = |id: &str| case.key_of(id, &secret(id));
        let keys = TestKeys::new(StaticKeys::new([
            key("known-id"),
            key("aged--id").not_after(NOW.plus(-1)),
            key("early-id").not_before(NOW.plus(1)),
            key("other-id").schemes([other]),
        ]));
        let asked = keys.asked();
        let layer = VerifyLayer::any([counting.clone().into()], keys);
        Self {
            case: case.clone(),
            layer: bench.around(layer),
            bench,
            counting,
            asked,
        }
    }

    fn signed(&self, key: &SigningKey) -> Wire {
        let wire = Wire::post("/users/7", "hello");
        self.case.sign_as(&wire, key, NOW, Some(&fresh_nonce()))
    }

    fn badly_signed(&self, id: &str) -> Wire {
        self.signed(&self.case.key_of(id, &secret("wrong")))
    }

    /// Refuses `wire` a few times, and counts once everything that is made once has been made.
    fn refuse(&self, wire: &Wire) -> (Cost, Outcome) {
        let mut last = None;
        for _ in 0..3 {
            let mut service = self.layer.clone().layer(Echo::default());
            let request = wire.request_in_memory();
            self.counting.take();
            let before = self.asked.times();
            let mut answer = None;
            let counted = measure(|| answer = service.call(request).now_or_never());
            let response = answer.expect("nothing waits").unwrap();
            let outcome = response.extensions().get::<Outcome>().cloned();
            last = Some((
                Cost {
                    macs: self.counting.take(),
                    lookups: self.asked.times().saturating_sub(before),
                    allocations: counted.count_total,
                },
                outcome.expect("the layer says what it decided"),
            ));
        }
        assert_eq!(self.bench.replay.len(), 0, "{}", self.case);
        last.expect("three times")
    }
}

#[test]
fn bad_35_and_36_every_bad_key_costs_the_same_macs_lookups_and_allocations() {
    for case in Case::signing() {
        let counted = Counted::new(&case);
        let (expected, outcome) = counted.refuse(&counted.badly_signed("known-id"));
        assert_eq!(outcome.cause(), Some(Cause::SignatureMismatch), "{case}");
        assert_eq!(expected.macs, KeySet::<String>::MAX_ACTIVE, "{case}");
        assert_eq!(expected.lookups, 1, "{case}");
        for (id, cause) in [
            ("nobodies", Cause::UnknownKey),
            ("aged--id", Cause::KeyExpired),
            ("early-id", Cause::KeyNotYetValid),
            ("other-id", Cause::SchemeNotAllowed),
        ] {
            let (cost, outcome) = counted.refuse(&counted.badly_signed(id));
            assert_eq!(outcome.cause(), Some(cause), "{case}");
            assert_eq!(cost, expected, "{case} {cause:?}");
        }
    }
}

#[test]
fn what_the_head_alone_decides_costs_no_mac_and_no_lookup_and_no_more_allocations() {
    for case in Case::signing() {
        let counted = Counted::new(&case);
        let (bad_key, _) = counted.refuse(&counted.badly_signed("known-id"));
        let good = counted.signed(&case.key_of("known-id", &secret("known-id")));
        let stale = {
            let key = case.key_of("known-id", &secret("known-id"));
            let wire = Wire::post("/users/7", "hello");
            case.sign_as(&wire, &key, NOW.plus(-10_000), Some(&fresh_nonce()))
        };
        let header = case.credential_header();
        for (wire, reason) in [
            (stale, Reason::TimestampExpired),
            (
                good.clone().header(header, "a second one"),
                Reason::DuplicateHeader,
            ),
            (Wire::post("/users/7", "hello"), Reason::MissingCredentials),
        ] {
            let (cost, outcome) = counted.refuse(&wire);
            assert_eq!(outcome.reason(), Some(reason), "{case}");
            assert_eq!((cost.macs, cost.lookups), (0, 0), "{case} {reason:?}");
            assert!(
                cost.allocations <= bad_key.allocations,
                "{case} {reason:?}: {cost:?}, {bad_key:?}"
            );
        }
    }
}
