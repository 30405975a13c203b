//! What became of the documents of an import.

use std::fmt;

/// The most documents that are named; the others are counted.
const MAX_NAMED: usize = 1000;

/// The longest name that is shown, in characters before they are escaped: as long as an id may be.
const MAX_NAME: usize = 256;

/// What became of each document of the original's database.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImportReport {
    /// Credentials that were created.
    pub created: u64,
    /// Credentials that were there already, just as the original has them.
    pub already_there: u64,
    /// Documents that were left because the store has something else under their id, or their
    /// secret under another id.
    pub conflicts: u64,
    /// Documents that were left because they are no credentials as the original writes them.
    pub invalid: u64,
    /// Documents of other types, which say that they are no credentials.
    pub others: u64,
    /// The first thousand documents that were left, and why.
    pub left: Vec<Left>,
}

/// A document that was left.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Left {
    /// Its `_id`: visible ASCII, and cut short where it is a secret.
    pub document: String,
    /// Why.
    pub reason: Reason,
}

/// Why a document was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// It is no credential as the original writes them: in which respect.
    Invalid(&'static str),
    /// There is a credential with its id, but with another secret or principal, or for another
    /// scheme.
    TakenId,
    /// Its secret is that of another id.
    SharedSecret,
}

impl ImportReport {
    /// Whether every credential of the original is in the store.
    pub fn is_complete(&self) -> bool {
        self.conflicts == 0 && self.invalid == 0
    }

    pub(super) fn leave(&mut self, document: &str, reason: Reason) {
        let count = match reason {
            Reason::Invalid(_) => &mut self.invalid,
            Reason::TakenId | Reason::SharedSecret => &mut self.conflicts,
        };
        *count = count.saturating_add(1);
        if self.left.len() < MAX_NAMED {
            self.left.push(Left {
                document: shown(document),
                reason,
            });
        }
    }
}

fn shown(name: &str) -> String {
    let mut shown: String = name.chars().take(MAX_NAME).collect();
    if shown.len() < name.len() {
        shown.push_str("...");
    }
    shown.escape_default().to_string()
}

impl fmt::Display for ImportReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "created {}, already there {}, conflicts {}, invalid {}, of other types {}",
            self.created, self.already_there, self.conflicts, self.invalid, self.others
        )
    }
}

impl fmt::Display for Left {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.document, self.reason)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Invalid(problem) => problem,
            Self::TakenId => {
                "the store has another credential with this id, which was left as it is"
            }
            Self::SharedSecret => {
                "another id has the same secret; give its principal a new credential"
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_escaped_cut_short_and_counted_beyond_the_list() {
        let mut report = ImportReport::default();
        report.leave("a\u{1b}[2J\n", Reason::TakenId);
        report.leave(&"x".repeat(100_000), Reason::SharedSecret);
        for _ in 0..MAX_NAMED {
            report.leave("more", Reason::Invalid("it is odd"));
        }
        assert_eq!(report.left[0].document, "a\\u{1b}[2J\\n");
        assert_eq!(report.left[1].document.len(), MAX_NAME + 3);
        assert_eq!((report.conflicts, report.invalid), (2, 1000));
        assert_eq!(report.left.len(), MAX_NAMED);
        assert!(!report.is_complete());
    }
}
