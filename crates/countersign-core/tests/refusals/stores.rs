//! The replay store: two layers over one, one layer over one that fails.

use std::error::Error;

use countersign_core::{
    Cause, ClaimedNonce, FirstUse, ManualClock, NonceKey, NonceLife, Reason, Refusal, ReplayCache,
    ReplayError, Scheme, StoreId,
};

use crate::common::{NOW, SECRET, Seen, Service, Variant, ready, variants};
use crate::replay::signed;

/// What two layers, one inside the other, make of one request.
fn through_two(variant: &Variant, outer: &Seen, inner: &Seen) -> Result<(), Refusal> {
    let request = signed(variant, 0, "n");
    let mut service = Service::new([variant.key()]);
    service.replay = outer.clone();
    let claimed = service.verify(&*variant.scheme, &request)?.claimed_nonce();
    service.replay = inner.clone();
    let claim = request.claim(&*variant.scheme).expect("claimed")?;
    let checked = service.check(&*variant.scheme, &request, &claim)?;
    let verified = service.accept(checked, &request, NOW, claimed)?;
    assert_eq!(verified.claimed_nonce().is_some(), claimed.is_some());
    Ok(())
}

#[test]
fn a_second_layer_over_the_same_store_sees_no_replay_of_itself() {
    for variant in variants() {
        let store = Seen::default();
        let result = through_two(&variant, &store, &store.clone());
        assert!(result.is_ok(), "{}: {result:?}", variant.name);
        assert_eq!(store.len(), 1);
    }
}

#[test]
fn a_second_layer_over_another_store_claims_there_too() {
    for variant in variants() {
        let (outer, inner) = (Seen::default(), Seen::default());
        let result = through_two(&variant, &outer, &inner);
        assert!(result.is_ok(), "{}: {result:?}", variant.name);
        assert_eq!((outer.len(), inner.len()), (1, 1));
    }
}

#[test]
fn the_mark_of_one_request_does_not_excuse_another() {
    for variant in variants() {
        let service = Service::new([variant.key()]);
        let scheme = &*variant.scheme;
        let replayed = signed(&variant, 0, "n");
        service.verify(scheme, &replayed).expect(variant.name);
        let other = [signed(&variant, 1, "n"), signed(&variant, -1, "m")];
        for other in other {
            let mark = service
                .verify(scheme, &other)
                .expect(variant.name)
                .claimed_nonce();
            assert!(mark.is_some(), "{}", variant.name);
            let claim = replayed.claim(scheme).expect("claimed").expect("read");
            let checked = service.check(scheme, &replayed, &claim);
            let checked = checked.expect(variant.name);
            let result = service.accept(checked, &replayed, NOW, mark);
            let refusal = result.expect_err("refused").reason();
            assert_eq!(refusal, Reason::NonceReplayed, "{}", variant.name);
        }
    }
}

/// Fails every claim in one way.
#[derive(Clone, Debug)]
struct Failing(ReplayError);

impl ReplayCache for Failing {
    async fn claim(&self, _: NonceKey<'_>, _: NonceLife) -> Result<FirstUse, ReplayError> {
        Err(self.0.clone())
    }

    fn store_id(&self) -> StoreId {
        StoreId::named("failing")
    }
}

fn failed(error: ReplayError, already: Option<ClaimedNonce>) -> Refusal {
    let variant = &variants()[0];
    let request = signed(variant, 0, "n");
    let scheme: &dyn Scheme = &*variant.scheme;
    let service = Service::new([variant.key()]);
    let claim = request.claim(scheme).expect("claimed").expect("read");
    let checked = service.check(scheme, &request, &claim);
    let checked = checked.expect("checked");
    let clock = ManualClock::new(NOW);
    let result =
        ready(checked.accept(&request.method, &Failing(error), &clock, already.as_slice()));
    result.map(|_| SECRET).expect_err("refused")
}

#[test]
fn bad_85_and_89_a_store_that_cannot_remember_refuses() {
    for (error, reason, status, cause) in [
        (ReplayError::Full, Reason::ReplayStoreFull, 503, None),
        (
            ReplayError::KeyQuota,
            Reason::ReplayStoreFull,
            503,
            Some(Cause::KeyQuota),
        ),
        (
            ReplayError::unavailable("no route"),
            Reason::ReplayStoreUnavailable,
            503,
            None,
        ),
        (ReplayError::Replayed, Reason::NonceReplayed, 401, None),
        (ReplayError::Expired, Reason::TimestampExpired, 401, None),
        (
            ReplayError::SignedBeforeStart,
            Reason::TimestampExpired,
            401,
            Some(Cause::SignedBeforeStart),
        ),
    ] {
        let refusal = failed(error, None);
        assert_eq!((refusal.reason(), refusal.cause()), (reason, cause));
        assert_eq!(refusal.reason().status(), status);
        assert!(!refusal.to_string().contains("route"));
        assert_eq!(
            refusal.source().is_some(),
            reason == Reason::ReplayStoreUnavailable
        );
    }
}
