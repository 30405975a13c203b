//! What the replay cache accepts and what it refuses, at which second.
#![cfg(feature = "mac")]
#![allow(clippy::unwrap_used, clippy::arithmetic_side_effects)]

mod replay_support;

use std::time::Duration;

use countersign::replay::{MokaReplayCache, RestartGuard};
use countersign::{ManualClock, NonceCase, ReplayCache, SchemeId, Timestamp, Window};

use replay_support::{Answer, Caller, cache, seen, seen_in};

/// When the layers over the caches are built.
const START: Timestamp = Timestamp::from_unix(1000);

#[test]
fn bad_81_an_exact_replay_is_refused() {
    let (cache, alice) = (cache(10), Caller::new("alice"));
    assert_eq!(alice.claim(&cache, "n", seen(1000, 1000)), Answer::Accepted);
    for now in [1000, 1001, 1150, 1300] {
        assert_eq!(alice.claim(&cache, "n", seen(1000, now)), Answer::Replayed);
    }
    assert_eq!(cache.len(), 1);
}

#[test]
fn bad_90_one_nonce_is_good_once_for_each_key_scheme_and_second() {
    let cache = cache(10);
    let (alice, bob) = (Caller::new("alice"), Caller::new("bob"));
    let other_scheme = Caller::new("alice").scheme(SchemeId::MAC);
    for round in [Answer::Accepted, Answer::Replayed] {
        assert_eq!(alice.claim(&cache, "n", seen(1000, 1000)), round);
        assert_eq!(alice.claim(&cache, "m", seen(1000, 1000)), round);
        assert_eq!(bob.claim(&cache, "n", seen(1000, 1000)), round);
        assert_eq!(other_scheme.claim(&cache, "n", seen(1000, 1000)), round);
    }
    assert_eq!(cache.len(), 4);
}

#[test]
fn bad_91_one_nonce_with_another_signed_time_is_another_request() {
    let (cache, alice) = (cache(10), Caller::new("alice"));
    for signed_at in [999, 1000, 1001] {
        let life = seen(signed_at, 1000);
        assert_eq!(alice.claim(&cache, "n", life), Answer::Accepted);
        assert_eq!(alice.claim(&cache, "n", life), Answer::Replayed);
    }
}

#[test]
fn bad_95_a_request_from_the_future_is_remembered_until_its_own_window_ends() {
    let (cache, alice) = (cache(10), Caller::new("alice"));
    assert_eq!(alice.claim(&cache, "n", seen(1060, 1000)), Answer::Accepted);
    for now in [1300, 1301, 1359, 1360] {
        assert_eq!(alice.claim(&cache, "n", seen(1060, now)), Answer::Replayed);
    }
    assert_eq!(alice.claim(&cache, "n", seen(1060, 1361)), Answer::Expired);
}

#[test]
fn bad_96_a_replay_in_other_case_is_one_where_the_scheme_folds_it() {
    let (cache, alice) = (cache(10), Caller::new("alice"));
    let life = seen(1000, 1000);
    let claim = |nonce, case| alice.claim_timed(&cache, nonce, case, life).0;
    assert_eq!(claim("Nonce", NonceCase::Folded), Answer::Accepted);
    assert_eq!(claim("nONCE", NonceCase::Folded), Answer::Replayed);
    assert_eq!(claim("Nonce", NonceCase::Exact), Answer::Accepted);
    assert_eq!(claim("nONCE", NonceCase::Exact), Answer::Accepted);
}

#[test]
fn bad_102_nonces_of_every_length_and_with_one_byte_between_them_are_different() {
    let (cache, alice) = (cache(100_000), Caller::new("alice"));
    let mut nonces = Vec::new();
    for length in 1..=256 {
        nonces.push("a".repeat(length));
        for place in [0, length / 2, length - 1] {
            for other in ["b", "A", "~"] {
                let mut nonce = "a".repeat(length);
                nonce.replace_range(place..=place, other);
                nonces.push(nonce);
            }
        }
    }
    nonces.sort();
    nonces.dedup();
    for round in [Answer::Accepted, Answer::Replayed] {
        for nonce in &nonces {
            assert_eq!(alice.claim(&cache, nonce, seen(1000, 1000)), round);
        }
    }
    assert_eq!(cache.len(), nonces.len());
}

