//! The file of `--config`. Its keys are the names of options, with `-` or `_`.

use std::ffi::OsString;
use std::io::Read as _;
use std::path::Path;

use clap::{ArgAction, Command};
use toml::{Table, Value};

use super::{option, settable};
use crate::program::failure::Failure;

/// The largest file read: settings are a few lines, and a wrong path may lead to anything.
const MAX_LEN: u64 = 1 << 20;

/// The settings of a file.
#[derive(Debug)]
pub(super) struct File {
    pub(super) settings: Vec<Setting>,
}

/// One key of a file.
#[derive(Debug)]
pub(super) struct Setting {
    /// Of the option it stands for, in the parser's words.
    pub(super) id: String,
    /// The option, without its hyphens.
    pub(super) name: String,
    /// The option with its value; `None` for one that is switched off.
    pub(super) argument: Option<OsString>,
    /// The key and the file, for people.
    pub(super) place: String,
}

impl File {
    /// Reads the file at `path`.
    pub(super) fn read(path: &Path, root: &Command) -> Result<Self, Failure> {
        let name = format!("{:?}", path.display().to_string());
        let unusable = |what: String| Failure::usage(format!("--config {name} {what}"));
        let mut text = String::new();
        std::fs::File::open(path)
            .and_then(|file| {
                file.take(MAX_LEN.saturating_add(1))
                    .read_to_string(&mut text)
            })
            .map_err(|error| unusable(format!("cannot be read: {error}")))?;
        if u64::try_from(text.len()).unwrap_or(u64::MAX) > MAX_LEN {
            return Err(unusable(
                "is larger than 1 MiB; give a file of settings".to_owned(),
            ));
        }
        Self::parse(&path.display().to_string(), &text, root)
    }

    fn parse(file: &str, text: &str, root: &Command) -> Result<Self, Failure> {
        // The error's own text quotes the line, and there may be a password in it.
        let table: Table = text.parse().map_err(|error: toml::de::Error| {
            let end = error.span().map_or(0, |span| span.start);
            let before = text.get(..end).unwrap_or_default();
            let line = before.matches('\n').count().saturating_add(1);
            Failure::usage(format!(
                "{file}, line {line} is not TOML: {}",
                error.message()
            ))
        })?;
        let mut settings: Vec<Setting> = Vec::new();
        for (key, value) in &table {
            let setting = setting(file, key, value, root)?;
            if settings.iter().any(|other| other.id == setting.id) {
                return Err(Failure::usage(format!(
                    "{file}: {} is set twice; keep one",
                    setting.name
                )));
            }
            settings.push(setting);
        }
        Ok(Self { settings })
    }
}

fn setting(file: &str, key: &str, value: &Value, root: &Command) -> Result<Setting, Failure> {
    let spelled = key.replace('_', "-");
    let found = settable(root).find(|(argument, name)| {
        let mut aliases = argument.get_all_aliases().into_iter().flatten();
        *name == spelled || aliases.any(|alias| alias == key)
    });
    let Some((argument, name)) = found else {
        let valid: Vec<&str> = settable(root).map(|(_, name)| name).collect();
        return Err(Failure::usage(format!(
            "{file}: {key} is not a key; the keys are {}",
            valid.join(", ")
        )));
    };
    let place = format!("the key {key} of {file}");
    let argument_text = match (value, argument.get_action()) {
        (Value::Boolean(truth), ArgAction::SetTrue) => truth.then(|| format!("--{name}").into()),
        (_, ArgAction::SetTrue) => {
            return Err(Failure::usage(format!("{place} is true or false")));
        }
        (Value::String(text), _) => Some(option(name, text)),
        (Value::Integer(number), _) => Some(option(name, number.to_string())),
        _ => {
            return Err(Failure::usage(format!(
                "{place} has a {}; give a string or a whole number",
                value.type_str()
            )));
        }
    };
    Ok(Setting {
        id: argument.get_id().to_string(),
        name: name.to_owned(),
        argument: argument_text,
        place,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<File, String> {
        let mut root = super::super::command();
        root.build();
        File::parse("f.toml", text, &root).map_err(|error| error.to_string())
    }

    #[test]
    fn an_unknown_key_lists_the_valid_ones() {
        let error = parse("lissen = '127.0.0.1:1'").unwrap_err();
        assert!(
            error.contains("lissen is not a key; the keys are ") && error.contains("key-store"),
            "{error}"
        );
    }

    #[test]
    fn a_broken_file_names_the_line_and_not_what_is_in_it() {
        let error =
            parse("listen = '127.0.0.1:1'\nkey-store = 'postgres://u:hunter2@h\n").unwrap_err();
        assert!(
            error.contains("line 2") && !error.contains("hunter2"),
            "{error}"
        );
    }

    #[test]
    fn keys_are_spelled_with_either_line_or_like_the_originals_options() {
        let file = parse("master_key_file = 'a'\nlon = 'b:1'\nbehind-tls-proxy = false").unwrap();
        let arguments: Vec<_> = file.settings.into_iter().map(|it| it.argument).collect();
        assert_eq!(
            arguments,
            [
                None,
                Some(OsString::from("--listen=b:1")),
                Some(OsString::from("--master-key-file=a")),
            ]
        );
        assert!(
            parse("listen = 'a:1'\nlon = 'b:1'")
                .unwrap_err()
                .contains("twice")
        );
        assert!(
            parse("listen = ['a:1']")
                .unwrap_err()
                .contains("give a string")
        );
        assert!(
            parse("behind-tls-proxy = 1")
                .unwrap_err()
                .contains("true or false")
        );
    }
}
