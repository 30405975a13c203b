//! Room for thousands of connections: many systems start a program with 1,024 descriptors.

use std::env;
use std::fs;
use std::os::unix::process::CommandExt;
use std::process::Command;

use crate::Result;

/// What the program is told when it was started again, so that it does not try for ever.
pub(crate) const ENSURED: &str = "descriptors-ensured";

/// The gateway has one connection to each of 10,000 clients, and a few hundred upstream.
const NEEDED: u64 = 12_000;

/// Returns when there is room, else becomes this program again with more of it.
///
/// # Errors
/// When the system does not tell how much room there is, or there is no shell to ask for more.
pub(crate) fn ensure() -> Result<()> {
    let limits = fs::read_to_string("/proc/self/limits")?;
    let limit = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))
        .and_then(|rest| rest.split_whitespace().next())
        .ok_or("no limit of open files in /proc/self/limits")?;
    if limit == "unlimited" || limit.parse::<u64>()? >= NEEDED {
        return Ok(());
    }
    // Without `unsafe` only a shell can raise the limit, which its children then have.
    let script = format!("ulimit -n {NEEDED} && exec \"$0\" {ENSURED}");
    let program = env::current_exe()?;
    let error = Command::new("sh").arg("-c").arg(script).arg(program).exec();
    Err(error.into())
}
