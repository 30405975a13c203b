//! The benchmarks: programs that print their figures, each beside its goal if it has one. What
//! they say of goals is gathered in one table at the end.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use crate::Result;
use crate::command::cargo;

/// A program of the package `countersign-benches`.
struct Program {
    name: &'static str,
    /// How cargo runs it: what needs the peers is a bench target, as they are dependencies of
    /// development alone.
    run: &'static [&'static str],
    /// Whether it starts servers of ours. Those bring telemetry into every crate that can have it,
    /// so the layer and the core are measured without them: as they are unless asked otherwise.
    servers: bool,
}

/// In the order of their results.
const PROGRAMS: &[Program] = &[
    alone("verify"),
    alone("instructions"),
    bench("allocations"),
    alone("replay"),
    alone("lookup"),
    bench("layer"),
    alone("scaling"),
    alone("elsewhere"),
    alone("bodies"),
    alone("timing"),
    with_servers("gateway"),
    with_servers("load"),
    with_servers("replay_redis"),
    with_servers("key_store"),
    with_servers("programs"),
];

const BIN: &[&str] = &["run", "--release", "--quiet", "--bin"];

const fn with_servers(name: &'static str) -> Program {
    Program {
        name,
        run: BIN,
        servers: true,
    }
}

const fn alone(name: &'static str) -> Program {
    Program {
        name,
        run: BIN,
        servers: false,
    }
}

const fn bench(name: &'static str) -> Program {
    Program {
        name,
        run: &["bench", "--quiet", "--bench"],
        servers: false,
    }
}

/// Runs them. Whether every goal was met.
///
/// # Errors
/// When a benchmark cannot be built, or could not measure.
pub(crate) fn run(names: &[&str]) -> Result<bool> {
    let unknown = names
        .iter()
        .find(|name| PROGRAMS.iter().all(|program| program.name != **name));
    if let Some(unknown) = unknown {
        let valid: Vec<_> = PROGRAMS.iter().map(|program| program.name).collect();
        return Err(format!("no benchmark `{unknown}`; there are {}", valid.join(", ")).into());
    }
    let mut goals = Vec::new();
    let mut met = true;
    for program in PROGRAMS {
        if names.is_empty() || names.contains(&program.name) {
            met &= run_one(program, &mut goals)?;
            println!();
        }
    }
    println!("Goals");
    for line in &goals {
        println!("{line}");
    }
    let missed = goals.iter().filter(|line| line.ends_with("missed")).count();
    println!("{} goals, {missed} missed", goals.len());
    Ok(met)
}

fn run_one(program: &Program, goals: &mut Vec<String>) -> Result<bool> {
    let mut arguments = program.run.to_vec();
    arguments.extend([program.name, "-p", "countersign-benches"]);
    if !program.servers {
        arguments.push("--no-default-features");
    }
    println!("$ cargo {}", arguments.join(" "));
    let mut child = cargo(&arguments).stdout(Stdio::piped()).spawn()?;
    let output = child.stdout.take().ok_or("a child without output")?;
    for line in BufReader::new(output).lines() {
        let line = line?;
        println!("{line}");
        if is_about_a_goal(&line) {
            goals.push(line);
        }
    }
    let status = child.wait()?;
    match status.code() {
        Some(0) => Ok(true),
        // What the benchmarks end with when a goal is missed; cargo's own failures, and `cargo
        // bench` when the program ends with anything but 0, end with 101.
        Some(1) => Ok(false),
        Some(101) if goals.iter().any(|line| line.ends_with("missed")) => Ok(false),
        _ => Err(format!("the benchmark {} ended with {status}", program.name).into()),
    }
}

fn is_about_a_goal(line: &str) -> bool {
    line.contains("goal ") && (line.ends_with("met") || line.ends_with("missed"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_of_goals_is_told_from_other_figures() {
        assert!(is_about_a_goal("  goal 1: auth-key  1.21×  ≤ 1.25×  met"));
        assert!(is_about_a_goal(
            "  peak of all: 57.5 MiB, goal < 100: missed"
        ));
        assert!(!is_about_a_goal("  auth-key accepted  612 ns  1.21×"));
        assert!(!is_about_a_goal("  no goal here"));
    }

    #[test]
    fn a_benchmark_that_does_not_exist_is_refused_with_the_list() {
        let error = run(&["verify", "speed"]).unwrap_err().to_string();
        assert!(
            error.contains("`speed`") && error.contains("key_store"),
            "{error}"
        );
    }
}
