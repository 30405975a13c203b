//! The layer on one processor and on two: what threads that share keys and replay cache cost each
//! other.
//!
//! Exits with 0, or with 2 when something could not be measured.

use std::process::ExitCode;
use std::slice;
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

const ROUNDS: usize = 21;

/// For each thread, in a round.
const REQUESTS: u32 = 50_000;

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
    // Each thread has its own, as every connection has: threads that copied from the same buffers
    // would meet in counting who holds them.
    let requests = [requests(&scheme)?, requests(&scheme)?];
    let layered = Layered::new(scheme, LIVE)?;
    let (mut alone, mut together) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let [one, _] = &requests;
        alone.push(throughput(&layered, slice::from_ref(one))?);
        together.push(throughput(&layered, &requests)?);
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

/// Requests a second, all together, of threads that each send one of `requests`.
///
/// Each thread looks at the clock itself: one more that waited for them would keep a processor from
/// one of them when they begin and when they end.
fn throughput(layered: &Layered, requests: &[Vec<Received>]) -> Result<f64> {
    let together = Barrier::new(requests.len());
    let working = |own: &[Received]| {
        let mut service = layered.clone();
        together.wait();
        let started = Instant::now();
        let accepted = own.iter().cycle().zip(0..REQUESTS).all(|(received, _)| {
            service.answer(Layered::request(received)) == Some(StatusCode::OK)
        });
        let seconds = started.elapsed().as_secs_f64();
        accepted.then_some(f64::from(REQUESTS) / seconds)
    };
    thread::scope(|scope| {
        let working = &working;
        let threads = requests.iter().map(|own| scope.spawn(move || working(own)));
        let running: Vec<_> = threads.collect();
        let rates = running
            .into_iter()
            .map(|thread| thread.join().ok().flatten());
        let sum = rates.sum::<Option<f64>>();
        sum.ok_or_else(|| "a request was not accepted".into())
    })
}
