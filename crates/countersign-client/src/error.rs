//! Why the key server did not do what it was asked for.
//!
//! Invariants: no error has a token, a secret, or the path of a request in it (for `basic` the path
//! is the secret); what the server said is bounded, and its control characters are escaped.

use std::fmt;
use std::time::Duration;

use crate::text;

/// The most characters of a problem's `code` that are kept: the longest of the key server has 32.
const MAX_CODE: usize = 64;

/// The most characters of a problem's `detail` that are kept: a few sentences.
const MAX_DETAIL: usize = 512;

/// What kind of failure it is, for code that decides what to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// No answer came in time. A change that was asked for may have been made.
    Unreachable,
    /// The token is missing, unknown, revoked, or has not the scope (401, 403). Of the agent API: the
    /// session has ended, or a password is wrong.
    Refused,
    /// There is no such credential (404); no such key or algorithm.
    NotFound,
    /// It contradicts what there is: an idempotency key used for something else, or too many active
    /// credentials (409); an account or a key that is there already.
    Conflict,
    /// The credential was changed since its `ETag` was read (412).
    Stale,
    /// The request is wrong (400, 413, 415, 421, 422), or was not sent because it would be: asking
    /// again does not help.
    Invalid,
    /// Too many requests (429).
    Limited {
        /// How long the server asks to wait.
        retry_after: Option<Duration>,
    },
    /// The server, or its store, cannot answer at the moment (5xx).
    Unavailable {
        /// How long the server asks to wait.
        retry_after: Option<Duration>,
    },
    /// What answered does not speak as a key server does.
    Protocol,
}

/// The key server did not do what it was asked for: a sentence for the operator.
///
/// It may be logged and shown as it is.
#[derive(Clone)]
pub struct ClientError(Box<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    origin: Box<str>,
    status: Option<u16>,
    code: Option<Box<str>>,
    detail: Option<Box<str>>,
    sentence: Box<str>,
}

impl ClientError {
    /// Of the key server at `origin`, because of `sentence`, which reads on from its name.
    pub(crate) fn new(kind: ErrorKind, origin: &str, sentence: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            origin: origin.into(),
            status: None,
            code: None,
            detail: None,
            sentence: sentence.into().into(),
        }))
    }

    pub(crate) fn protocol(origin: &str, sentence: impl Into<String>) -> Self {
        Self::new(ErrorKind::Protocol, origin, sentence)
    }

    pub(crate) fn with_status(mut self, status: http::StatusCode) -> Self {
        self.0.status = Some(status.as_u16());
        self
    }

    /// With what a stranger said of it.
    pub(crate) fn with_problem(mut self, code: Option<&str>, detail: Option<&str>) -> Self {
        self.0.code = code.map(|code| text::shown(code, MAX_CODE));
        self.0.detail = detail.map(|detail| text::shown(detail, MAX_DETAIL));
        self
    }

    /// What kind of failure it is.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The status of the answer, if one came.
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }

    /// The stable `code` that the server gave, if it sent one.
    pub fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// What the server said besides its code, if it said something: a sentence for people.
    pub fn detail(&self) -> Option<&str> {
        self.0.detail.as_deref()
    }

    /// How long the server asks to wait before the next try, if it says so.
    pub fn retry_after(&self) -> Option<Duration> {
        match self.0.kind {
            ErrorKind::Limited { retry_after } | ErrorKind::Unavailable { retry_after } => {
                retry_after
            }
            _ => None,
        }
    }
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        write!(f, "the key server at {} {}", inner.origin, inner.sentence)?;
        match (&inner.code, &inner.detail) {
            (Some(code), Some(detail)) => write!(f, " ({code}: {detail})"),
            (Some(said), None) | (None, Some(said)) => write!(f, " ({said})"),
            (None, None) => Ok(()),
        }
    }
}

impl fmt::Debug for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientError")
            .field("kind", &self.0.kind)
            .field("status", &self.0.status)
            .field("sentence", &self.to_string())
            .finish()
    }
}

impl std::error::Error for ClientError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_says_is_bounded_and_cannot_forge_a_line_of_a_log() {
        let error = ClientError::protocol("http://h", "answered 500")
            .with_problem(Some("a\nb"), Some(&"\u{1b}".repeat(10_000)));
        let shown = error.to_string();
        assert!(shown.starts_with("the key server at http://h answered 500 (a\\nb: "));
        assert!(!shown.contains(char::is_control) && shown.len() < 8 * MAX_DETAIL);
    }
}
