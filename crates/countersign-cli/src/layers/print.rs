//! `--print-config`: the settings as a file that `--config` takes, secrets masked.

use std::fmt::Write as _;

use clap::{Arg, ArgAction, ArgMatches, Command};

use super::environment::in_itself;
use super::file::settable;
use super::merge::Merged;
use super::{Environment, Source};
use crate::arguments::request::without_password;

/// Headers whose values are credentials.
const SECRET_HEADERS: [&str; 5] = [
    "authorization",
    "proxy-authorization",
    "cookie",
    "x-api-key",
    "x-auth-token",
];

/// The settings of `command`, whose names are `title`, each with its source.
pub(super) fn print(
    title: &str,
    command: &Command,
    settings: &ArgMatches,
    merged: &Merged,
    environment: Environment<'_>,
) -> String {
    let mut text = format!("# settings of `countersign {title}`\n");
    for argument in command.get_arguments() {
        let Some(flag) = argument.get_long() else {
            continue;
        };
        if !settable(command).contains(&flag) {
            continue;
        }
        let values: Vec<String> = settings
            .get_raw(argument.get_id().as_str())
            .into_iter()
            .flatten()
            .map(|value| masked(flag, &value.to_string_lossy()))
            .collect();
        // Writing to a String cannot fail.
        let _ = if values.is_empty() {
            writeln!(text, "# {flag} is not set")
        } else {
            let value = shown(argument, &values);
            match merged.source_of(flag, settings, argument) {
                Source::Flag => writeln!(text, "{flag} = {value}  # from the command line"),
                Source::Variable(name) => writeln!(text, "{flag} = {value}  # from {name}"),
                Source::Key(key) => writeln!(text, "{flag} = {value}  # from {}", one_line(&key)),
                Source::Default => writeln!(text, "{flag} = {value}  # by default"),
            }
        };
        let by_flag = merged.source_of(flag, settings, argument) == Source::Flag;
        let variable = in_itself(flag).filter(|name| !by_flag && environment(name).is_some());
        if let (Some(variable), Some(itself)) = (variable, flag.strip_suffix("-file")) {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "# {itself} = \"***\"  # from {variable}");
        }
    }
    text
}

fn shown(argument: &Arg, values: &[String]) -> String {
    let list = matches!(argument.get_action(), ArgAction::Append);
    let mut values = values.iter().map(|value| match value.as_str() {
        truth @ ("true" | "false") => truth.to_owned(),
        // JSON strings are TOML strings.
        text => serde_json::Value::from(text).to_string(),
    });
    if list {
        let values: Vec<String> = values.collect();
        format!("[{}]", values.join(", "))
    } else {
        values.next_back().unwrap_or_default()
    }
}

/// `value` without credentials.
fn masked(flag: &str, value: &str) -> String {
    if flag == "header" {
        let name = value.split(':').next().unwrap_or_default().trim();
        if SECRET_HEADERS
            .iter()
            .any(|secret| name.eq_ignore_ascii_case(secret))
        {
            return format!("{name}: ***");
        }
    }
    if flag == "data" {
        return value.to_owned();
    }
    without_password(value)
}

fn one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_in_urls_and_credential_headers_are_masked() {
        for (flag, value, expected) in [
            ("replay", "redis://:pa@ss@h:6379/0", "redis://***@h:6379/0"),
            ("replay", "redis://:pa/ss@h:6379/0", "redis://***@h:6379/0"),
            ("key-server", "https://u:p@h/?a=@b", "https://***@h/?a=@b"),
            ("replay", "redis:/:pa/ss@h:6379", "***@h:6379"),
            ("replay", "'\nredis:\n//u:pass@h", "***@h"),
            ("replay", "xredis://u/:pass@h", "xredis://***@h"),
            ("replay", "redis:u:pass@://h", "***@://h"),
            ("upstream", "http://h/a@b", "http://h/a@b"),
            ("upstream", "http://h:8000/a@b", "http://h:8000/a@b"),
            ("upstream", "http:///u:p@h", "http://***@h"),
            ("upstream", "http://u:pa/ss@h/x", "http://***@h/x"),
            ("upstream", "http://u:pa?ss@h/x", "http://***@h/x"),
            ("data", "mail: a@b", "mail: a@b"),
            ("header", "authorization : Bearer x", "authorization: ***"),
            ("header", "Accept: a", "Accept: a"),
            ("scheme", "mac", "mac"),
        ] {
            assert_eq!(masked(flag, value), expected);
        }
    }
}
