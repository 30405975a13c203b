//! The layer on one processor and on two: what threads that share keys and replay cache cost each
//! other.
//!
//! Exits with 0, or with 2 when something could not be measured.

use std::process::ExitCode;
use std::sync::Barrier;
use std::thread;
use std::time::Instant;

use countersign::{AuthKey, Scheme};
use countersign_benches::Result;
use countersign_benches::contest::median;
use countersign_benches::goal::{self, Goal};
use countersign_benches::layered::Layered;
use countersign_benches::requests::{BUSY, Received};
use http::StatusCode;

const LIVE: u32 = 1_000_000;

const ROUNDS: usize = 51;

/// For each thread, in a round.
const REQUESTS: u32 = 5_000;

fn main() -> ExitCode {
    goal::exit("scaling", measure())
}

fn measure() -> Result<Goal> {
    let processors = thread::available_parallelism()?.get();
    println!(
        "The layer under Auth-Key, all checks, {LIVE} live nonces, {processors} processors: median \
         of {ROUNDS} rounds of {REQUESTS} requests for each thread"
    );
    if processors < 2 {
        println!("  skipped: it takes two processors");
        return Ok(Goal::Met);
    }
    let scheme = AuthKey::default();
    let requests = requests(&scheme)?;
    let layered = Layered::new(scheme, LIVE)?;
    let (mut alone, mut together) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        alone.push(throughput(&layered, &requests, 1)?);
        together.push(throughput(&layered, &requests, 2)?);
    }
    let ratios = together.iter().zip(&alone).map(|(two, one)| two / one);
    let ratio = median(ratios.collect());
    println!(
        "  one thread {:.0} requests a second, two {:.0}: {ratio:.2}×",
        median(alone),
        median(together)
    );
    Ok(Goal::Met)
}

fn requests(scheme: &dyn Scheme) -> Result<Vec<Received>> {
    (0..BUSY)
        .map(|number| Received::get(scheme, number))
        .collect()
}

/// Requests a second of so many threads, all together.
fn throughput(layered: &Layered, requests: &[Received], threads: u32) -> Result<f64> {
    let parties = usize::try_from(threads)?.saturating_add(1);
    let (ready, done) = (Barrier::new(parties), Barrier::new(parties));
    let (seconds, all_accepted) = thread::scope(|scope| {
        let working = || {
            let mut service = layered.clone();
            ready.wait();
            let accepted = requests
                .iter()
                .cycle()
                .zip(0..REQUESTS)
                .all(|(received, _)| {
                    service.answer(Layered::request(received)) == Some(StatusCode::OK)
                });
            done.wait();
            accepted
        };
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(working)).collect();
        ready.wait();
        let started = Instant::now();
        done.wait();
        let seconds = started.elapsed().as_secs_f64();
        let mut ended = running.into_iter();
        (seconds, ended.all(|thread| thread.join().unwrap_or(false)))
    });
    if !all_accepted {
        return Err("a request was not accepted".into());
    }
    Ok(f64::from(threads) * f64::from(REQUESTS) / seconds)
}
