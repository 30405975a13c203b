//! What can be wrong with a store.

use std::error::Error;
use std::fmt;

/// A store cannot do what it was asked for.
///
/// Its text names no secret and no password of a database; it is for the operator, never for the
/// caller of the API.
#[derive(Debug)]
pub struct StoreError {
    kind: StoreErrorKind,
    message: String,
    source: Option<Box<dyn Error + Send + Sync>>,
}

/// What kind of trouble it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// It is down, slow, locked or out of space: later it may work.
    Unavailable,
    /// What it keeps cannot be understood: somebody else has changed it.
    Damaged,
    /// It was made by a newer version of this program, or is something else altogether.
    Incompatible,
    /// What it was told at the start cannot be right: its address, its password, a setting.
    Misconfigured,
    /// The position of a page is not one of its own.
    InvalidPosition,
}

impl StoreError {
    /// Trouble of this kind; `message` says what happened and what to do, as part of a sentence.
    pub fn new(kind: StoreErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            source: None,
        }
    }

    /// Because of `source`.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// What kind of trouble it is.
    pub fn kind(&self) -> StoreErrorKind {
        self.kind
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|it| it as _)
    }
}
