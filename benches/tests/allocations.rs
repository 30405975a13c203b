//! How often the checks allocate, exactly: what is stored here changes only on purpose.
//!
//! A slice of the replay cache grows by allocating, as any table does, so single requests that are
//! remembered may allocate for all that follow. For those the middle of many requests counts.

use allocation_counter::measure;
use countersign::{AuthKey, HmacAuth, Moxie, SchemeId};
use countersign_benches::contest::Once;
use countersign_benches::layered::Layered;
use countersign_benches::paths::{self, Fault, Remembered, Service};
use countersign_benches::requests::Received;
use http::StatusCode;

/// Enough for a thousand requests to be of one second.
const LIVE: u32 = 400_000;

/// The middle of many counts, once everything that is kept has been made.
fn allocations(once: &mut Once<'_>) -> u64 {
    let counts = (0..301).map(|_| {
        let mut done = false;
        let counted = measure(|| done = once()).count_total;
        assert!(done, "the request was not judged as it should be");
        counted
    });
    middle(counts.skip(100).collect())
}

fn middle(mut counts: Vec<u64>) -> u64 {
    let half = counts.len() / 2;
    *counts.select_nth_unstable(half).1
}

#[test]
fn the_core_accepts_without_allocating() {
    let service = Service::new(LIVE).unwrap();
    for scheme in &paths::schemes() {
        for (remembered, body) in [
            (Remembered::Nothing, 0),
            (Remembered::Everything, 0),
            (Remembered::Everything, 4096),
        ] {
            let mut once = service.accepting(&**scheme, remembered, body).unwrap();
            let counted = allocations(&mut once);
            assert_eq!(counted, 0, "{} {remembered:?} {body}", scheme.id());
        }
    }
}

#[test]
fn the_core_refuses_without_allocating() {
    let service = Service::new(1000).unwrap();
    for scheme in &paths::schemes() {
        for fault in Fault::ALL {
            let mut once = service.refusing(&**scheme, fault).unwrap();
            assert_eq!(allocations(&mut once), 0, "{} {fault}", scheme.id());
        }
    }
}

/// One is of the layer: the future, which has no name that a type could have. Seven are those of
/// `http::Extensions`, in which the request carries its caller and the response its outcome: for
/// each of the two a table, the box it is in, and what it holds. Four come with tracing and
/// metrics, which have their own use for what was decided.
const THROUGH_THE_LAYER: u64 = 12;

#[test]
fn the_layer_allocates_its_future_and_what_it_hands_on() {
    let layered = [
        Layered::new(AuthKey::default(), LIVE).unwrap(),
        Layered::new(HmacAuth::sha1(), LIVE).unwrap(),
        Layered::new(Moxie::default(), LIVE).unwrap(),
    ];
    for (scheme, mut layered) in paths::schemes().iter().zip(layered) {
        let received = Received::get(&**scheme, 0).unwrap();
        let counts = (0..201).map(|_| {
            let request = Layered::request(&received);
            let mut status = None;
            let counted = measure(|| status = layered.answer(request)).count_total;
            assert_eq!(status, Some(StatusCode::OK));
            counted
        });
        let expected = match scheme.id() {
            // Its GETs are not remembered, so there is no claim to hand on.
            SchemeId::HMAC_AUTH => THROUGH_THE_LAYER - 1,
            _ => THROUGH_THE_LAYER,
        };
        let counted = middle(counts.skip(100).collect());
        assert_eq!(counted, expected, "{}", scheme.id());
    }
}
