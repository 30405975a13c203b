//! A part of a benchmark as a process of its own, and what the system says it has used.

use std::env;
use std::fs;
use std::io::{self, BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{self, Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::Result;

/// The first argument of a child.
pub const ARGUMENT: &str = "bench-child";

/// A process that is killed when dropped, and ends by itself when this one does.
#[derive(Debug)]
pub struct Child {
    process: process::Child,
    address: SocketAddr,
}

/// Resident memory, in KiB.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    /// At this moment.
    pub now: u32,
    /// At most, so far.
    pub peak: u32,
}

impl Child {
    /// Starts this program again as `role`, and waits until it says where it listens.
    ///
    /// # Errors
    /// When it cannot be started, or ends before it says so.
    pub fn start(role: &str, upstream: Option<SocketAddr>) -> Result<Self> {
        let mut process = Command::new(env::current_exe()?)
            .args([ARGUMENT, role])
            .args(upstream.map(|address| address.to_string()))
            // It reads this to learn that its parent is gone.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let stdout = process.stdout.take().ok_or("a child without output")?;
        let mut line = String::new();
        let read = BufReader::new(stdout).read_line(&mut line);
        let address = read
            .map_err(Into::into)
            .and_then(|_| Ok(line.trim().parse()?));
        match address {
            Ok(address) => Ok(Self { process, address }),
            Err(error) => {
                end(&mut process);
                Err(error)
            }
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The time it has run on a processor, user and system, in ticks of 10 ms (`USER_HZ` is 100
    /// wherever Linux runs).
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn cpu_ticks(&self) -> Result<u32> {
        ticks_of(self.process.id())
    }

    /// The time its first thread has run on a processor: all of it, for one on a runtime of one
    /// thread.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn processor_time(&self) -> Result<Duration> {
        processor_time(self.process.id())
    }

    /// The memory it has.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn memory(&self) -> Result<Memory> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let field = |name: &str| -> Result<u32> {
            let value = status
                .lines()
                .find_map(|line| line.strip_prefix(name))
                .and_then(|rest| rest.split_whitespace().next())
                .ok_or("no resident memory in /proc/…/status")?;
            Ok(value.parse()?)
        };
        Ok(Memory {
            now: field("VmRSS:")?,
            peak: field("VmHWM:")?,
        })
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        end(&mut self.process);
    }
}

/// Both fail only when the process is gone already, which is what they are for.
fn end(process: &mut process::Child) {
    let _ = process.kill();
    let _ = process.wait();
}

/// The time process `id` has run on a processor, user and system, in ticks of 10 ms.
///
/// # Errors
/// When the system does not tell.
pub fn ticks_of(id: u32) -> Result<u32> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat"))?;
    // The name of the program, in parentheses, may hold anything; the state follows it.
    let (_, fields) = stat.rsplit_once(')').ok_or("no name in /proc/…/stat")?;
    let mut times = fields.split_whitespace().skip(11);
    let mut time = || -> Result<u32> { Ok(times.next().ok_or("no times")?.parse()?) };
    Ok(time()?.saturating_add(time()?))
}

/// The time the first thread of process `id` has run on a processor.
///
/// # Errors
/// When the system does not tell.
pub fn processor_time(id: u32) -> Result<Duration> {
    let schedule = fs::read_to_string(format!("/proc/{id}/schedstat"))?;
    let first = schedule.split_whitespace().next();
    Ok(Duration::from_nanos(first.ok_or("no times")?.parse()?))
}

/// To be called by a child: ends it when its parent is gone.
pub fn end_with_parent() {
    thread::spawn(|| {
        let _ = io::stdin().read_to_end(&mut Vec::new());
        process::exit(0);
    });
}

/// To be called by a child: tells its parent where it listens.
pub fn tell(address: SocketAddr) {
    println!("{address}");
}
