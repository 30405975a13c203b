//! Which source wins for which flag.

use std::ffi::{OsStr, OsString};

use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command};

use super::file::{File, settable};
use super::{Environment, Source, environment};
use crate::failure::Failure;

/// A setting that is not on the command line and goes there.
#[derive(Clone, Debug)]
pub(super) struct Injected {
    pub(super) flag: String,
    pub(super) values: Vec<OsString>,
    pub(super) source: Source,
    form: Form,
}

/// How a setting is written on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// `--flag=value`.
    Valued,
    /// `--flag`, or nothing.
    Switch,
}

/// Everything that the weaker sources add.
#[derive(Debug, Default)]
pub(super) struct Merged {
    injected: Vec<Injected>,
}

impl Merged {
    pub(super) fn new(
        command: &Command,
        flags: &ArgMatches,
        variables: Environment<'_>,
        file: Option<&File>,
    ) -> Result<Self, Failure> {
        let mut merged = Self::default();
        let mut decided: Vec<&str> = command
            .get_arguments()
            .filter(|argument| {
                flags.value_source(argument.get_id().as_str()) == Some(ValueSource::CommandLine)
            })
            .map(|argument| argument.get_id().as_str())
            .collect();

        for weaker in [Weaker::Environment, Weaker::File] {
            let mut found = Vec::new();
            for argument in command.get_arguments() {
                let Some(flag) = argument.get_long() else {
                    continue;
                };
                let unavailable = !settable(command).contains(&flag)
                    || decided.contains(&argument.get_id().as_str())
                    || excluded(command, argument, &decided);
                if unavailable {
                    continue;
                }
                let in_itself = environment::in_itself(flag).filter(|variable| {
                    weaker == Weaker::Environment && variables(variable).is_some()
                });
                let Some((values, source)) = weaker.get(flag, variables, file) else {
                    if in_itself.is_some() {
                        found.push(argument.get_id().as_str());
                    }
                    continue;
                };
                if let Some(variable) = in_itself {
                    return Err(Failure::usage(format!(
                        "{variable} and {variable}_FILE are both set; keep one"
                    )));
                }
                found.push(argument.get_id().as_str());
                merged.injected.push(Injected {
                    flag: flag.to_owned(),
                    values,
                    source,
                    form: match argument.get_action() {
                        ArgAction::SetTrue => Form::Switch,
                        _ => Form::Valued,
                    },
                });
            }
            decided.extend(found);
        }
        merged.check()?;
        Ok(merged)
    }

    pub(super) fn injected(&self) -> &[Injected] {
        &self.injected
    }

    /// Where the value of `flag` came from.
    pub(super) fn source_of(&self, flag: &str, matches: &ArgMatches, argument: &Arg) -> Source {
        if let Some(injected) = self.injected.iter().find(|one| one.flag == flag) {
            return injected.source.clone();
        }
        match matches.value_source(argument.get_id().as_str()) {
            Some(ValueSource::CommandLine) => Source::Flag,
            _ => Source::Default,
        }
    }

    fn check(&self) -> Result<(), Failure> {
        self.injected.iter().try_for_each(Injected::check)
    }
}

impl Injected {
    fn check(&self) -> Result<(), Failure> {
        let place = match &self.source {
            Source::Variable(name) => name,
            Source::Key(key) => key,
            Source::Flag | Source::Default => return Ok(()),
        };
        match (&self.values[..], self.form) {
            ([], _) => Err(Failure::unusable(
                place,
                "[]",
                "leave it out, or name at least one",
            )),
            ([value], Form::Switch) if switched(value).is_none() => Err(Failure::unusable(
                place,
                &value.to_string_lossy(),
                "use true or false",
            )),
            ([_, _, ..], Form::Switch) => {
                Err(Failure::unusable(place, "a list", "use true or false"))
            }
            _ => Ok(()),
        }
    }

    fn arguments(&self) -> impl Iterator<Item = OsString> {
        self.values.iter().filter_map(|value| {
            let mut argument = OsString::from(format!("--{}", self.flag));
            match self.form {
                Form::Switch => return switched(value)?.then_some(argument),
                Form::Valued => {
                    argument.push("=");
                    argument.push(value);
                }
            }
            Some(argument)
        })
    }
}

fn switched(value: &OsStr) -> Option<bool> {
    match value.to_str()? {
        "true" | "1" | "yes" | "on" => Some(true),
        "false" | "0" | "no" | "off" => Some(false),
        _ => None,
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Weaker {
    Environment,
    File,
}

impl Weaker {
    fn get(
        self,
        flag: &str,
        variables: Environment<'_>,
        file: Option<&File>,
    ) -> Option<(Vec<OsString>, Source)> {
        match self {
            Self::Environment => {
                let name = environment::name_of(flag);
                let value = variables(&name)?;
                Some((vec![value], Source::Variable(name)))
            }
            Self::File => {
                let (values, key) = file?.get(flag)?;
                let values = values.iter().map(OsString::from).collect();
                Some((values, Source::Key(key)))
            }
        }
    }
}

/// Whether something that is decided already excludes `argument`.
fn excluded(command: &Command, argument: &Arg, decided: &[&str]) -> bool {
    command.get_arguments().any(|other| {
        decided.contains(&other.get_id().as_str())
            && (conflicts(command, other, argument) || conflicts(command, argument, other))
    })
}

fn conflicts(command: &Command, one: &Arg, other: &Arg) -> bool {
    command
        .get_arg_conflicts_with(one)
        .iter()
        .any(|conflict| conflict.get_id() == other.get_id())
}

/// `arguments` with the injected ones right behind the subcommand, whose names `path` has.
pub(super) fn insert(
    root: &Command,
    arguments: &[OsString],
    path: &[String],
    merged: &Merged,
) -> Vec<OsString> {
    let (mut at, mut command) = (1, Some(root));
    for name in path {
        at = position_behind(command, arguments, at, name);
        command = command.and_then(|command| command.find_subcommand(name));
    }
    let (before, after) = arguments.split_at_checked(at).unwrap_or((arguments, &[]));
    let injected = merged.injected.iter().flat_map(Injected::arguments);
    before
        .iter()
        .cloned()
        .chain(injected)
        .chain(after.iter().cloned())
        .collect()
}

/// Behind the subcommand of `command`: the first argument from `start` on that is neither a flag nor
/// the value of one.
fn position_behind(
    command: Option<&Command>,
    arguments: &[OsString],
    start: usize,
    subcommand: &str,
) -> usize {
    let takes_value = |flag: &OsStr| {
        let known = command.into_iter().flat_map(Command::get_arguments);
        known.into_iter().any(|argument| {
            let named = argument
                .get_long()
                .is_some_and(|long| flag == format!("--{long}").as_str());
            named && argument.get_action().takes_values()
        })
    };
    let mut skip = false;
    for (at, argument) in arguments.iter().enumerate().skip(start) {
        if std::mem::take(&mut skip) {
            continue;
        }
        if argument == subcommand {
            return at.saturating_add(1);
        }
        skip = takes_value(argument);
    }
    arguments.len()
}
