//! What is wrong with a file of keys.
//!
//! Invariant: no text here holds a secret. So no text of the TOML parser's is passed on but its
//! short message: its `Display` quotes the line of the mistake.

use std::error::Error;
use std::fmt::{self, Display};
use std::path::{Path, PathBuf};

use countersign_core::ConfigError;

/// A file of keys cannot be used: which one, what is wrong with it, and what to do about it.
///
/// Its texts name the key and the field, and never show a secret.
#[derive(Debug)]
pub struct KeysFileError {
    path: PathBuf,
    problem: Problem,
}

impl KeysFileError {
    /// The path of the key file, also when the problem is in one of its secret files.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Display for KeysFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Problem { what, fix, .. } = &self.problem;
        write!(f, "{}: {what}{fix}", self.path.display())
    }
}

impl Error for KeysFileError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        let source = self.problem.source.as_deref()?;
        Some(source)
    }
}

/// A [`KeysFileError`] that does not know its file yet.
#[derive(Debug)]
pub(super) struct Problem {
    what: String,
    /// With what separates it from `what`.
    fix: String,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl Problem {
    pub(super) fn new(what: impl Into<String>, fix: impl Display) -> Self {
        Self {
            what: what.into(),
            fix: format!("; {fix}"),
            source: None,
        }
    }

    pub(super) fn caused_by(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    pub(super) fn in_file(self, path: &Path) -> KeysFileError {
        KeysFileError {
            path: path.into(),
            problem: self,
        }
    }
}

impl From<ConfigError> for Problem {
    /// The error says both what and how.
    fn from(error: ConfigError) -> Self {
        Self {
            what: error.to_string(),
            fix: String::new(),
            source: Some(error.into()),
        }
    }
}
