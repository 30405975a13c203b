//! What the tower layer adds to a service, and what its peers add to the same: in process, and on
//! an axum "ok" over loopback, where the processor time of the server counts.
//!
//! The program starts itself again as each server. Exits with 0 when every goal is met, 1 when one
//! is missed, 2 when something could not be measured. It reads `/proc`, and so needs Linux.

mod guard;
mod in_process;
mod over_loopback;
mod peers;
mod requests;
mod roles;

use std::env;
use std::process::ExitCode;

use countersign_benches::goal::{self, Goal};
use countersign_benches::{Result, child, loopback};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    goal::exit("layer", run(&arguments))
}

fn run(arguments: &[String]) -> Result<Goal> {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        [child::ARGUMENT, role] => {
            roles::run(role, 1)?;
            Ok(Goal::Met)
        }
        // What `cargo bench` adds.
        [] | ["--bench"] => {
            let goal = in_process::measure()?;
            println!();
            Ok(goal.and(loopback::run(over_loopback::measure())?))
        }
        _ => Err("it takes no arguments".into()),
    }
}
