//! What the system says of a process.

use std::fs;

use crate::Result;

/// The time its threads have run on a processor, to the nanosecond.
///
/// # Errors
/// When the system does not tell.
pub(crate) fn cpu_seconds(id: u32) -> Result<f64> {
    let mut nanoseconds = 0.0;
    for thread in fs::read_dir(format!("/proc/{id}/task"))? {
        // A thread may end meanwhile.
        let Ok(times) = fs::read_to_string(thread?.path().join("schedstat")) else {
            continue;
        };
        let running = times
            .split_whitespace()
            .next()
            .ok_or("no time in schedstat")?;
        nanoseconds += running.parse::<f64>()?;
    }
    Ok(nanoseconds / 1e9)
}
