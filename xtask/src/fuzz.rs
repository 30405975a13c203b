//! The fuzz targets: built with coverage counters by the stable compiler, and run for a while each.
//!
//! LLVM's flags are given to the compiler directly, as cargo-fuzz does. The sanitizers it would add
//! need a nightly compiler and look for what `#![forbid(unsafe_code)]` rules out.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::PoisonError;
use std::thread;

use crate::Result;
use crate::command::{cargo, output_of, run as run_command};

/// How long each target runs as a step of `cargo xtask test`: long enough to notice a parser that
/// broke today. Hours are for `--seconds`.
const SECONDS: u32 = 30;

/// The coverage that libFuzzer needs: counters, the table of what they count, and what is compared.
const COVERAGE: &[&str] = &[
    "--cfg=fuzzing",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
];

/// Every input must be done in this many seconds; they take microseconds.
const TIMEOUT: &str = "-timeout=10";

/// More memory than any input may need, in MiB.
const MEMORY: &str = "-rss_limit_mb=1024";

/// A message with two values and a text is four lines.
const MAX_PANIC_LINES: usize = 20;

/// More than a line of a message needs, in characters.
const MAX_LINE_LEN: usize = 4096;

/// What is asked of `cargo xtask fuzz`.
#[derive(Debug, PartialEq, Eq)]
struct Plan {
    targets: Vec<String>,
    seconds: u32,
}

/// Runs every target for half a minute, as a step of `cargo xtask test`.
///
/// # Errors
/// When a target cannot be built, or found something.
pub(crate) fn run() -> Result<()> {
    run_with(&[])
}

/// Runs the targets named in `arguments`, or all of them.
///
/// # Errors
/// When an argument is unknown, a target cannot be built, or one found something.
pub(crate) fn run_with(arguments: &[&str]) -> Result<()> {
    let plan = Plan::parse(arguments, &all_targets()?)?;
    let programs = build()?;
    let queue = Mutex::new(plan.targets.iter());
    let failures = Mutex::new(Vec::new());
    let at_once = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..at_once {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().unwrap_or_else(PoisonError::into_inner).next();
                    let Some(target) = next else { break };
                    if let Err(error) = fuzz(&programs, target, plan.seconds) {
                        let mut failures = failures.lock().unwrap_or_else(PoisonError::into_inner);
                        failures.push(error.to_string());
                    }
                }
            });
        }
    });
    let failures = failures
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    if failures.is_empty() {
        Ok(())
    } else {
        Err(failures.join("\n").into())
    }
}

impl Plan {
    fn parse(arguments: &[&str], all: &[String]) -> Result<Self> {
        let mut plan = Self {
            targets: Vec::new(),
            seconds: SECONDS,
        };
        let mut arguments = arguments.iter();
        while let Some(&argument) = arguments.next() {
            if argument == "--seconds" {
                let number = arguments.next().and_then(|number| number.parse().ok());
                plan.seconds = number.ok_or("`--seconds` takes a whole number")?;
            } else if all.iter().any(|target| target == argument) {
                plan.targets.push(argument.to_owned());
            } else {
                let targets = all.join(", ");
                return Err(format!("no target `{argument}`; the targets are {targets}").into());
            }
        }
        if plan.targets.is_empty() {
            plan.targets = all.to_vec();
        }
        Ok(plan)
    }
}

/// The files in `fuzz/fuzz_targets`, sorted.
fn all_targets() -> Result<Vec<String>> {
    let mut targets = Vec::new();
    for entry in fs::read_dir("fuzz/fuzz_targets")? {
        let path = entry?.path();
        let name = path.file_stem().map(|name| name.to_string_lossy());
        targets.extend(name.map(std::borrow::Cow::into_owned));
    }
    targets.sort_unstable();
    Ok(targets)
}

/// Builds all targets; the folder of the programs.
fn build() -> Result<PathBuf> {
    let host = host()?;
    let arguments = ["build", "--release", "--manifest-path", "fuzz/Cargo.toml"];
    let mut build = cargo(&arguments);
    // With a target, the flags do not reach build scripts and macros, which no fuzzer links.
    build
        .args(["--target", &host, "--target-dir", "fuzz/target"])
        .env("RUSTFLAGS", COVERAGE.join(" "))
        .env("CARGO_INCREMENTAL", "0");
    run_command(&mut build)?;
    Ok(["fuzz/target", &host, "release"].iter().collect())
}

fn host() -> Result<String> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = output_of(Command::new(rustc).arg("-vV"))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.ok_or("rustc does not name its host")?.to_owned())
}

