//! Whether the time of a refusal tells if a key exists, in the manner of dudect ("Dude, is my code
//! constant time?", 2016): bad requests of two classes in random order, and Welch's t of their times.
//!
//! It prints, and no figure fails it: what shares the machine moves the times, too. The number of
//! MACs, lookups and allocations of a refusal is asserted in the tests. The rule of dudect's authors:
//! |t| above 10 is a leak, below 4.5 is none that so many measurements can show.

mod classes;
mod welch;

use std::error::Error;
use std::process::ExitCode;
use std::time::Instant;

use self::classes::Classes;
use self::welch::Welch;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Measurements of each pair of classes. At some 20 µs each, five seconds of them.
const MEASUREMENTS: usize = 200_000;

/// Not counted: caches fill, and the processor learns.
const WARM_UP: usize = 5_000;

/// The slowest are left out, each time more of them: an interruption says nothing about keys, and a
/// small difference shows only without it. The time below which so many per mille lie.
const CROPS: [usize; 6] = [1000, 999, 990, 950, 900, 500];

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("timing bench: {error}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<()> {
    let classes = Classes::new()?;
    println!("Time of a refusal, known key with a wrong signature beside others: Welch's t");
    println!(
        "  {MEASUREMENTS} requests in random order; |t| < 4.5: no difference shown, > 10: a leak"
    );
    for (name, index) in classes.others() {
        report(name, &measure(&classes, index)?);
    }
    Ok(())
}

/// The times of the known key and of the class `other`, in nanoseconds.
fn measure(classes: &Classes, other: usize) -> Result<[Vec<u64>; 2]> {
    let mut times = [Vec::new(), Vec::new()];
    for count in 0..MEASUREMENTS.saturating_add(WARM_UP) {
        let random = random()?;
        let side = usize::from(random & 1);
        let class = if side == 0 { 0 } else { other };
        let request = classes.request(class, usize::from(random >> 1))?;
        let started = Instant::now();
        let status = classes.refuse(request)?;
        let took = started.elapsed();
        if status != 401 {
            return Err(format!("a bad request was answered {status}").into());
        }
        if count >= WARM_UP
            && let Some(times) = times.get_mut(side)
        {
            times.push(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX));
        }
    }
    Ok(times)
}

fn random() -> Result<u8> {
    let mut byte = [0];
    getrandom::fill(&mut byte).map_err(|error| error.to_string())?;
    Ok(u8::from_ne_bytes(byte))
}

fn report(name: &str, times: &[Vec<u64>; 2]) {
    let mut all: Vec<u64> = times.iter().flatten().copied().collect();
    all.sort_unstable();
    let at = |per_mille: usize| {
        let index = all.len().saturating_mul(per_mille) / 1000;
        all.get(index.min(all.len().saturating_sub(1))).copied()
    };
    let [mut largest, mut told] = [0.0_f64, 0.0];
    for crop in CROPS {
        let limit = at(crop).unwrap_or(u64::MAX);
        let [known, other] = [0, 1].map(|side| {
            let mut welch = Welch::default();
            for time in times.get(side).into_iter().flatten() {
                if *time <= limit {
                    welch.add(*time);
                }
            }
            welch
        });
        let t = Welch::t(&known, &other);
        if t.abs() > largest {
            (largest, told) = (t.abs(), known.mean() - other.mean());
        }
    }
    let median = at(500).unwrap_or(0);
    println!(
        "  {name:<42} median {median:>6} ns  largest |t| {largest:>6.2}  there {told:>+8.1} ns"
    );
}
