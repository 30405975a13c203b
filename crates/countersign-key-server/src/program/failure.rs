//! How the program ends when it does not succeed: with a documented status and one sentence.

use std::fmt;
use std::process::ExitCode;

use crate::maintenance::MaintenanceError;
use crate::store::StoreError;

/// The exit statuses other than 0. Scripts rely on the numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    /// What was asked for could not be done.
    Failed = 1,
    /// The arguments, the environment or the configuration file are unusable.
    Usage = 2,
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        Self::from(status as u8)
    }
}

/// Why the program failed.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    status: Status,
    sentence: String,
}

impl Failure {
    /// What was asked for could not be done.
    pub(super) fn failed(sentence: impl Into<String>) -> Self {
        Self {
            status: Status::Failed,
            sentence: sentence.into(),
        }
    }

    /// What was asked for makes no sense.
    pub(super) fn usage(sentence: impl Into<String>) -> Self {
        Self {
            status: Status::Usage,
            sentence: sentence.into(),
        }
    }

    /// The setting `key` has the unusable `value`; `fix` says which are usable.
    pub(super) fn unusable(key: &str, value: &str, fix: impl fmt::Display) -> Self {
        Self::usage(format!("{key} = {value:?} cannot be used: {fix}"))
    }

    pub(super) const fn status(&self) -> Status {
        self.status
    }
}

/// In one line, whatever is in it.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, word) in self.sentence.split_whitespace().enumerate() {
            if index > 0 {
                f.write_str(" ")?;
            }
            for character in word.chars() {
                if character.is_control() {
                    write!(f, "{}", character.escape_default())?;
                } else {
                    write!(f, "{character}")?;
                }
            }
        }
        Ok(())
    }
}

impl From<MaintenanceError> for Failure {
    fn from(error: MaintenanceError) -> Self {
        Self::failed(error.to_string())
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        MaintenanceError::from(error).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_is_one_line_without_control_characters() {
        let failure = Failure::failed("two\n  lines,\ta tab and \u{1b}[31mred\n");
        assert_eq!(failure.to_string(), "two lines, a tab and \\u{1b}[31mred");
    }
}
