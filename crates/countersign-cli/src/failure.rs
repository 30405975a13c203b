//! How a command ends when it does not succeed: with a documented status and one sentence.

use std::fmt;
use std::io::Write as _;
use std::process::ExitCode;

/// The exit statuses other than 0. Scripts rely on the numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// What was asked for could not be done, or did not come out as hoped.
    Failed = 1,
    /// The arguments, the environment or a configuration file are unusable.
    Usage = 2,
    /// The server answered 401 or 403.
    Refused = 3,
    /// No answer came.
    Unreachable = 4,
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        Self::from(status as u8)
    }
}

/// Why a command failed.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    status: Status,
    sentence: String,
}

impl Failure {
    /// What was asked for could not be done.
    pub(crate) fn failed(sentence: impl Into<String>) -> Self {
        Self::new(Status::Failed, sentence)
    }

    /// What was asked for makes no sense.
    pub(crate) fn usage(sentence: impl Into<String>) -> Self {
        Self::new(Status::Usage, sentence)
    }

    /// The setting `key` has the unusable `value`; `fix` says which are usable.
    pub(crate) fn unusable(key: &str, value: &str, fix: impl fmt::Display) -> Self {
        Self::usage(format!("{key} = {value:?} cannot be used: {fix}"))
    }

    /// The server refused the request.
    pub(crate) fn refused(sentence: impl Into<String>) -> Self {
        Self::new(Status::Refused, sentence)
    }

    /// The server gave no answer.
    pub(crate) fn unreachable(sentence: impl Into<String>) -> Self {
        Self::new(Status::Unreachable, sentence)
    }

    fn new(status: Status, sentence: impl Into<String>) -> Self {
        Self {
            status,
            sentence: sentence.into(),
        }
    }

    /// The status to exit with.
    pub(crate) const fn status(&self) -> Status {
        self.status
    }

    /// Says it on standard error, in one line whatever is in it.
    pub(crate) fn report(&self) {
        // There is nowhere left to report that standard error is closed.
        let _ = writeln!(std::io::stderr(), "countersign: {self}");
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut blank = false;
        for character in self.sentence.trim().chars() {
            if character.is_whitespace() {
                blank = true;
                continue;
            }
            if std::mem::take(&mut blank) {
                f.write_str(" ")?;
            }
            if character.is_control() {
                write!(f, "{}", character.escape_default())?;
            } else {
                write!(f, "{character}")?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_is_one_line_without_control_characters() {
        let failure = Failure::failed("two\n  lines,\ta tab and \u{1b}[31mred\n");
        assert_eq!(failure.to_string(), "two lines, a tab and \\u{1b}[31mred");
    }

    #[test]
    fn an_unusable_setting_names_the_key_the_value_and_the_valid_ones() {
        let failure = Failure::unusable("--window-past", "soon", "use a number with s, m or h");
        assert_eq!(failure.status(), Status::Usage);
        assert_eq!(
            failure.to_string(),
            "--window-past = \"soon\" cannot be used: use a number with s, m or h"
        );
    }
}
