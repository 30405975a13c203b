//! Many threads and one request: exactly one gets it, also while its second is being dropped.
#![cfg(feature = "mac")]
#![allow(clippy::unwrap_used, clippy::arithmetic_side_effects)]

mod replay_support;

use std::sync::Barrier;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use countersign::Window;

use replay_support::{Answer, Caller, Random, cache, seen, seen_in};

#[test]
fn bad_82_of_64_identical_requests_at_once_one_is_accepted() {
    const ROUNDS: usize = 500;
    let cache = cache(ROUNDS);
    let accepted: Vec<_> = (0..ROUNDS).map(|_| AtomicUsize::new(0)).collect();
    let barrier = Barrier::new(64);
    thread::scope(|scope| {
        for _ in 0..64 {
            scope.spawn(|| {
                let alice = Caller::new("alice");
                for (round, accepted) in accepted.iter().enumerate() {
                    // A new second every time, so that they also race for the slice.
                    let second = 1000 + i64::try_from(round).unwrap();
                    barrier.wait();
                    match alice.claim(&cache, "n", seen(second, second)) {
                        Answer::Accepted => _ = accepted.fetch_add(1, Ordering::Relaxed),
                        answer => assert_eq!(answer, Answer::Replayed),
                    }
                }
            });
        }
    });
    assert!(
        accepted
            .iter()
            .all(|count| count.load(Ordering::Relaxed) == 1)
    );
}

#[test]
fn bad_82_two_threads_with_the_same_nonces_get_each_once() {
    const NONCES: usize = 300_000;
    let cache = cache(NONCES);
    let accepted: Vec<_> = (0..NONCES).map(|_| AtomicUsize::new(0)).collect();
    let barrier = Barrier::new(2);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let alice = Caller::new("alice");
                barrier.wait();
                for (number, accepted) in accepted.iter().enumerate() {
                    let second = 1000 + i64::try_from(number % 361).unwrap();
                    match alice.claim(&cache, &number.to_string(), seen(second, 1300)) {
                        Answer::Accepted => _ = accepted.fetch_add(1, Ordering::Relaxed),
                        answer => assert_eq!(answer, Answer::Replayed),
                    }
                }
            });
        }
    });
    assert!(
        accepted
            .iter()
            .all(|count| count.load(Ordering::Relaxed) == 1)
    );
    assert_eq!(cache.len(), NONCES);
}

#[test]
fn threads_that_compete_for_the_last_room_never_take_more_than_there_is() {
    for round in 0..200 {
        let cache = cache(100);
        let accepted = AtomicUsize::new(0);
        let barrier = Barrier::new(8);
        thread::scope(|scope| {
            for thread in 0..8 {
                let (cache, accepted, barrier) = (&cache, &accepted, &barrier);
                scope.spawn(move || {
                    let caller = Caller::new(&format!("caller-{thread}"));
                    barrier.wait();
                    for number in 0..50 {
                        match caller.claim(cache, &number.to_string(), seen(1000, 1000)) {
                            Answer::Accepted => _ = accepted.fetch_add(1, Ordering::Relaxed),
                            answer => assert_eq!(answer, Answer::Full),
                        }
                    }
                });
            }
        });
        assert_eq!(accepted.load(Ordering::Relaxed), 100, "round {round}");
        assert_eq!(cache.len(), 100);
    }
}

/// One thread drops a second by a claim from after its window; the others claim in that second
/// with the time at which they came in, some of them only then.
#[test]
fn a_claim_that_meets_the_end_of_its_second_is_never_accepted_twice() {
    const ROUNDS: usize = 4_000;
    const NONCES: usize = 16;
    let window = Window::new(Duration::from_secs(1), Duration::ZERO).unwrap();
    let cache = cache(1_000_000);
    let barrier = Barrier::new(4);
    let accepted: Vec<_> = (0..ROUNDS * NONCES).map(|_| AtomicUsize::new(0)).collect();
    let (dropped, late) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let second = |round: usize| 1000 + 10 * i64::try_from(round).unwrap();
    thread::scope(|scope| {
        for thread in 0..3_u64 {
            let (cache, barrier, accepted) = (&cache, &barrier, &accepted);
            let (dropped, late) = (&dropped, &late);
            scope.spawn(move || {
                let (alice, mut random) = (Caller::new("alice"), Random(thread));
                for (round, accepted) in accepted.chunks(NONCES).enumerate() {
                    let life = seen_in(window, second(round), second(round));
                    barrier.wait();
                    for _ in 0..4 * NONCES {
                        let number = usize::try_from(random.below(16)).unwrap();
                        match alice.claim(cache, &number.to_string(), life) {
                            Answer::Accepted => {
                                accepted
                                    .get(number)
                                    .unwrap()
                                    .fetch_add(1, Ordering::Relaxed);
                            }
                            Answer::Expired => _ = dropped.fetch_add(1, Ordering::Relaxed),
                            answer => {
                                assert_eq!(answer, Answer::Replayed);
                                late.fetch_add(1, Ordering::Relaxed);
                            }
                        }
                    }
                }
            });
        }
        let (cache, barrier) = (&cache, &barrier);
        scope.spawn(move || {
            let (clock, mut random) = (Caller::new("clock"), Random(99));
            for round in 0..ROUNDS {
                barrier.wait();
                for _ in 0..random.below(60) {
                    thread::yield_now();
                }
                // Ahead, back, and ahead again.
                for now in [2, 0, 3] {
                    let now = second(round) + now;
                    let life = seen_in(window, now, now);
                    clock.claim(cache, "tick", life);
                }
            }
        });
    });
    let counts = || accepted.iter().map(|count| count.load(Ordering::Relaxed));
    assert!(counts().all(|count| count <= 1));
    let total = counts().sum::<usize>();
    let [dropped, late] = [dropped, late].map(AtomicUsize::into_inner);
    println!("accepted {total}, replayed {late}, refused as dropped {dropped}");
    assert!(total > 0 && dropped > 0);
    // No entry was lost from the count while it was dropped.
    let end = second(ROUNDS) + 100;
    let clock = Caller::new("clock");
    let mut later = 0;
    while cache.len() > later {
        later += 1;
        clock.claim(&cache, &later.to_string(), seen_in(window, end, end));
        assert!(later <= 1_000_000);
    }
}

#[test]
fn while_seconds_come_and_go_every_request_of_the_present_is_accepted_once() {
    let window = Window::new(Duration::from_secs(2), Duration::from_secs(1)).unwrap();
    let (cache, clock) = (cache(1_000_000), AtomicI64::new(1000));
    let accepted: Vec<_> = (0..200_000).map(|_| AtomicUsize::new(0)).collect();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let alice = Caller::new("alice");
                for (number, accepted) in accepted.iter().enumerate() {
                    // The clock is led by whoever is ahead; who is behind may find a second gone.
                    let signed_at = 1000 + i64::try_from(number / 100).unwrap();
                    let now = clock.fetch_max(signed_at, Ordering::SeqCst).max(signed_at);
                    let life = seen_in(window, signed_at, now);
                    if alice.claim(&cache, &number.to_string(), life) == Answer::Accepted {
                        accepted.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    assert!(
        accepted
            .iter()
            .all(|count| count.load(Ordering::Relaxed) == 1)
    );
}
