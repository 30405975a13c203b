//! Running other programs: loudly when they are the check, quietly when they only answer a question.

use std::env;
use std::iter;
use std::process::{Command, Stdio};

use crate::Result;

/// Cargo with these arguments, the same one that started this program.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments);
    // `cargo run` describes the xtask package in the environment. Build scripts that watch these
    // variables would run again each time a developer alternates between xtask and plain cargo.
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
    command
}

/// Runs a command with its output going where ours goes.
///
/// # Errors
/// When it cannot be started or ends with anything but success.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let shown = describe(command);
    println!("$ {shown}");
    let status = command
        .status()
        .map_err(|error| format!("`{shown}`: {error}"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("`{shown}` ended with {status}").into())
    }
}

/// What a command writes to standard output; its standard error goes where ours goes.
///
/// # Errors
/// When it cannot be started, ends with anything but success or writes something other than UTF-8.
pub(crate) fn output_of(command: &mut Command) -> Result<String> {
    let shown = describe(command);
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("`{shown}`: {error}"))?;
    if output.status.success() {
        Ok(String::from_utf8(output.stdout)?)
    } else {
        Err(format!("`{shown}` ended with {}", output.status).into())
    }
}

/// Whether a command starts and ends with success; nothing is shown.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// One line of `sh`. What the shell needs beyond the line itself goes through the environment.
pub(crate) fn shell(line: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", line]);
    command
}

/// The command as one would type it, less the folder of the program.
fn describe(command: &Command) -> String {
    let program = command.get_program().to_string_lossy();
    let name = program.rsplit('/').next().unwrap_or(&program);
    let arguments = command
        .get_args()
        .map(|argument| argument.to_string_lossy().into_owned());
    let words: Vec<String> = iter::once(name.to_owned()).chain(arguments).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_command_is_an_error_that_names_it() {
        let error = run(&mut shell("exit 3")).unwrap_err().to_string();
        assert!(error.contains("`sh -c exit 3`"), "{error}");
        assert!(error.contains('3'), "{error}");
    }

    #[test]
    fn a_command_that_does_not_exist_is_an_error_and_not_a_success() {
        let mut missing = Command::new("countersign-no-such-program");
        assert!(run(&mut missing).is_err());
        assert!(!succeeds(&mut missing));
    }

    #[test]
    fn output_is_what_the_command_printed() {
        assert_eq!(output_of(&mut shell("printf 'a\nb'")).unwrap(), "a\nb");
    }
}
