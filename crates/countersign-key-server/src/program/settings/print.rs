//! `--print-config`: the settings as a file that `--config` takes, passwords masked.

use std::borrow::Cow;
use std::fmt::Write as _;

use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command};

use super::file::Setting;
use super::{settable, variable_of};
use crate::program::address::without_password;

/// The settings, each with its source.
pub(super) fn print(root: &Command, matches: &ArgMatches, weaker: &[Setting]) -> String {
    let mut text = format!("# settings of {}\n", root.get_name());
    for (argument, name) in settable(root) {
        let id = argument.get_id().as_str();
        let value = match argument.get_action() {
            ArgAction::SetTrue => Some(matches.get_flag(id).to_string()),
            _ => value_of(argument, matches).map(|value| quoted(&without_password(&value))),
        };
        let source = match matches.value_source(id) {
            _ if weaker.iter().any(|setting| setting.id == id) => weaker
                .iter()
                .find(|setting| setting.id == id)
                .map_or_else(String::new, |setting| format!("from {}", setting.place)),
            Some(ValueSource::CommandLine) => "from the command line".to_owned(),
            Some(ValueSource::EnvVariable) => format!("from {}", variable_of(name)),
            _ => "by default".to_owned(),
        };
        let source = source.replace(|character: char| character.is_control(), " ");
        // Writing to a String cannot fail.
        let _ = match value {
            Some(value) => writeln!(text, "{name} = {value}  # {source}"),
            None => writeln!(text, "# {name} is not set"),
        };
    }
    text
}

/// The value of an option; of one that takes several, all of them as they are given together.
fn value_of(argument: &Arg, matches: &ArgMatches) -> Option<String> {
    let mut values = matches
        .get_raw(argument.get_id().as_str())?
        .map(|value| value.to_string_lossy());
    match argument.get_value_delimiter() {
        Some(delimiter) => Some(values.collect::<Vec<_>>().join(&delimiter.to_string())),
        None => values.next_back().map(Cow::into_owned),
    }
}

/// JSON strings are TOML strings, and nothing has to be said of numbers: they are taken too.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
