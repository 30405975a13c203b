//! The replay cache in process, from a thousand to ten million live nonces in steady state: each
//! claim lets one expire.
//!
//! The program starts itself again for every size, so that the memory is that of one cache. Exits
//! with 0 when every goal is met, 1 when one is missed, 2 when something could not be measured. It
//! reads `/proc`, and so needs Linux.

use std::env;
use std::fs;
use std::process::{Command, ExitCode};
use std::sync::Barrier;
use std::thread;

use countersign::{KeyId, SchemeId};
use countersign_benches::Result;
use countersign_benches::contest::{median, thread_time};
use countersign_benches::goal::{self, Goal};
use countersign_benches::requests::{self, BUSY};
use countersign_benches::traffic::Traffic;

const SIZES: [u32; 5] = [1_000, 10_000, 100_000, 1_000_000, 10_000_000];

/// In how many sizes, of how many, memory is a matter of nonces and not of seconds.
const LARGE: u32 = 1_000_000;

/// How often all sizes are gone through: in one pass a machine that others use may be at one speed
/// for one size and at another for the next.
const PASSES: usize = 5;

const ROUNDS: usize = 101;

const CLAIMS: u32 = 5_000;

/// The first argument of a child.
const SIZE: &str = "size";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match arguments.as_slice() {
        [] => measure(),
        [SIZE, live] => one_size(live).map(|()| Goal::Met),
        _ => Err("it takes no arguments".into()),
    };
    goal::exit("replay", outcome)
}

fn measure() -> Result<Goal> {
    println!(
        "Replay cache in process, {BUSY} busy keys of {}: median of {PASSES} passes of {ROUNDS} rounds of \
         {CLAIMS} claims",
        requests::KEYS
    );
    let (mut fastest, mut slowest, mut bytes) = (f64::INFINITY, 0.0_f64, 0.0_f64);
    let mut passes = Vec::new();
    for _ in 0..PASSES {
        passes.push(SIZES.map(child));
    }
    for (index, live) in SIZES.into_iter().enumerate() {
        let [one, two, each] = middle(&passes, index)?;
        println!(
            "  {live:>8} live  {one:>6.0} ns a claim, {two:>6.0} ns with two threads at it, \
             {each:>8.1} bytes a nonce"
        );
        fastest = fastest.min(one);
        slowest = slowest.max(one);
        if live >= LARGE {
            bytes = bytes.max(each);
        }
    }
    let flat = slowest / fastest;
    let flat = Goal::at_most(6, "a claim, dearest size / cheapest", flat, 3.0, "×");
    let small = Goal::at_most(6, "bytes per nonce, a million or more", bytes, 64.0, "");
    Ok(flat.and(small))
}

/// The medians of the figures that each pass gave at `index`.
fn middle(passes: &[[Result<[f64; 3]>; SIZES.len()]], index: usize) -> Result<[f64; 3]> {
    let mut figures = [const { Vec::new() }; 3];
    for pass in passes {
        let child = pass.get(index).ok_or("no such size")?;
        let child = child.as_ref().map_err(ToString::to_string)?;
        for (figures, figure) in figures.iter_mut().zip(child) {
            figures.push(*figure);
        }
    }
    Ok(figures.map(median))
}

fn child(live: u32) -> Result<[f64; 3]> {
    let output = Command::new(env::current_exe()?)
        .args([SIZE, &live.to_string()])
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    let text = String::from_utf8(output.stdout)?;
    let figures = text.split_whitespace().map(str::parse);
    let figures = figures.collect::<std::result::Result<Vec<f64>, _>>()?;
    figures.try_into().map_err(|_| "three figures".into())
}

fn one_size(live: &str) -> Result<()> {
    let live: u32 = live.parse()?;
    let before = resident()?;
    let traffic = Traffic::with_live(live)?;
    let bytes = resident()?.saturating_sub(before);
    let one = claim(&traffic, 1)?;
    let two = claim(&traffic, 2)?;
    println!("{one} {two} {}", f64::from(bytes) / f64::from(live));
    Ok(())
}

/// Nanoseconds of a processor for each claim, with so many threads at it.
fn claim(traffic: &Traffic, threads: usize) -> Result<f64> {
    let together = Barrier::new(threads);
    let figures = thread::scope(|scope| {
        let claiming = || -> Result<f64> {
            let ids: Vec<String> = (0..BUSY).map(requests::id).collect();
            let ids: Vec<KeyId<'_>> = ids
                .iter()
                .filter_map(|id| KeyId::parse(id.as_bytes()))
                .collect();
            let mut rounds = Vec::new();
            for _ in 0..ROUNDS {
                together.wait();
                let started = thread_time();
                for (id, _) in ids.iter().cycle().zip(0..CLAIMS) {
                    traffic.claim_one(SchemeId::AUTH_KEY, *id)?;
                }
                let spent = thread_time().saturating_sub(started);
                rounds.push(spent.as_secs_f64() * 1e9 / f64::from(CLAIMS));
            }
            Ok(median(rounds))
        };
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(claiming)).collect();
        let ended = running.into_iter().map(|thread| {
            let figure = thread.join();
            figure.unwrap_or_else(|_| Err("a thread panicked".into()))
        });
        ended.collect::<Result<Vec<f64>>>()
    })?;
    Ok(median(figures))
}

/// Resident memory, in bytes.
fn resident() -> Result<u32> {
    const PAGE: u32 = 4096;
    let pages = fs::read_to_string("/proc/self/statm")?;
    let pages: u32 = pages.split_whitespace().nth(1).ok_or("no pages")?.parse()?;
    Ok(pages.saturating_mul(PAGE))
}
