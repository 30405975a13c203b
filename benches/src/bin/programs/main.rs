//! The programs themselves: how large they are, and how soon they have started.
//!
//! Exits with 0, or with 2 when something could not be measured.

use std::env;
use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use countersign_benches::Result;
use countersign_benches::contest::median;
use countersign_benches::goal::{self, Goal};

/// The package and the program in it.
const PROGRAMS: [(&str, &str); 2] = [
    ("countersign-cli", "countersign"),
    ("countersign-key-server", "key_server"),
];

const STARTS: usize = 21;

fn main() -> ExitCode {
    goal::exit("programs", measure())
}

fn measure() -> Result<Goal> {
    println!(
        "Programs, release build: size, and time to start and print its help, median of {STARTS}"
    );
    let here = env::current_exe()?;
    let folder = here.parent().ok_or("a program lies in a folder")?;
    for (package, program) in PROGRAMS {
        let built = Command::new("cargo")
            .args([
                "build",
                "--release",
                "--quiet",
                "--all-features",
                "-p",
                package,
                "--bin",
                program,
            ])
            .status()?;
        if !built.success() {
            return Err(format!("{package} cannot be built").into());
        }
        let path = folder.join(program);
        let mebibytes = size(&path)? / (1024.0 * 1024.0);
        let mut starts = Vec::new();
        for _ in 0..STARTS {
            starts.push(start(&path)?);
        }
        println!(
            "  {program:<14} {mebibytes:>6.1} MiB  {:>6.1} ms",
            median(starts)
        );
    }
    Ok(Goal::Met)
}

#[allow(clippy::cast_precision_loss)] // a file of less than a petabyte
fn size(path: &Path) -> Result<f64> {
    Ok(fs::metadata(path)?.len() as f64)
}

/// Milliseconds.
fn start(path: &Path) -> Result<f64> {
    let started = Instant::now();
    let status = Command::new(path)
        .arg("--help")
        .stdout(Stdio::null())
        .status()?;
    if !status.success() {
        return Err(format!("{} --help ended with {status}", path.display()).into());
    }
    Ok(started.elapsed().as_secs_f64() * 1e3)
}
