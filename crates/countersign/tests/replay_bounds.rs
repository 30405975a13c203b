//! The bounds of the replay cache: what happens when they are reached, and how room comes back.
#![cfg(feature = "mac")]
#![allow(clippy::unwrap_used, clippy::arithmetic_side_effects)]

mod replay_support;

use countersign::replay::MokaReplayCache;
use countersign::{ManualClock, ReplayCache, Timestamp};

use replay_support::{Answer, Caller, Random, cache, seen};

#[test]
fn bad_85_a_full_cache_refuses_and_forgets_nothing() {
    let (cache, alice) = (cache(1000), Caller::new("alice"));
    let second = |number: i64| seen(1000 + number % 300, 1300);
    let nonce = |number: i64| format!("nonce-{number}");
    for number in 0..1000 {
        let answer = alice.claim(&cache, &nonce(number), second(number));
        assert_eq!(answer, Answer::Accepted);
    }
    let mut random = Random(85);
    for _ in 0..20 {
        for number in 1000..2000 {
            let answer = alice.claim(&cache, &nonce(number), second(number));
            assert_eq!(answer, Answer::Full);
        }
        for _ in 0..1000 {
            let number = i64::try_from(random.below(1000)).unwrap();
            let answer = alice.claim(&cache, &nonce(number), second(number));
            assert_eq!(answer, Answer::Replayed);
        }
    }
    let occupancy = cache.occupancy().unwrap();
    assert_eq!((occupancy.entries, occupancy.capacity), (1000, 1000));
}

#[test]
fn bad_85_room_comes_back_with_the_end_of_the_window_all_of_it_and_not_before() {
    let (cache, alice) = (cache(1000), Caller::new("alice"));
    let fill = |signed_at, now, expected| {
        for number in 0..1000 {
            let nonce = format!("nonce-{number}");
            assert_eq!(alice.claim(&cache, &nonce, seen(signed_at, now)), expected);
        }
    };
    fill(1000, 1000, Answer::Accepted);
    fill(1300, 1300, Answer::Full);
    fill(1301, 1301, Answer::Accepted);
    fill(1302, 1302, Answer::Full);
    fill(1301, 1302, Answer::Replayed);
    assert_eq!(cache.len(), 1000);
}

#[test]
fn bad_86_a_flood_from_one_key_meets_its_quota_and_others_are_served() {
    let cache = MokaReplayCache::builder()
        .capacity(100)
        .per_key(60)
        .clock(ManualClock::new(Timestamp::from_unix(0)))
        .build()
        .unwrap();
    let (alice, bob) = (Caller::new("alice"), Caller::new("bob"));
    let claim = |caller: &Caller, number: i64| {
        caller.claim(
            &cache,
            &format!("nonce-{number}"),
            seen(1000 + number, 1000),
        )
    };
    assert_eq!(claim(&bob, 0), Answer::Accepted);
    let flood: Vec<_> = (0..1000)
        .map(|number| claim(&alice, number % 300))
        .collect();
    assert!(
        flood
            .iter()
            .take(60)
            .all(|answer| *answer == Answer::Accepted)
    );
    assert!(
        !flood
            .iter()
            .skip(60)
            .any(|answer| *answer == Answer::Accepted)
    );
    assert!(flood.contains(&Answer::KeyQuota));
    // The captured request of another is still known, and that other can go on.
    assert_eq!(claim(&bob, 0), Answer::Replayed);
    for number in 1..40 {
        assert_eq!(claim(&bob, number), Answer::Accepted);
    }
    // Only now is it full for everybody.
    assert_eq!(claim(&bob, 40), Answer::Full);
    assert_eq!(claim(&alice, 299), Answer::Full);
    assert_eq!(claim(&alice, 59), Answer::Replayed);
}

#[test]
fn the_quota_of_a_key_comes_back_with_the_end_of_the_window() {
    let cache = MokaReplayCache::builder()
        .capacity(100)
        .per_key(50)
        .clock(ManualClock::new(Timestamp::from_unix(0)))
        .build()
        .unwrap();
    let alice = Caller::new("alice");
    for start in [1000, 1301, 1602] {
        for number in 0..50 {
            let nonce = format!("nonce-{number}");
            assert_eq!(
                alice.claim(&cache, &nonce, seen(start, start)),
                Answer::Accepted
            );
        }
        assert_eq!(
            alice.claim(&cache, "more", seen(start, start + 300)),
            Answer::KeyQuota
        );
    }
}

#[test]
fn the_quota_of_a_key_comes_back_at_once_however_much_is_dropped_with_it() {
    let cache = MokaReplayCache::builder()
        .capacity(10_000)
        .per_key(100)
        .clock(ManualClock::new(Timestamp::from_unix(0)))
        .build()
        .unwrap();
    let names = (0..50).map(|number| format!("caller-{number}"));
    let callers: Vec<_> = names.map(|name| Caller::new(&name)).collect();
    for start in [1000, 1301] {
        for caller in &callers {
            for number in 0..100 {
                let nonce = format!("nonce-{number}");
                let answer = caller.claim(&cache, &nonce, seen(start, start));
                assert_eq!(answer, Answer::Accepted);
            }
        }
    }
}

#[test]
fn after_everything_expired_only_what_came_later_is_counted() {
    let cache = cache(200_000);
    let callers: Vec<_> = (0..50)
        .map(|n| Caller::new(&format!("caller-{n}")))
        .collect();
    for number in 0..100_000_i64 {
        let caller = callers.get(usize::try_from(number % 50).unwrap()).unwrap();
        let life = seen(1000 + number % 361, 1300);
        assert_eq!(
            caller.claim(&cache, &format!("nonce-{number}"), life),
            Answer::Accepted
        );
    }
    assert_eq!(cache.len(), 100_000);
    let alice = Caller::new("alice");
    let mut later = 0;
    while cache.len() > later {
        let nonce = format!("later-{later}");
        assert_eq!(
            alice.claim(&cache, &nonce, seen(2000, 2000)),
            Answer::Accepted
        );
        later += 1;
        assert!(later < 100_000, "a claim gives back more than it takes");
    }
    assert_eq!(cache.len(), later);
}

#[test]
fn bad_101_a_million_requests_of_one_second_are_dropped_without_a_stall() {
    const MILLION: usize = 1_000_000;
    let (cache, alice) = (cache(2 * MILLION), Caller::new("alice"));
    for number in 0..MILLION {
        let answer = alice.claim(&cache, &number.to_string(), seen(1000, 1000));
        assert_eq!(answer, Answer::Accepted);
    }
    for number in (0..MILLION).step_by(97) {
        let answer = alice.claim(&cache, &number.to_string(), seen(1000, 1300));
        assert_eq!(answer, Answer::Replayed);
    }
    let mut before = cache.len();
    assert_eq!(before, MILLION);
    for number in 0..MILLION / 4 {
        let nonce = number.to_string();
        assert_eq!(
            alice.claim(&cache, &nonce, seen(1301, 1301)),
            Answer::Accepted
        );
        // What one claim gives back is bounded, so what it takes is as well.
        assert!(before.saturating_sub(cache.len()) < 16);
        before = cache.len();
    }
    assert_eq!(cache.len(), MILLION / 4);
}
