//! The chores of the workspace, run as `cargo xtask <task>`.
//!
//! `test` is the one test command: it installs what is missing and runs every check that continuous
//! integration runs. Each step is a function in a module of its own, listed in [`steps::STEPS`].

mod bench;
mod checks;
mod command;
#[cfg(test)]
mod documents;
mod examples;
mod features;
mod fuzz;
mod metadata;
mod readme;
mod server;
mod setup;
mod steps;
mod transcript;

use std::env;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const USAGE: &str = "\
usage: cargo xtask <task>

tasks:
  test [--only STEP[,STEP…]]  run every check, or the named steps alone
  setup                       install the tools the checks need
  bench [NAME…]               run the benchmarks, or those named: each figure beside its goal
  fuzz [TARGET…] [--seconds N]
                              look for inputs that break a promise, 30 s per target unless told
  help                        print this text

steps of `test`, in order:";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match run(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::from(2)
        }
    }
}

/// Whether the task passed; an error is a task that could not be started.
fn run(arguments: &[String]) -> Result<bool> {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["test", options @ ..] => {
            let selected = steps::select(options)?;
            env::set_current_dir(workspace_root()?)?;
            Ok(steps::run(&selected))
        }
        ["setup"] => {
            env::set_current_dir(workspace_root()?)?;
            setup::run()?;
            Ok(true)
        }
        ["bench", names @ ..] => {
            env::set_current_dir(workspace_root()?)?;
            bench::run(names)
        }
        ["fuzz", options @ ..] => {
            env::set_current_dir(workspace_root()?)?;
            fuzz::run_with(options)?;
            Ok(true)
        }
        [] | ["help" | "--help" | "-h"] => {
            println!("{USAGE}");
            for step in steps::STEPS {
                println!("  {:<10} {}", step.name, step.about);
            }
            Ok(true)
        }
        [task, ..] => Err(format!("cannot run `{task}` like that; see `cargo xtask help`").into()),
    }
}

/// Cargo tells a program it runs where its package is. Asked at run time, not at compile time, so
/// that a target directory shared by two checkouts never tests the wrong one.
fn workspace_root() -> Result<PathBuf> {
    let package = env::var_os("CARGO_MANIFEST_DIR").ok_or("run this as `cargo xtask`")?;
    let root = Path::new(&package)
        .parent()
        .ok_or("the xtask package has no parent folder")?;
    Ok(root.to_owned())
}
