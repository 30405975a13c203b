//! The command line as a whole: its subcommands, and what they have in common.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use crate::commands::{
    agent, attack, completions, curl, echo, explain, gateway, key_server, man, quickstart, sign,
};
use crate::failure::Failure;
use crate::{layers, output};

/// Signs, sends, explains and guards HMAC-authenticated HTTP requests.
#[derive(Debug, Parser)]
#[command(name = "countersign", version, after_help = AFTER_HELP, after_long_help = AFTER_HELP)]
#[command(subcommand_required = true, propagate_version = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

const AFTER_HELP: &str = "\
Settings: a flag wins over the variable COUNTERSIGN_<FLAG> (--window-past is
COUNTERSIGN_WINDOW_PAST), that over the key of the same name in --config FILE.toml, that over
the default. --print-config shows the result.

Secrets are never arguments: give --secret-file FILE (- is standard input), or the variable
COUNTERSIGN_SECRET or COUNTERSIGN_SECRET_FILE.

Exit status: 0 done, 1 failed, 2 usage, 3 refused by the server (401 or 403), 4 not reachable.

Example:
  countersign curl --scheme auth-key --key-id test123 --secret-file secret.txt \\
      -d 'hello' POST http://127.0.0.1:8000/greetings";

/// What every subcommand takes.
#[derive(Args, Clone, Debug)]
pub(crate) struct Common {
    /// Take settings from this TOML file
    ///
    /// Keys are the names of the flags, as in `window-past = "300s"`; those in a table with the
    /// name of a subcommand, as in `[gateway]`, count for that subcommand alone. An unknown key is
    /// an error.
    #[arg(
        long,
        global = true,
        value_name = "FILE.toml",
        help_heading = "Settings"
    )]
    config: Option<PathBuf>,

    /// Show the settings that result from flags, environment and file, secrets masked, and exit
    #[arg(long, global = true, help_heading = "Settings")]
    print_config: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    Quickstart(quickstart::Quickstart),
    Gateway(Box<gateway::Gateway>),
    Sign(sign::Sign),
    Curl(curl::Curl),
    Explain(explain::Explain),
    Attack(attack::Attack),
    Echo(echo::Echo),
    KeyServer(key_server::KeyServer),
    Agent(Box<agent::Agent>),
    Completions(completions::Completions),
    Man(man::Man),
}

/// Reads the arguments and does what they say.
pub(crate) fn run(arguments: &[OsString]) -> Result<(), Failure> {
    let command = Cli::command();
    let settled = match layers::settle(command, arguments, &layers::process_environment) {
        Ok(settled) => settled,
        Err(layers::Unsettled::Show(shown)) => {
            // Help and version. Clap knows whether to colour them.
            return shown
                .print()
                .map_err(|error| Failure::failed(format!("help cannot be written: {error}")));
        }
        Err(layers::Unsettled::Failure(failure)) => return Err(failure),
    };
    if let Some(shown) = settled.printed() {
        return output::bytes(shown.as_bytes());
    }
    let cli =
        Cli::from_arg_matches(settled.matches()).map_err(|error| layers::sentence_of(&error))?;
    match cli.command {
        Command::Quickstart(command) => command.run(),
        Command::Gateway(command) => command.run(),
        Command::Sign(command) => command.run(),
        Command::Curl(command) => command.run(),
        Command::Explain(command) => command.run(),
        Command::Attack(command) => command.run(),
        Command::Echo(command) => command.run(),
        Command::KeyServer(command) => command.run(),
        Command::Agent(command) => command.run(),
        Command::Completions(command) => command.run(Cli::command()),
        Command::Man(command) => command.run(Cli::command()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_subcommand_has_an_example_in_its_help() {
        for command in Cli::command().get_subcommands() {
            let help = command.clone().render_long_help().to_string();
            let name = command.get_name();
            assert!(
                help.contains(&format!("countersign {name}")),
                "{name}: {help}"
            );
            for inner in command.get_subcommands() {
                let (help, inner) = (inner.clone().render_long_help(), inner.get_name());
                let example = format!("countersign {name} {inner}");
                assert!(help.to_string().contains(&example), "{example}: {help}");
            }
        }
    }
}
