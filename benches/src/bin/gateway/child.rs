//! A part of the benchmark as a process of its own, and what the system says it has used.

use std::env;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{self, Command, Stdio};

use crate::Result;
use crate::roles::Role;

/// The first argument of a child.
pub(crate) const ARGUMENT: &str = "gateway-child";

/// A process that is killed when dropped, and ends by itself when this one does.
pub(crate) struct Child {
    process: process::Child,
    address: SocketAddr,
}

/// Resident memory, in KiB.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Memory {
    pub(crate) now: u32,
    pub(crate) peak: u32,
}

impl Child {
    /// Starts it, and waits until it says where it listens.
    ///
    /// # Errors
    /// When it cannot be started, or ends before it says so.
    pub(crate) fn start(role: Role, upstream: Option<SocketAddr>) -> Result<Self> {
        let mut process = Command::new(env::current_exe()?)
            .args([ARGUMENT, role.name()])
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

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The time it has run on a processor, user and system, in ticks of 10 ms (`USER_HZ` is 100
    /// wherever Linux runs).
    ///
    /// # Errors
    /// When the system does not tell.
    pub(crate) fn cpu_ticks(&self) -> Result<u32> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.process.id()))?;
        // The name of the program, in parentheses, may hold anything; the state follows it.
        let (_, fields) = stat.rsplit_once(')').ok_or("no name in /proc/…/stat")?;
        let mut times = fields.split_whitespace().skip(11);
        let mut time = || -> Result<u32> { Ok(times.next().ok_or("no times")?.parse()?) };
        Ok(time()?.saturating_add(time()?))
    }

    /// # Errors
    /// When the system does not tell.
    pub(crate) fn memory(&self) -> Result<Memory> {
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
