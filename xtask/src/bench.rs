//! The benchmarks: programs that print their figures, each beside its goal.

use crate::Result;
use crate::command::cargo;

/// Runs them. Whether every goal was met.
///
/// # Errors
/// When a benchmark cannot be built, or could not measure.
pub(crate) fn run() -> Result<bool> {
    let arguments = [
        "run",
        "--release",
        "-p",
        "countersign-benches",
        "--bin",
        "gateway",
    ];
    println!("$ cargo {}", arguments.join(" "));
    let status = cargo(&arguments).status()?;
    match status.code() {
        Some(0) => Ok(true),
        // What the benchmarks end with when a goal is missed; cargo's own failures end with 101.
        Some(1) => Ok(false),
        _ => Err(format!("the benchmark ended with {status}").into()),
    }
}
