//! How many instructions the checks of the core take, counted by callgrind: run without arguments
//! it starts itself again under valgrind.
//!
//! valgrind (3.19 at least) hides the processor's SHA instructions, so what it counts of the
//! cryptography is another program than what runs. Both sides of each comparison do the same
//! cryptography, and it is subtracted: what is left is everything else.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::{self, Command, ExitCode, Stdio};

use countersign::{Scheme, SchemeId};
use countersign_benches::contest::Once;
use countersign_benches::goal::{self, Goal};
use countersign_benches::paths::{self, Fault, Remembered, Service};
use countersign_benches::requests::Received;
use countersign_benches::{Result, raw};

/// How often each thing is done while it is counted.
const TIMES: u32 = 200;

/// Enough for its tables to be of the usual size, and not too many for valgrind.
const KEYS: u32 = 1_000;
const LIVE: u32 = 20_000;

/// The instructions of the bare cryptography of a request under Auth-Key with the processor's SHA
/// instructions, as `perf stat` counted them on a machine where it can.
const RAW_AUTH_KEY: f64 = 2160.0;

/// The first argument of what runs under valgrind.
const COUNTED: &str = "counted";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match arguments.as_slice() {
        [] => measure(),
        [COUNTED] => run_all(),
        _ => Err("it takes no arguments".into()),
    };
    goal::exit("instructions", outcome)
}

fn measure() -> Result<Goal> {
    if !is_there("valgrind") {
        println!("instructions: skipped, as there is no valgrind");
        return Ok(Goal::Met);
    }
    println!("Instructions beside the cryptography, counted by callgrind");
    let mut goal = Goal::Met;
    for (name, instructions) in count()? {
        println!("  {name:<48} {instructions:>8.0}");
        if name == format!("{} accepted", SchemeId::AUTH_KEY) {
            let figure = (RAW_AUTH_KEY + instructions) / RAW_AUTH_KEY;
            let what = "auth-key accepted, instructions over raw (2160)";
            goal = goal.and(Goal::at_most(1, what, figure, 2.0, "×"));
        }
    }
    Ok(goal)
}

/// The instructions of each thing, less those of its cryptography where it does any.
fn count() -> Result<Vec<(String, f64)>> {
    let folder = Folder::new()?;
    let output = Command::new("valgrind")
        .args(["--quiet", "--tool=callgrind", "--collect-atstart=no"])
        .args(["--toggle-collect=*counted_by_callgrind*"])
        // Each call of it is written into a file of its own.
        .args(["--dump-after=instructions::counted_by_callgrind*"])
        .arg(format!(
            "--callgrind-out-file={}",
            folder.0.join("out").display()
        ))
        .arg(env::current_exe()?)
        .arg(COUNTED)
        .stderr(Stdio::piped())
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    let names = String::from_utf8(output.stdout)?;
    let mut counted = Vec::new();
    let mut cryptography = 0.0;
    for (name, dump) in names.lines().zip(1..) {
        let total = total(&fs::read_to_string(folder.0.join(format!("out.{dump}")))?)?;
        let each = total / f64::from(TIMES);
        match name.split_once(' ') {
            Some((_, "raw")) => cryptography = each,
            Some((_, "accepted" | "accepted, replays let pass")) => {
                counted.push((name.to_owned(), each - cryptography));
            }
            _ => counted.push((name.to_owned(), each)),
        }
    }
    Ok(counted)
}

/// What a dump says it has counted.
fn total(dump: &str) -> Result<f64> {
    let mut lines = dump.lines();
    let totals = lines.find_map(|line| {
        line.strip_prefix("totals: ")
            .or_else(|| line.strip_prefix("summary: "))
    });
    Ok(totals.ok_or("a dump without a total")?.trim().parse()?)
}

/// Everything there is, each named in a line when it was done.
fn run_all() -> Result<Goal> {
    let service = Service::with_keys(KEYS, LIVE)?;
    for scheme in &paths::schemes() {
        let scheme: &dyn Scheme = &**scheme;
        let run = |what: &str, mut once: Once<'_>| {
            for _ in 0..TIMES {
                once();
            }
            counted_by_callgrind(&mut once);
            println!("{} {what}", scheme.id());
        };
        run("raw", raw::of(scheme, &Received::get(scheme, 0)?)?);
        let accepting = |remembered| service.accepting(scheme, remembered, 0);
        run(
            "accepted, replays let pass",
            accepting(Remembered::Nothing)?,
        );
        run("accepted", accepting(Remembered::Everything)?);
        for fault in [Fault::Stale, Fault::Missing, Fault::Malformed] {
            run(
                &format!("refused, {fault}"),
                service.refusing(scheme, fault)?,
            );
        }
    }
    Ok(Goal::Met)
}

/// What is counted is whatever happens in here.
#[inline(never)]
fn counted_by_callgrind(once: &mut Once<'_>) {
    for _ in 0..TIMES {
        once();
    }
}

fn is_there(program: &str) -> bool {
    let mut asked = Command::new(program);
    asked.arg("--version").stdout(Stdio::null());
    asked.status().is_ok_and(|status| status.success())
}

/// A folder that is removed when dropped.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Result<Self> {
        let path = env::temp_dir().join(format!("countersign-instructions-{}", process::id()));
        fs::create_dir(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            eprintln!("{} cannot be removed: {error}", self.0.display());
        }
    }
}
