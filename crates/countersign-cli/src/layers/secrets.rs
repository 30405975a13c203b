//! Passwords on the command line, which every user of the machine can read there.

use clap::parser::ValueSource;
use clap::{ArgMatches, Command};

use crate::arguments::request::without_password;
use crate::failure::Failure;

/// Flags whose URL may hold a password where others cannot read it: in a variable or a file.
const URLS: &[&str] = &["replay"];

/// Refuses URLs with a password that are arguments themselves.
pub(super) fn refuse(command: &Command, given: &ArgMatches) -> Result<(), Failure> {
    for argument in command.get_arguments() {
        let Some(flag) = argument.get_long().filter(|flag| URLS.contains(flag)) else {
            continue;
        };
        let id = argument.get_id().as_str();
        if given.value_source(id) != Some(ValueSource::CommandLine) {
            continue;
        }
        for value in given.get_raw(id).into_iter().flatten() {
            let url = value.to_string_lossy();
            if has_password(&url) {
                return Err(Failure::unusable(
                    &format!("--{flag}"),
                    &without_password(&url),
                    format_args!(
                        "a password is never an argument; give --{flag}-password-file FILE, or \
                         set COUNTERSIGN_{}",
                        flag.to_ascii_uppercase()
                    ),
                ));
            }
        }
    }
    Ok(())
}

/// A user alone is no secret.
fn has_password(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let credentials = rest.rsplit_once('@').map(|(credentials, _)| credentials);
    let password = credentials.and_then(|credentials| credentials.split_once(':'));
    password.is_some_and(|(_, password)| !password.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_told_from_a_user_and_from_a_port() {
        for (url, has) in [
            ("redis://:p@h", true),
            ("redis://u:p@ss@h:1/0", true),
            ("u:p@h", true),
            ("redis://u@h:1", false),
            ("redis://u:@h:1", false),
            ("redis+cluster://h:1,h:2/", false),
            ("memory", false),
        ] {
            assert_eq!(has_password(url), has, "{url}");
        }
    }
}
