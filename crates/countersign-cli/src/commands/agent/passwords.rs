//! Passwords and secrets, which are never arguments: they would be in the list of processes and in
//! the history of the shell.

use std::ffi::OsString;
use std::io::IsTerminal as _;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};

use clap::Args;
use countersign_client::agent::{ApiKey, Password};
use zeroize::Zeroizing;

use super::server::unusable;
use crate::arguments::secret::trim_line_end;
use crate::arguments::standard_input;
use crate::failure::Failure;

/// The longest file with a secret: no server takes a longer one, and a wrong path may lead to
/// anything.
const MAX_SECRET: usize = 64 << 10;

/// The account password.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Account")]
pub(super) struct PasswordArguments {
    /// Read the account password from this file (- is standard input)
    ///
    /// One line end at the end of the file is not part of it. It can be in the variable
    /// `COUNTERSIGN_PASSWORD` instead. On a terminal it is asked for if it is nowhere.
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,

    /// Take the account password from this variable
    #[arg(long, value_name = "VARIABLE", conflicts_with = "password_file")]
    password_env: Option<OsString>,
}

/// The password of a key.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Key")]
pub(super) struct KeyPasswordArguments {
    /// Read the password of the key from this file (- is standard input)
    ///
    /// One line end at the end of the file is not part of it. It can be in the variable
    /// `COUNTERSIGN_KEY_PASSWORD` instead. On a terminal it is asked for if it is nowhere.
    #[arg(long, value_name = "FILE")]
    key_password_file: Option<PathBuf>,

    /// Take the password of the key from this variable
    #[arg(long, value_name = "VARIABLE", conflicts_with = "key_password_file")]
    key_password_env: Option<OsString>,
}

/// The API key.
#[allow(clippy::struct_field_names)] // they are the names of the flags
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "API key")]
pub(super) struct ApiKeyArguments {
    /// The API key: the `api_key` of a credential of the scheme agent
    #[arg(long, value_name = "ID")]
    api_key: String,

    /// Read the secret of the API key from this file (- is standard input)
    ///
    /// One line end at the end of the file is not part of it. It can be in the variable
    /// `COUNTERSIGN_API_KEY_SECRET` instead. On a terminal it is asked for if it is nowhere.
    #[arg(long, value_name = "FILE")]
    api_key_secret_file: Option<PathBuf>,

    /// Take the secret of the API key from this variable
    #[arg(long, value_name = "VARIABLE", conflicts_with = "api_key_secret_file")]
    api_key_secret_env: Option<OsString>,
}

/// Whether a password that is typed is one of before, or is made up now and so is typed twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Typed {
    Once,
    Twice,
}

/// Where a secret may be.
struct Sources<'a> {
    what: &'a str,
    flag: &'static str,
    variable: &'static str,
    file: Option<&'a Path>,
    named_variable: Option<&'a OsString>,
}

impl PasswordArguments {
    pub(super) fn read(&self, user_name: &str, typed: Typed) -> Result<Password, Failure> {
        let what = format!("the password of the account {user_name}");
        let sources = Sources {
            what: &what,
            flag: "password",
            variable: "COUNTERSIGN_PASSWORD",
            file: self.password_file.as_deref(),
            named_variable: self.password_env.as_ref(),
        };
        sources.read(typed)
    }

    /// The flag, if it is read from standard input.
    pub(super) fn standard_input(&self) -> Option<&'static str> {
        is_dash(self.password_file.as_deref()).then_some("--password-file")
    }
}

impl KeyPasswordArguments {
    pub(super) fn read(&self, id: &str, typed: Typed) -> Result<Password, Failure> {
        let what = format!("the password of the key {id}");
        let sources = Sources {
            what: &what,
            flag: "key-password",
            variable: "COUNTERSIGN_KEY_PASSWORD",
            file: self.key_password_file.as_deref(),
            named_variable: self.key_password_env.as_ref(),
        };
        sources.read(typed)
    }

