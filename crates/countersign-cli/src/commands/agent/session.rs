//! Sessions, between one command and the next.
//!
//! A file with a session is what a login prints: JSON with the token, its end, the account and the
//! server. Only its owner can read it.

use std::path::{Path, PathBuf};

use clap::Args;
use countersign::Timestamp;
use countersign_client::agent::Session;
use serde_json::{Value, json};
use zeroize::{Zeroize as _, Zeroizing};

use super::server::unusable;
use crate::arguments::standard_input;
use crate::failure::Failure;
use crate::{output, private_file};

/// The longest file with a session: a token and a few words.
const MAX_SESSION: usize = 16 << 10;

/// The session to act in.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Session")]
pub(super) struct SessionArguments {
    /// The file with the session, from `countersign agent login --session FILE`
    #[arg(long, value_name = "FILE", required = true)]
    session: Option<PathBuf>,
}

/// Where a new session goes.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Session")]
pub(super) struct NewSessionArguments {
    /// Keep the session in this file, which only its owner can read, instead of printing it
    #[arg(long, value_name = "FILE")]
    session: Option<PathBuf>,
}

/// A session, and what it is of.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) session: Session,
    pub(super) user_name: String,
    pub(super) key_server: String,
}

impl SessionArguments {
    pub(super) fn read(&self) -> Result<Kept, Failure> {
        let path = self.path()?;
        let text = standard_input::read(path, "--session", MAX_SESSION)?;
        // What is wrong with it is not shown: there may be a token in it.
        Kept::parse(&text).ok_or_else(|| {
            Failure::unusable(
                "--session",
                &path.display().to_string(),
                "there is no session in it; log in with --session FILE",
            )
        })?
    }

    pub(super) fn path(&self) -> Result<&Path, Failure> {
        let path = self.session.as_deref();
        path.ok_or_else(|| Failure::usage("there is no session; give --session FILE"))
    }

    /// The flag, if it is read from standard input.
    pub(super) fn standard_input(&self) -> Option<&'static str> {
        (self.session.as_deref() == Some(Path::new("-"))).then_some("--session")
    }
}

impl NewSessionArguments {
    /// Keeps `kept` in the file, if there is one; then, what is printed of it.
    pub(super) fn keep(&self, kept: &Kept) -> Result<Value, Failure> {
        match &self.session {
            Some(path) => kept.write(path),
            None => Ok(kept.to_json(Token::Shown)),
        }
    }

    /// Whether it is kept.
    pub(super) fn is_kept(&self) -> bool {
        self.session.is_some()
    }
}

/// Whether the token is written too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    Shown,
    Hidden,
}

impl Kept {
    fn parse(text: &[u8]) -> Option<Result<Self, Failure>> {
        let mut value: Value = serde_json::from_slice(text).ok()?;
        let mut text = |name: &str| match value.get_mut(name)?.take() {
            Value::String(text) => Some(text),
            _ => None,
        };
        let (token, user_name) = (text("jwt")?, text("user_name")?);
        let key_server = text("key_server")?;
        let end = Timestamp::from_unix(value.get("expires")?.as_i64()?);
        let session = Session::new(token, end).map_err(|error| unusable(&error));
        Some(session.map(|session| Self {
            session,
            user_name,
            key_server,
        }))
    }

    /// Writes it into the file at `path`; what is printed of it then.
    pub(super) fn write(&self, path: &Path) -> Result<Value, Failure> {
        if path == Path::new("-") {
            return Err(Failure::unusable(
                "--session",
                "-",
                "name a file; without one the session is printed",
            ));
        }
        let mut value = self.to_json(Token::Shown);
        let text = Zeroizing::new(value.to_string());
        if let Some(Value::String(token)) = value.get_mut("jwt") {
            token.zeroize();
        }
        private_file::write(path, text.as_bytes()).map_err(|error| {
            let path = path.display();
            Failure::failed(format!("the session cannot be kept in {path}: {error}"))
        })?;
        Ok(self.to_json(Token::Hidden))
    }

    fn to_json(&self, token: Token) -> Value {
        let mut value = json!({
            "key_server": self.key_server,
            "user_name": self.user_name,
            "expires": self.session.expires_at().as_unix(),
        });
        if let (Token::Shown, Some(object)) = (token, value.as_object_mut()) {
            let token = self.session.token().expose();
            object.insert("jwt".to_owned(), token.into());
        }
        value
    }

    /// Says that it was kept, or else prints it, so that the output is what a file has.
    pub(super) fn announce(
        &self,
        kept: &NewSessionArguments,
        shown: &Value,
    ) -> Result<(), Failure> {
        let sentence = format!(
            "logged in as {} until {}",
            self.user_name,
            self.session.expires_at()
        );
        if kept.is_kept() {
            return output::line(&sentence);
        }
        output::note(&sentence);
        output::line(&shown.to_string())
    }
}
