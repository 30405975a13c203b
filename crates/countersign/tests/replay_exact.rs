//! Ten million random requests against a plain model of what must be answered.
#![cfg(feature = "mac")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

mod replay_support;

use std::collections::{BTreeMap, HashSet};
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use countersign::replay::MokaReplayCache;
use countersign::{NonceCase, ReplayCache, Timestamp, Window};

use replay_support::{Answer, Caller, Random, cache, seen};

const THREADS: u64 = 2;
const TICKS: u64 = 1_250;
const REQUESTS_PER_TICK: u64 = 4_000;
const KEYS: u64 = 100;
/// Per thread: about as many as it gets accepted in half a window.
const CAPTURED: usize = 1 << 18;
const SEED: u64 = 0x2012_0927_1214_5600;

/// What a request is told from others by.
type Request = (i64, u64, u64);

/// When the layers over the caches are built.
const START: Timestamp = Timestamp::from_unix(1000);

#[test]
fn ten_million_requests_are_answered_as_by_a_model_that_forgets_nothing() {
    println!("seed {SEED:#x}");
    let cache = cache(8_000_000);
    cache.prepare(Window::DEFAULT, START);
    let barrier = Barrier::new(usize::try_from(THREADS).unwrap());
    let started = Instant::now();
    let tallies: Vec<Tally> = thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|number| {
                let (cache, barrier) = (&cache, &barrier);
                scope.spawn(move || Model::new(number).run(cache, barrier))
            })
            .collect();
        threads.into_iter().map(|t| t.join().unwrap()).collect()
    });
    let tally = tallies.into_iter().reduce(Tally::and).unwrap();
    println!("{tally:?} in {:?}", started.elapsed());
    let total = tally.accepted + tally.replayed + tally.expired;
    assert_eq!(total, THREADS * TICKS * REQUESTS_PER_TICK);
    let nanoseconds = tally.in_cache.as_nanos() / u128::from(total);
    println!("{nanoseconds} ns per claim, the two readings of the timer included");
    let parts = [tally.accepted, tally.replayed, tally.expired];
    assert!(parts.iter().all(|part| *part > total / 20));
}

/// One thread's requests, made with keys that no other thread uses.
///
/// All threads see the same time: it moves only while all of them wait.
struct Model {
    number: u64,
    callers: Vec<Caller>,
    random: Random,
    /// By second of signed time, so that it can forget long after the cache did.
    accepted: BTreeMap<i64, HashSet<(u64, u64)>>,
    /// Some of the last accepted, to be replayed.
    captured: Vec<Request>,
    latest: i64,
    tally: Tally,
}

impl Model {
    fn new(number: u64) -> Self {
        let callers = (0..KEYS).map(|key| Caller::new(&format!("caller-{number}-{key}")));
        Self {
            number,
            callers: callers.collect(),
            random: Random(SEED ^ number),
            accepted: BTreeMap::new(),
            captured: Vec::new(),
            latest: i64::MIN,
            tally: Tally::default(),
        }
    }

    fn run(mut self, cache: &MokaReplayCache, barrier: &Barrier) -> Tally {
        for tick in 0..TICKS {
            let now = time_at(tick);
            self.latest = self.latest.max(now);
            barrier.wait();
            for _ in 0..REQUESTS_PER_TICK {
                let request = self.choose(now);
                self.send(cache, request, now);
            }
            self.accepted = self.accepted.split_off(&(now - 2_000));
            barrier.wait();
        }
        self.tally
    }

    /// Mostly fresh requests and replays of captured ones, both at any place in the window and a
    /// little outside.
    fn choose(&mut self, now: i64) -> Request {
        if self.random.below(2) == 0 && !self.captured.is_empty() {
            let count = u64::try_from(self.captured.len()).unwrap();
            return self.captured[usize::try_from(self.random.below(count)).unwrap()];
        }
        let offset = i64::try_from(self.random.below(361 + 20)).unwrap() - 320;
        (now + offset, self.random.below(KEYS), self.random.next())
    }

    fn send(&mut self, cache: &MokaReplayCache, request: Request, now: i64) {
        let (signed_at, key, nonce) = request;
        let caller = &self.callers[usize::try_from(key).unwrap()];
        let nonce_text = format!("{nonce:016x}");
        let life = seen(signed_at, now);
        let (answer, taken) = caller.claim_timed(cache, &nonce_text, NonceCase::Exact, life);
        self.tally.in_cache += taken;
        assert_eq!(
            answer,
            self.expected(request),
            "thread {}: {request:?} at {now}, latest {}",
            self.number,
            self.latest
        );
        match answer {
            Answer::Accepted => self.capture(request),
            Answer::Replayed => self.tally.replayed += 1,
            _ => self.tally.expired += 1,
        }
    }

    /// What expired at any time so far is refused for ever; else only the first is accepted.
    fn expected(&self, (signed_at, key, nonce): Request) -> Answer {
        if signed_at + 301 <= self.latest {
            return Answer::Expired;
        }
        let known = self.accepted.get(&signed_at);
        if known.is_some_and(|known| known.contains(&(key, nonce))) {
            Answer::Replayed
        } else {
            Answer::Accepted
        }
    }

    fn capture(&mut self, request: Request) {
        let (signed_at, key, nonce) = request;
        self.tally.accepted += 1;
        let known = self.accepted.entry(signed_at).or_default();
        known.insert((key, nonce));
        if self.captured.len() < CAPTURED {
            self.captured.push(request);
        } else {
            let place = usize::try_from(self.tally.accepted).unwrap() % CAPTURED;
            self.captured[place] = request;
        }
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    accepted: u64,
    replayed: u64,
    expired: u64,
    in_cache: Duration,
}

impl Tally {
    fn and(self, other: Self) -> Self {
        Self {
            accepted: self.accepted + other.accepted,
            replayed: self.replayed + other.replayed,
            expired: self.expired + other.expired,
            in_cache: self.in_cache + other.in_cache,
        }
    }
}

/// A second per tick, and now and then a clock that is set back for a while.
fn time_at(tick: u64) -> i64 {
    let time = 1_000_000 + i64::try_from(tick).unwrap();
    match tick % 100 {
        90..=94 => time - 40,
        95..=97 => time - 3,
        _ => time,
    }
}