    /// The flag, if it is read from standard input.
    pub(super) fn standard_input(&self) -> Option<&'static str> {
        is_dash(self.key_password_file.as_deref()).then_some("--key-password-file")
    }
}

impl ApiKeyArguments {
    pub(super) fn read(&self) -> Result<ApiKey, Failure> {
        let sources = Sources {
            what: "the secret of the API key",
            flag: "api-key-secret",
            variable: "COUNTERSIGN_API_KEY_SECRET",
            file: self.api_key_secret_file.as_deref(),
            named_variable: self.api_key_secret_env.as_ref(),
        };
        let secret = sources.read(Typed::Once)?;
        ApiKey::new(&*self.api_key, secret.expose()).map_err(|error| unusable(&error))
    }

    /// The flag, if it is read from standard input.
    pub(super) fn standard_input(&self) -> Option<&'static str> {
        is_dash(self.api_key_secret_file.as_deref()).then_some("--api-key-secret-file")
    }
}

impl Sources<'_> {
    fn read(&self, typed: Typed) -> Result<Password, Failure> {
        let text = self.text(typed)?;
        Password::new(&*text).map_err(|_| Failure::usage(format!("{} is empty", self.what)))
    }

    fn text(&self, typed: Typed) -> Result<Zeroizing<String>, Failure> {
        if let Some(path) = self.file {
            let flag = format!("--{}-file", self.flag);
            let mut bytes = standard_input::read(path, &flag, MAX_SECRET)?;
            trim_line_end(&mut bytes);
            return self.utf8(bytes);
        }
        let variable = match self.named_variable {
            Some(name) => Some(std::env::var_os(name).ok_or_else(|| {
                let flag = format!("--{}-env", self.flag);
                Failure::unusable(
                    &flag,
                    &name.to_string_lossy(),
                    "there is no such variable; name one that is set",
                )
            })?),
            None => std::env::var_os(self.variable).filter(|value| !value.is_empty()),
        };
        match variable {
            Some(value) => self.utf8(Zeroizing::new(value.into_vec())),
            None => self.typed(typed),
        }
    }

    fn typed(&self, typed: Typed) -> Result<Zeroizing<String>, Failure> {
        let Self { what, flag, .. } = self;
        if !std::io::stdin().is_terminal() {
            return Err(Failure::usage(format!(
                "{what} is nowhere; give --{flag}-file FILE (- is standard input) or --{flag}-env \
                 VARIABLE, or set {}",
                self.variable
            )));
        }
        let ask = |prompt: &str| {
            rpassword::prompt_password(format!("{prompt}: "))
                .map(Zeroizing::new)
                .map_err(|error| Failure::failed(format!("{what} cannot be asked for: {error}")))
        };
        let text = ask(what)?;
        if typed == Typed::Twice && *ask("the same again")? != *text {
            return Err(Failure::usage(format!(
                "{what} was typed in two ways; begin again"
            )));
        }
        Ok(text)
    }

    fn utf8(&self, mut bytes: Zeroizing<Vec<u8>>) -> Result<Zeroizing<String>, Failure> {
        let bytes = std::mem::take(&mut *bytes);
        String::from_utf8(bytes)
            .map(Zeroizing::new)
            .map_err(|error| {
                drop(Zeroizing::new(error.into_bytes()));
                Failure::usage(format!("{} is not UTF-8", self.what))
            })
    }
}

/// Refuses to read two things from standard input, of which the first would take all.
pub(super) fn one_of(flags: &[Option<&'static str>]) -> Result<(), Failure> {
    let flags: Vec<_> = flags.iter().flatten().copied().collect();
    match flags[..] {
        [one, other, ..] => Err(Failure::usage(format!(
            "{one} and {other} cannot both be standard input; give a file or a variable for one"
        ))),
        _ => Ok(()),
    }
}

fn is_dash(path: Option<&Path>) -> bool {
    path == Some(Path::new("-"))
}