#[test]
fn a_request_is_remembered_through_its_last_fresh_second_and_then_gives_back_its_room() {
    let (cache, alice) = (cache(10), Caller::new("alice"));
    cache.prepare(Window::DEFAULT, START);
    assert_eq!(alice.claim(&cache, "n", seen(1000, 1000)), Answer::Accepted);
    assert_eq!(alice.claim(&cache, "m", seen(1300, 1300)), Answer::Accepted);
    assert_eq!(
        (alice.claim(&cache, "n", seen(1000, 1300)), cache.len()),
        (Answer::Replayed, 2)
    );
    assert_eq!(alice.claim(&cache, "m", seen(1301, 1301)), Answer::Accepted);
    assert_eq!(cache.len(), 2);
    assert_eq!(alice.claim(&cache, "n", seen(1000, 1301)), Answer::Expired);
}

#[test]
fn a_clock_set_back_does_not_bring_back_what_was_dropped() {
    let (cache, alice) = (cache(10), Caller::new("alice"));
    for signed_at in [1000, 1010] {
        assert_eq!(
            alice.claim(&cache, "n", seen(signed_at, 1010)),
            Answer::Accepted
        );
    }
    // Drops second 1000 and keeps 1010.
    assert_eq!(alice.claim(&cache, "n", seen(1301, 1301)), Answer::Accepted);
    for now in [1300, 1000, 940] {
        assert_eq!(alice.claim(&cache, "n", seen(1000, now)), Answer::Expired);
        assert_eq!(alice.claim(&cache, "n", seen(1010, now)), Answer::Replayed);
        assert_eq!(alice.claim(&cache, "new", seen(999, now)), Answer::Expired);
    }
}

#[test]
fn a_clock_that_leaps_ahead_and_returns_refuses_what_it_made_the_cache_forget() {
    let (cache, alice) = (cache(10), Caller::new("alice"));
    assert_eq!(alice.claim(&cache, "n", seen(1000, 1000)), Answer::Accepted);
    assert_eq!(
        alice.claim(&cache, "n", seen(9_000_000, 9_000_000)),
        Answer::Accepted
    );
    assert_eq!(alice.claim(&cache, "n", seen(1000, 1001)), Answer::Expired);
    // What was signed a few seconds after everything that was dropped is served as before.
    assert_eq!(alice.claim(&cache, "n", seen(1008, 1008)), Answer::Accepted);
    assert_eq!(alice.claim(&cache, "n", seen(1008, 1008)), Answer::Replayed);
    // And what the other clock saw is still known when its time comes.
    assert_eq!(
        alice.claim(&cache, "n", seen(9_000_000, 9_000_300)),
        Answer::Replayed
    );
}

#[test]
fn after_a_step_back_seconds_expire_by_the_clock_as_it_is() {
    let (cache, alice) = (cache(2), Caller::new("alice"));
    let accept = |signed_at, now| {
        let answer = alice.claim(&cache, "n", seen(signed_at, now));
        assert_eq!(answer, Answer::Accepted, "{signed_at} at {now}");
    };
    accept(1000, 1000);
    accept(1310, 1310);
    // Five minutes back, and forward again, but not as far.
    accept(1008, 1008);
    assert_eq!(alice.claim(&cache, "m", seen(1308, 1308)), Answer::Full);
    accept(1309, 1309);
}

#[test]
fn bad_103_a_window_that_grows_does_not_reopen_what_was_dropped_under_the_old_one() {
    let (cache, alice) = (cache(10), Caller::new("alice"));
    cache.prepare(Window::NARROW, START);
    let narrow = |signed_at, now| seen_in(Window::NARROW, signed_at, now);
    assert_eq!(
        alice.claim(&cache, "n", narrow(1000, 1000)),
        Answer::Accepted
    );
    assert_eq!(
        alice.claim(&cache, "n", narrow(1031, 1031)),
        Answer::Accepted
    );
    cache.prepare(Window::DEFAULT, START);
    assert_eq!(alice.claim(&cache, "n", seen(1000, 1032)), Answer::Expired);
    assert_eq!(alice.claim(&cache, "n", seen(1031, 1331)), Answer::Replayed);
}

