//! What the gateway costs, each figure beside its goal: `cargo xtask bench`.
//!
//! The program starts itself again for every part: the upstream, the gateway, and the proxy it is
//! compared with each are a process, so that what the system counts for it is its own. Exits with
//! 0 when every goal is met, 1 when one is missed, 2 when something could not be measured. It
//! reads `/proc`, and so needs Linux.

mod child;
mod client;
mod cpu;
mod descriptors;
mod memory;
mod plain;
mod roles;
mod upstream;

use std::env;
use std::error::Error;
use std::fmt;
use std::process::ExitCode;

use tokio::runtime;

use self::roles::Role;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Whether a figure is what it has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Goal {
    Met,
    Missed,
}

impl Goal {
    fn of(met: bool) -> Self {
        if met { Self::Met } else { Self::Missed }
    }

    fn and(self, other: Self) -> Self {
        Self::of(self == Self::Met && other == Self::Met)
    }
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Met => "met",
            Self::Missed => "missed",
        })
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match run(&arguments) {
        Ok(Goal::Met) => ExitCode::SUCCESS,
        Ok(Goal::Missed) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("gateway bench: {error}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &[String]) -> Result<Goal> {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        [] => {
            descriptors::ensure()?;
            measure()
        }
        [descriptors::ENSURED] => measure(),
        [child::ARGUMENT, role, rest @ ..] => {
            roles::run(Role::named(role)?, rest.first().copied())?;
            Ok(Goal::Met)
        }
        _ => Err("it takes no arguments".into()),
    }
}

fn measure() -> Result<Goal> {
    let runtime = runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let cpu = cpu::measure().await?;
        println!();
        let memory = memory::measure().await?;
        Ok(cpu.and(memory))
    })
}
