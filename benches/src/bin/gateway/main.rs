//! What the gateway costs, each figure beside its goal: `cargo xtask bench`.
//!
//! The program starts itself again for every part: the upstream, the gateway, and the proxy it is
//! compared with each are a process, so that what the system counts for it is its own. Exits with
//! 0 when every goal is met, 1 when one is missed, 2 when something could not be measured. It
//! reads `/proc`, and so needs Linux.

mod client;
mod cpu;
mod descriptors;
mod idle;
mod memory;
mod plain;
mod roles;
mod upstream;

use std::env;
use std::process::ExitCode;

use countersign_benches::goal::{self, Goal};
use countersign_benches::{Result, child};
use tokio::runtime;

use self::roles::Role;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    goal::exit("gateway", run(&arguments))
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
        idle::measure().await?;
        println!();
        let memory = memory::measure().await?;
        Ok(cpu.and(memory))
    })
}