#[test]
fn a_second_is_kept_for_the_largest_window_prepared() {
    let (cache, alice) = (cache(10), Caller::new("alice"));
    cache.prepare(Window::NARROW, START);
    cache.prepare(Window::DEFAULT, START);
    let narrow = seen_in(Window::NARROW, 1000, 1000);
    assert_eq!(alice.claim(&cache, "n", narrow), Answer::Accepted);
    assert_eq!(alice.claim(&cache, "n", seen(1000, 1300)), Answer::Replayed);
}

#[test]
fn a_request_whose_time_is_over_is_refused_even_if_it_was_never_seen() {
    let (cache, alice) = (cache(10), Caller::new("alice"));
    assert_eq!(alice.claim(&cache, "n", seen(1000, 1301)), Answer::Expired);
    assert!(cache.is_empty());
}

#[test]
fn extreme_times_neither_panic_nor_pass_twice() {
    let (cache, alice) = (cache(100), Caller::new("alice"));
    let ends = [i64::MIN, i64::MIN + 1, -1, 0, 1, i64::MAX - 1, i64::MAX];
    for now in ends {
        for signed_at in ends {
            let life = seen_in(Window::NARROW, signed_at, now);
            alice.claim(&cache, "n", life);
            assert_ne!(alice.claim(&cache, "n", life), Answer::Accepted);
        }
    }
}

#[test]
fn bad_87_what_was_signed_before_the_start_is_refused() {
    let started = |guard| {
        let cache = MokaReplayCache::builder()
            .restart_guard(guard)
            .clock(ManualClock::new(Timestamp::from_unix(1000)))
            .build()
            .unwrap();
        cache.prepare(
            Window::new(Duration::from_secs(300), Duration::from_secs(60)).unwrap(),
            START,
        );
        cache
    };
    let alice = Caller::new("alice");
    let (accepted, before) = (Answer::Accepted, Answer::BeforeStart);
    for (guard, expected) in [
        (RestartGuard::Off, [accepted; 5]),
        (
            RestartGuard::SinceStart,
            [before, accepted, accepted, accepted, accepted],
        ),
        (
            RestartGuard::Strict,
            [before, before, before, before, accepted],
        ),
    ] {
        let cache = started(guard);
        let answers = [999, 1000, 1001, 1060, 1061]
            .map(|signed_at| alice.claim(&cache, "n", seen(signed_at, 1001)));
        assert_eq!(answers, expected, "{guard:?}");
    }
}

#[test]
fn bad_87_the_guard_is_on_unless_turned_off() {
    let (cache, alice) = (MokaReplayCache::new(), Caller::new("alice"));
    let now = Timestamp::from(std::time::SystemTime::now()).as_unix();
    assert_eq!(
        alice.claim(&cache, "n", seen(now - 60, now)),
        Answer::BeforeStart
    );
    assert_eq!(
        alice.claim(&cache, "n", seen(now + 1, now)),
        Answer::Accepted
    );
}

#[test]
fn bad_88_clones_are_one_store_and_two_caches_are_two() {
    let (one, two) = (cache(10), cache(10));
    let (clone, alice) = (one.clone(), Caller::new("alice"));
    assert_eq!(one.store_id(), clone.store_id());
    assert_ne!(one.store_id(), two.store_id());
    assert_eq!(alice.claim(&one, "n", seen(1000, 1000)), Answer::Accepted);
    assert_eq!(alice.claim(&clone, "n", seen(1000, 1000)), Answer::Replayed);
    assert_eq!(alice.claim(&two, "n", seen(1000, 1000)), Answer::Accepted);
}

#[test]
fn debug_shows_how_full_it_is_and_no_hash_key() {
    let text = format!("{:?}", cache(10));
    assert!(
        text.contains("len: 0") && text.contains("capacity: 10"),
        "{text}"
    );
    assert!(!text.contains("Sip"), "{text}");
}
