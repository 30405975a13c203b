//! The benchmarks: programs that print their figures, each beside its goal if it has one.

use crate::Result;
use crate::command::cargo;

/// The programs of the package `countersign-benches`, in the order of their results.
const PROGRAMS: &[&str] = &["gateway", "load", "timing", "replay_redis", "key_store"];

/// Runs them. Whether every goal was met.
///
/// # Errors
/// When a benchmark cannot be built, or could not measure.
pub(crate) fn run() -> Result<bool> {
    let mut met = true;
    for program in PROGRAMS {
        met &= run_one(program)?;
        println!();
    }
    Ok(met)
}

fn run_one(program: &str) -> Result<bool> {
    let arguments = [
        "run",
        "--release",
        "-p",
        "countersign-benches",
        "--bin",
        program,
    ];
    println!("$ cargo {}", arguments.join(" "));
    let status = cargo(&arguments).status()?;
    match status.code() {
        Some(0) => Ok(true),
        // What the benchmarks end with when a goal is missed; cargo's own failures end with 101.
        Some(1) => Ok(false),
        _ => Err(format!("the benchmark {program} ended with {status}").into()),
    }
}
