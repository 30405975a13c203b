//! Requests without a pause, over several instances, each of them replayed at all of them.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use countersign_core::ReplayError;
use countersign_redis::RedisReplayCache;
use tokio::task::JoinSet;

use super::claims::Request;

/// How many send at once at each instance.
const SENDERS: usize = 8;

/// How many of the accepted requests each sender replays again and again.
const REMEMBERED: usize = 512;

/// What happened.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) accepted: u64,
    pub(crate) unavailable: u64,
    pub(crate) before_start: u64,
    pub(crate) refused_replays: u64,
    /// Requests that were accepted twice.
    pub(crate) accepted_replays: Vec<Request>,
    /// The longest that any claim took.
    pub(crate) longest: Duration,
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.accepted += other.accepted;
        self.unavailable += other.unavailable;
        self.before_start += other.before_start;
        self.refused_replays += other.refused_replays;
        self.accepted_replays.extend(other.accepted_replays);
        self.longest = self.longest.max(other.longest);
    }
}

/// Load that runs until it is stopped.
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    senders: JoinSet<Tally>,
}

impl Load {
    pub(crate) fn on(caches: &[RedisReplayCache]) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let mut senders = JoinSet::new();
        for first in 0..caches.len() {
            for _ in 0..SENDERS {
                let caches = caches.to_vec();
                senders.spawn(send(caches, first, Arc::clone(&stop)));
            }
        }
        Self { stop, senders }
    }

    pub(crate) async fn stop(self) -> Tally {
        self.stop.store(true, Ordering::Relaxed);
        let mut tally = Tally::default();
        for sender in self.senders.join_all().await {
            tally.add(sender);
        }
        println!("{tally:?}");
        tally
    }
}

async fn send(caches: Vec<RedisReplayCache>, first: usize, stop: Arc<AtomicBool>) -> Tally {
    let mut tally = Tally::default();
    let mut remembered = VecDeque::new();
    let mut turn = first;
    while !stop.load(Ordering::Relaxed) {
        turn += 1;
        let request = Request::new();
        if claim(&request, &caches[turn % caches.len()], &mut tally).await {
            tally.accepted += 1;
            remembered.push_back(request);
        }
        if remembered.len() > REMEMBERED {
            remembered.pop_front();
        }
        let Some(replay) = remembered.pop_front() else {
            continue;
        };
        if claim(&replay, &caches[(turn + 1) % caches.len()], &mut tally).await {
            tally.accepted_replays.push(replay.clone());
        }
        remembered.push_back(replay);
    }
    tally
}

async fn claim(request: &Request, cache: &RedisReplayCache, tally: &mut Tally) -> bool {
    let began = Instant::now();
    let outcome = request.claim(cache).await;
    tally.longest = tally.longest.max(began.elapsed());
    match outcome {
        Ok(_) => true,
        Err(ReplayError::Replayed) => {
            tally.refused_replays += 1;
            false
        }
        Err(ReplayError::SignedBeforeStart) => {
            tally.before_start += 1;
            // The rest of this second.
            tokio::time::sleep(Duration::from_millis(20)).await;
            false
        }
        Err(ReplayError::Unavailable(_)) => {
            tally.unavailable += 1;
            // As a client would, only sooner.
            tokio::time::sleep(Duration::from_millis(2)).await;
            false
        }
        Err(other) => panic!("{other}"),
    }
}
