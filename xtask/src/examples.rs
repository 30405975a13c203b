//! Each example does what it says: it is started, its own curl lines are sent, and it is stopped.
//!
//! What an example must print is described in [`crate::transcript`].

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;

use crate::Result;
use crate::command::{self, shell};
use crate::metadata::{Package, Workspace, string};
use crate::server::Server;
use crate::transcript::Check;

/// From start to `ready`; the programs are compiled by then, so this is only their own work.
const START_LIMIT: Duration = Duration::from_secs(30);
/// From SIGTERM to the end of the process.
const STOP_LIMIT: Duration = Duration::from_secs(10);

/// The library the examples share: the one package in `examples/` without a binary.
const SUPPORT: &str = "example-support";

/// Appended to a printed command: print the status and nothing else, never through a proxy, and
/// never for longer than anyone would wait.
const CURL_OPTIONS: &str =
    "-s -o /dev/null -w '%{http_code}' --show-error --noproxy '*' --max-time 30";

/// Builds all examples and tries them one after the other.
///
/// # Errors
/// When there is none, one does not build, or, after the last, naming every check that failed.
pub(crate) fn run() -> Result<()> {
    let workspace = Workspace::load()?;
    let packages: Vec<&Package> = workspace
        .inside("examples")
        .filter(|package| package.name != SUPPORT)
        .collect();
    if packages.is_empty() {
        return Err("there is no package in examples/".into());
    }
    let messages = build(&packages)?;
    let mut failures = Vec::new();
    for package in packages {
        let executables = executables(&messages, &package.id)?;
        if executables.is_empty() {
            failures.push(format!("{} has no binary", package.name));
        }
        for executable in executables {
            println!("{}", package.name);
            let problems = try_example(&executable);
            failures.extend(
                problems
                    .iter()
                    .map(|text| format!("{}: {text}", package.name)),
            );
        }
    }
    if failures.is_empty() {
        Ok(())
    } else {
        Err(failures.join("\n").into())
    }
}

/// Builds them with the features of the whole workspace, as the tests were built: with those of the
/// examples alone, nearly all dependencies would be built a second time. That the features they ask
/// for suffice is what [`features`](crate::features) checks.
fn build(packages: &[&Package]) -> Result<String> {
    let everything = ["build", "--workspace", "--all-features"];
    let mut cargo = command::cargo(&everything);
    cargo.args(["--message-format", "json-render-diagnostics"]);
    // A test among them, which is built already, so that the features that only tests ask for count.
    cargo.args(["--test", "vectors"]);
    for package in packages {
        cargo.args(["--bin", &package.name]);
    }
    command::output_of(&mut cargo)
}

/// Where cargo put the binaries of a package, from the messages of the build.
fn executables(messages: &str, package_id: &str) -> Result<Vec<PathBuf>> {
    let mut executables = Vec::new();
    for line in messages.lines().filter(|line| line.starts_with('{')) {
        let message: Value = serde_json::from_str(line)?;
        let is_ours = message.get("package_id").is_some_and(|id| id == package_id);
        if is_ours && message.get("executable").is_some_and(Value::is_string) {
            executables.push(string(&message, "executable")?.into());
        }
    }
    Ok(executables)
}

/// Everything that is wrong with one example.
fn try_example(executable: &Path) -> Vec<String> {
    let started = Server::start(executable)
        .and_then(|server| server.checks(START_LIMIT).map(|checks| (server, checks)));
    let (server, checks) = match started {
        Ok(started) => started,
        Err(error) => return vec![error.to_string()],
    };
    let mut problems: Vec<String> = checks.iter().filter_map(problem_with).collect();
    problems.extend(server.stop(STOP_LIMIT).err().map(|error| error.to_string()));
    problems
}

/// Sends one request; what is wrong with the answer, if anything.
fn problem_with(check: &Check) -> Option<String> {
    let Check {
        description,
        status,
        command,
    } = check;
    // A curl that fails says so in the status, as 000, and on standard error.
    let answer = shell(&format!("{command} {CURL_OPTIONS}"))
        .stderr(Stdio::inherit())
        .output();
    let problem = match answer {
        Err(error) => Some(format!("{description}: curl: {error}")),
        Ok(answer) => {
            let got = String::from_utf8_lossy(&answer.stdout);
            let is_expected = *got == status.to_string();
            (!is_expected).then(|| format!("{description}: announced {status}, got {got}"))
        }
    };
    let verdict = if problem.is_none() { "ok" } else { "FAILED" };
    println!("  {verdict}: {description}: {status}");
    problem
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binaries_are_found_by_package_and_libraries_are_skipped() {
        let messages = r#"{"reason":"compiler-artifact","package_id":"a","executable":null}
{"reason":"compiler-artifact","package_id":"a","executable":"/t/a"}
{"reason":"compiler-artifact","package_id":"b","executable":"/t/b"}
{"reason":"build-finished","success":true}"#;
        assert_eq!(executables(messages, "a").unwrap(), [PathBuf::from("/t/a")]);
        assert!(executables(messages, "c").unwrap().is_empty());
    }

    /// `curl` itself is not needed here: any command that prints a status stands in for it.
    fn check(command: &str) -> Check {
        Check {
            description: "a request".to_owned(),
            status: 401,
            command: command.to_owned(),
        }
    }

    #[test]
    fn the_announced_status_passes_and_any_other_is_reported() {
        assert_eq!(problem_with(&check("printf 401; :")), None);
        let problem = problem_with(&check("printf 200; :")).unwrap();
        assert_eq!(problem, "a request: announced 401, got 200");
    }

    #[test]
    fn a_command_that_prints_no_status_is_a_failure() {
        assert!(problem_with(&check("exit 7; :")).is_some());
    }
}