/// Runs one target over its seeds, its past finds and what it makes of them. What it says goes to a
/// file; one line is printed.
fn fuzz(programs: &Path, target: &str, seconds: u32) -> Result<()> {
    let folder = |kind: &str| Path::new("fuzz").join(kind).join(target);
    let (corpus, artifacts) = (folder("corpus"), folder("artifacts"));
    let log = Path::new("fuzz/target").join(format!("{target}.log"));
    fs::create_dir_all(&corpus)?;
    fs::create_dir_all(&artifacts)?;
    let output = File::create(&log)?;
    let mut command = Command::new(programs.join(target));
    command
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-artifact_prefix={}/", artifacts.display()))
        .args([TIMEOUT, MEMORY, "-print_final_stats=1"])
        .arg(corpus);
    // libFuzzer refuses folders that do not exist.
    let others = [folder("seeds"), folder("regressions")];
    command.args(others.iter().filter(|folder| folder.is_dir()));
    let status = command
        .stdin(Stdio::null())
        .stdout(output.try_clone()?)
        .stderr(output)
        .status()?;
    let said = String::from_utf8_lossy(&fs::read(&log)?).into_owned();
    if status.success() {
        println!("{target}: nothing found, {}", executions(&said));
        return Ok(());
    }
    let found = found_in(&said).unwrap_or_default();
    Err(format!(
        "{target} found something; all that it said is in {}, the input in {found}\n{}\
         its input in hexadecimal, which `xxd -r -p` turns back: {}\n\
         mend it, then keep the input as fuzz/regressions/{target}/WHAT-IT-WAS",
        log.display(),
        essence(&said),
        hexadecimal(&fs::read(&found).unwrap_or_default()),
    )
    .into())
}

/// What must not be lost with the machine that found it, beside the input: the panic, and
/// libFuzzer's summary.
fn essence(said: &str) -> String {
    let panic = said
        .lines()
        .skip_while(|line| !(line.starts_with("thread ") && line.contains(" panicked at ")))
        .take_while(|line| *line != "stack backtrace:")
        .take(MAX_PANIC_LINES);
    let summary = said.lines().filter(|line| line.starts_with("SUMMARY: "));
    let bounded = |line: &str| line.chars().take(MAX_LINE_LEN).chain(['\n']).collect();
    panic
        .chain(summary)
        .map(bounded)
        .collect::<Vec<String>>()
        .concat()
}

/// Of an input, which libFuzzer makes up to 4096 bytes long and shows only when it is short.
fn hexadecimal(input: &[u8]) -> String {
    let digits: Vec<String> = input.iter().map(|byte| format!("{byte:02x}")).collect();
    digits.concat()
}

/// How many inputs were tried, as libFuzzer's last words have it.
fn executions(said: &str) -> String {
    let number = said.lines().find_map(|line| {
        let number = line.strip_prefix("stat::number_of_executed_units:")?;
        Some(number.trim().to_owned())
    });
    format!("{} inputs", number.unwrap_or_default())
}

/// Where libFuzzer has written the input that did it.
fn found_in(said: &str) -> Option<String> {
    let line = said
        .lines()
        .find(|line| line.contains("Test unit written to "))?;
    line.split("Test unit written to ")
        .nth(1)
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Result<Plan> {
        Plan::parse(arguments, &["one".to_owned(), "two".to_owned()])
    }

    #[test]
    fn without_arguments_every_target_runs_for_half_a_minute() {
        let plan = parse(&[]).unwrap();
        assert_eq!((plan.targets.len(), plan.seconds), (2, 30));
    }

    #[test]
    fn targets_and_seconds_are_taken_in_any_order() {
        let plan = parse(&["two", "--seconds", "300"]).unwrap();
        assert_eq!(
            (&*plan.targets, plan.seconds),
            (&["two".to_owned()][..], 300)
        );
        assert_eq!(parse(&["--seconds", "300", "two"]).unwrap(), plan);
    }

    #[test]
    fn an_unknown_target_is_refused_with_the_list_of_valid_ones() {
        let error = parse(&["three"]).unwrap_err().to_string();
        assert!(
            error.contains("`three`") && error.contains("one, two"),
            "{error}"
        );
        assert!(parse(&["--seconds"]).is_err() && parse(&["--seconds", "x"]).is_err());
    }

    #[test]
    fn the_input_and_the_count_are_read_from_what_libfuzzer_says() {
        let said = "x\nartifact_prefix='a/'; Test unit written to a/crash-1\n";
        assert_eq!(found_in(said).as_deref(), Some("a/crash-1"));
        let said = "stat::number_of_executed_units: 4711\nstat::x: 1";
        assert_eq!(executions(said), "4711 inputs");
    }

    #[test]
    fn of_a_find_the_panic_or_the_summary_is_told() {
        let said = "#2 INITED cov: 1\n\nthread '<unnamed>' (7) panicked at a.rs:1:2:\nfour is \
                    not five\n  left: 4\nstack backtrace:\n   0: begin\nSUMMARY: libFuzzer: \
                    deadly signal\nMS: 1 ChangeBit-;\n";
        assert_eq!(
            essence(said),
            "thread '<unnamed>' (7) panicked at a.rs:1:2:\nfour is not five\n  left: 4\n\
             SUMMARY: libFuzzer: deadly signal\n"
        );
        let slow = "ALARM: working on the last Unit for 11 seconds\nSUMMARY: libFuzzer: timeout\n";
        assert_eq!(essence(slow), "SUMMARY: libFuzzer: timeout\n");
        assert_eq!(hexadecimal(&[0, 0x1f, 0xff]), "001fff");
    }
}
