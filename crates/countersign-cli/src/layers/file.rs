//! The file of `--config`.
//!
//! Keys at the top are flags of the subcommand at hand; those in a table with the name of a
//! subcommand are flags of that one. Every key is checked, used or not.

use std::fmt::Write as _;
use std::path::Path;

use clap::Command;
use toml::{Table, Value};

use crate::failure::Failure;

/// The largest file read: settings are a few lines, and a wrong path may lead to anything.
const MAX_LEN: u64 = 1 << 20;

/// The settings of a file, for one subcommand.
#[derive(Debug)]
pub(super) struct File {
    name: String,
    settings: Vec<(String, Vec<String>)>,
}

impl File {
    /// Reads the file at `path` for `subcommand`.
    pub(super) fn read(path: &Path, root: &Command, subcommand: &str) -> Result<Self, Failure> {
        let name = path.display().to_string();
        let unusable = |what: String| Failure::usage(format!("--config {name:?} {what}"));
        let length = std::fs::metadata(path)
            .map_err(|error| unusable(format!("cannot be read: {error}")))?
            .len();
        if length > MAX_LEN {
            return Err(unusable(
                "is larger than 1 MiB; give a file of settings".to_owned(),
            ));
        }
        let text = std::fs::read_to_string(path)
            .map_err(|error| unusable(format!("cannot be read: {error}")))?;
        Self::parse(name, &text, root, subcommand)
    }

    fn parse(name: String, text: &str, root: &Command, subcommand: &str) -> Result<Self, Failure> {
        // The error's own text quotes the line, and there may be a password in it.
        let table: Table = text.parse().map_err(|error: toml::de::Error| {
            let end = error.span().map_or(0, |span| span.start);
            let before = text.get(..end).unwrap_or_default();
            let line = before.matches('\n').count().saturating_add(1);
            let message = error.message();
            Failure::usage(format!("{name}, line {line} is not TOML: {message}"))
        })?;
        let mut file = Self {
            name,
            settings: Vec::new(),
        };
        let mut own = None;
        for (key, value) in &table {
            let tabled = root.find_subcommand(key);
            match (value, tabled) {
                (Value::Table(inner), Some(command)) => {
                    file.check(inner, command, &format!("[{key}] "))?;
                    if key == subcommand {
                        own = Some(inner);
                    }
                }
                _ => file.check_key(key, root.find_subcommand(subcommand), "")?,
            }
        }
        for (key, value) in &table {
            if !(value.is_table() && root.find_subcommand(key).is_some()) {
                file.take(key, value)?;
            }
        }
        for (key, value) in own.into_iter().flatten() {
            // The table is more specific than the top of the file.
            file.settings.retain(|(set, _)| *set != flag_of(key));
            file.take(key, value)?;
        }
        Ok(file)
    }

    /// The values of `flag`, and the key they stand under.
    pub(super) fn get(&self, flag: &str) -> Option<(&[String], String)> {
        let (_, values) = self.settings.iter().find(|(set, _)| set == flag)?;
        Some((values, format!("the key {flag} of {}", self.name)))
    }

    fn check(&self, table: &Table, command: &Command, place: &str) -> Result<(), Failure> {
        table
            .keys()
            .try_for_each(|key| self.check_key(key, Some(command), place))
    }

    fn check_key(&self, key: &str, command: Option<&Command>, place: &str) -> Result<(), Failure> {
        let Some(command) = command else {
            return Ok(());
        };
        let flags = settable(command);
        if flags.contains(&flag_of(key).as_str()) {
            return Ok(());
        }
        let mut sentence = format!("{}: {place}{key} is not a key", self.name);
        // Writing to a String cannot fail.
        let _ = write!(
            sentence,
            "; the keys of {} are {}",
            command.get_name(),
            if flags.is_empty() {
                "none".to_owned()
            } else {
                flags.join(", ")
            }
        );
        Err(Failure::usage(sentence))
    }

    fn take(&mut self, key: &str, value: &Value) -> Result<(), Failure> {
        let flag = flag_of(key);
        if self.settings.iter().any(|(set, _)| *set == flag) {
            return Err(Failure::usage(format!(
                "{}: {flag} is set twice, with - and with _; keep one",
                self.name
            )));
        }
        let values = match value {
            Value::Array(values) => values.iter().map(scalar).collect(),
            single => scalar(single).map(|value| vec![value]),
        };
        let values = values.ok_or_else(|| {
            Failure::usage(format!(
                "{}: {key} has a {}; give a string, a number, true, false, or a list of them",
                self.name,
                value.type_str()
            ))
        })?;
        self.settings.push((flag, values));
        Ok(())
    }
}

/// The flags of `command` and of its subcommands that a file or a variable can set.
pub(super) fn settable(command: &Command) -> Vec<&str> {
    let mut flags: Vec<_> = command
        .get_arguments()
        .filter_map(|argument| argument.get_long())
        .filter(|flag| !matches!(*flag, "help" | "version" | "config" | "print-config"))
        .collect();
    for flag in command.get_subcommands().flat_map(settable) {
        if !flags.contains(&flag) {
            flags.push(flag);
        }
    }
    flags
}

/// TOML is often written with underscores; both are one key.
fn flag_of(key: &str) -> String {
    key.replace('_', "-")
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Boolean(truth) => Some(truth.to_string()),
        Value::Datetime(time) => Some(time.to_string()),
        Value::Float(_) | Value::Array(_) | Value::Table(_) => None,
    }
}
