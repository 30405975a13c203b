//! Where settings come from: option > variable `COUNTERSIGN_<OPTION>` > file > default.
//!
//! What the file says is turned into options, so that one parser checks every value, whatever its
//! source.

#[cfg(test)]
mod any_file;
mod file;
mod print;

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use clap::builder::BoolishValueParser;
use clap::parser::ValueSource;
use clap::{ArgAction, ArgMatches, Command, CommandFactory as _, FromArgMatches as _};

use self::file::{File, Setting};
use super::address::without_password;
use super::arguments::Arguments;
use super::failure::Failure;

/// What the arguments ask for, with everything taken into account.
#[derive(Debug)]
pub(super) enum Settled {
    /// To run with these, and to say this first.
    Run(Box<Arguments>, Option<&'static str>),
    /// To show this text.
    Print(String),
    /// To show help, the version, or what is wrong with the arguments.
    Show(clap::Error),
}

/// Reads `arguments` and completes them from the environment and the file.
pub(super) fn settle(arguments: &[OsString]) -> Result<Settled, Failure> {
    let mut root = command();
    root.build();
    let given = match root.clone().try_get_matches_from(arguments) {
        Ok(given) => given,
        Err(error) => return Ok(Settled::Show(error)),
    };
    let file = given
        .get_one::<PathBuf>("config")
        .map(|path| File::read(path, &root))
        .transpose()?;
    let weaker: Vec<Setting> = file
        .into_iter()
        .flat_map(|file| file.settings)
        .filter(|setting| !is_given(&given, &setting.id))
        .collect();
    let mut complete = arguments.to_vec();
    let first = complete.len().min(1);
    let injected = weaker.iter().filter_map(|setting| setting.argument.clone());
    complete.splice(first..first, injected);
    let matches = match root.clone().try_get_matches_from(&complete) {
        Ok(matches) => matches,
        Err(error) => return Err(named(&error, &weaker)),
    };
    if matches.get_flag("print_config") {
        return Ok(Settled::Print(print::print(&root, &matches, &weaker)));
    }
    match Arguments::from_arg_matches(&matches) {
        Ok(arguments) => {
            let exposed = given.value_source("key_store") == Some(ValueSource::CommandLine)
                && without_password(&arguments.store.key_store) != arguments.store.key_store;
            let note = exposed.then_some(
                "whoever lists the processes of this machine sees the password in --key-store; set \
                 COUNTERSIGN_KEY_STORE or the key key-store in the file of --config instead",
            );
            Ok(Settled::Run(Box::new(arguments), note))
        }
        Err(error) => Ok(Settled::Show(error)),
    }
}

/// The command, reading the variables of this process; an empty one counts as not set.
pub(super) fn command() -> Command {
    Arguments::command().mut_args(|argument| {
        let Some(name) = argument.get_long().filter(|it| *it != "print-config") else {
            return argument;
        };
        let name = variable_of(name);
        let argument = match argument.get_action() {
            ArgAction::SetTrue => argument.value_parser(BoolishValueParser::new()),
            _ => argument,
        };
        if std::env::var_os(&name).is_some_and(|value| value.is_empty()) {
            return argument;
        }
        argument.env(name).hide_env(true)
    })
}

fn variable_of(option: &str) -> String {
    let name = option.to_ascii_uppercase().replace('-', "_");
    format!("COUNTERSIGN_{name}")
}

fn is_given(matches: &ArgMatches, id: &str) -> bool {
    matches!(
        matches.value_source(id),
        Some(ValueSource::CommandLine | ValueSource::EnvVariable)
    )
}

/// The options that a variable or a file can set.
fn settable(root: &Command) -> impl Iterator<Item = (&clap::Arg, &str)> {
    root.get_arguments()
        .filter_map(|argument| Some((argument, argument.get_long()?)))
        .filter(|(_, name)| !matches!(*name, "help" | "version" | "config" | "print-config"))
}

/// `error`, which is about a value from the file, in one sentence.
fn named(error: &clap::Error, weaker: &[Setting]) -> Failure {
    let text = error.render().to_string();
    let first = text.split("\n\n").next().unwrap_or_default();
    let sentence = first.strip_prefix("error: ").unwrap_or(first);
    let origin = weaker.iter().find(|setting| {
        let option = format!("--{}", setting.name);
        sentence
            .split(|character: char| !(character.is_ascii_alphanumeric() || character == '-'))
            .any(|word| word == option)
    });
    match origin {
        Some(setting) => Failure::usage(format!("{sentence} (it comes from {})", setting.place)),
        None => Failure::usage(sentence),
    }
}

/// `--name=value`.
fn option(name: &str, value: impl AsRef<OsStr>) -> OsString {
    let mut argument = OsString::from(format!("--{name}="));
    argument.push(value);
    argument
}
