//! Where settings come from: flag > environment > file > default.
//!
//! What the environment and the file say is turned into arguments, so that one parser checks
//! every value, whatever its source. Whatever a stronger source sets also silences those flags
//! of a weaker one that exclude it (`--keys` on the command line, `key-server` in the file).

#[cfg(test)]
mod any_file;
mod environment;
mod file;
mod merge;
mod print;
mod secrets;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{ArgMatches, Command};

pub(crate) use self::environment::of_process as process_environment;
use self::file::File;
use self::merge::{Injected, Merged};
use crate::failure::Failure;

/// The variables of a process.
pub(crate) type Environment<'e> = &'e dyn Fn(&str) -> Option<OsString>;

/// Where a setting came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// The command line.
    Flag,
    /// This variable.
    Variable(String),
    /// This key of the file.
    Key(String),
    /// Nobody set it.
    Default,
}

/// The arguments with everything taken into account.
#[derive(Debug)]
pub(crate) struct Settled {
    matches: ArgMatches,
    printed: Option<String>,
}

impl Settled {
    /// What clap makes of them.
    pub(crate) const fn matches(&self) -> &ArgMatches {
        &self.matches
    }

    /// What `--print-config` shows, when it was asked for.
    pub(crate) fn printed(&self) -> Option<&str> {
        self.printed.as_deref()
    }
}

/// Why there are no settings.
#[derive(Debug)]
pub(crate) enum Unsettled {
    /// Help or the version was asked for.
    Show(clap::Error),
    /// Something is unusable.
    Failure(Failure),
}

impl From<Failure> for Unsettled {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

/// Reads `arguments` and completes them from the environment and the file.
pub(crate) fn settle(
    mut root: Command,
    arguments: &[OsString],
    environment: Environment<'_>,
) -> Result<Settled, Unsettled> {
    root.build();
    let given = match parse(loose(root.clone()), arguments, &[]) {
        // Help shows what is required.
        Err(Unsettled::Show(_)) => parse(root.clone(), arguments, &[])?,
        given => given?,
    };
    let Named {
        path,
        command,
        flags,
    } = named(&root, &given)?;
    let name = path.first().map_or("", String::as_str);

    secrets::refuse(&command, flags)?;
    let file = match flags.get_one::<PathBuf>("config") {
        Some(path) => Some(path.clone()),
        None => environment("COUNTERSIGN_CONFIG").map(PathBuf::from),
    };
    let file = file
        .map(|path| File::read(&path, &root, name))
        .transpose()?;
    let merged = Merged::new(&command, flags, environment, file.as_ref())?;

    let printing = flags.value_source("print_config") == Some(ValueSource::CommandLine);
    let complete = merge::insert(&root, arguments, &path, &merged);
    // What is shown need not be complete.
    let parser = if printing { loose(root) } else { root };
    let matches = parse(parser, &complete, merged.injected())?;
    let printed = printing.then(|| {
        let mut settings = &matches;
        while let Some((_, inner)) = settings.subcommand() {
            settings = inner;
        }
        let title = path.join(" ");
        print::print(&title, &command, settings, &merged, environment)
    });
    Ok(Settled { matches, printed })
}

/// The subcommand that the arguments name, down to the last, as in `agent login`.
struct Named<'g> {
    path: Vec<String>,
    command: Command,
    flags: &'g ArgMatches,
}

fn named<'g>(root: &Command, given: &'g ArgMatches) -> Result<Named<'g>, Failure> {
    let (mut path, mut command, mut flags) = (Vec::new(), root, given);
    while command.has_subcommands() {
        let Some((name, inner)) = flags.subcommand() else {
            let names: Vec<_> = command.get_subcommands().map(Command::get_name).collect();
            let of = match path.last() {
                Some(name) => format!(" of {name}"),
                None => String::new(),
            };
            let names = names.join(", ");
            return Err(Failure::usage(format!("name a subcommand{of}: {names}")));
        };
        let found = command.find_subcommand(name);
        command = found.ok_or_else(|| Failure::usage(format!("{name:?} is no subcommand")))?;
        path.push(name.to_owned());
        flags = inner;
    }
    Ok(Named {
        path,
        command: command.clone(),
        flags,
    })
}

/// `error` in one sentence, without the usage text.
pub(crate) fn sentence_of(error: &clap::Error) -> Failure {
    described(error, &[])
}

fn parse(
    command: Command,
    arguments: &[OsString],
    injected: &[Injected],
) -> Result<ArgMatches, Unsettled> {
    command
        .try_get_matches_from(arguments)
        .map_err(|error| match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Unsettled::Show(error),
            _ => Unsettled::Failure(described(&error, injected)),
        })
}

/// `error` in one sentence that names where the value came from, if not from the command line.
fn described(error: &clap::Error, injected: &[Injected]) -> Failure {
    let text = error.render().to_string();
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    let mut sentence = String::new();
    for paragraph in text.split("\n\n") {
        let paragraph = paragraph.trim();
        if paragraph.is_empty()
            || paragraph.starts_with("Usage:")
            || paragraph.starts_with("For more information")
        {
            continue;
        }
        if !sentence.is_empty() {
            sentence.push_str("; ");
        }
        sentence.push_str(paragraph);
    }
    let about = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(argument)) => Some(argument.as_str()),
        _ => None,
    };
    let origin = about.and_then(|argument| {
        let flag = argument.split([' ', '=', '[']).next()?.strip_prefix("--")?;
        injected.iter().find(|one| one.flag == flag)
    });
    let origin = match origin.map(|one| &one.source) {
        Some(Source::Variable(name)) => format!(" (it comes from the variable {name})"),
        Some(Source::Key(key)) => format!(" (it comes from {key})"),
        _ => String::new(),
    };
    Failure::usage(format!("{sentence}{origin}; --help shows what is possible"))
}

/// `command` without demands, for a look at what there is so far.
fn loose(command: Command) -> Command {
    command
        .subcommand_required(false)
        .arg_required_else_help(false)
        .mut_args(|argument| argument.required(false))
        .mut_subcommands(loose)
}

#[cfg(test)]
mod tests;
