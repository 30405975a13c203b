//! What an explanation says, and how it says it on a terminal.

use std::fmt;

use super::comparison::Comparison;
use super::finding::Finding;
use super::near_miss::NearMiss;
use super::visible::VisibleText;
use crate::reason::Refusal;
use crate::scheme::SchemeId;

/// Whether the signature fits, and if not, what it does fit.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Verdict {
    /// It fits the string to sign under this key.
    Matches,
    /// It does not; with this one change it would.
    NearMiss(NearMiss),
    /// Neither it nor anything near it fits: probably another secret, or several mistakes at once.
    NoNearMiss,
    /// The request could not be read far enough to compute anything.
    Unreadable(Refusal),
}

impl Verdict {
    /// A stable code: `matches`, `near_miss`, `no_near_miss` or `unreadable`.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Matches => "matches",
            Self::NearMiss(_) => "near_miss",
            Self::NoNearMiss => "no_near_miss",
            Self::Unreadable(_) => "unreadable",
        }
    }

    /// The near miss, where there is one.
    pub const fn near_miss(&self) -> Option<NearMiss> {
        match self {
            Self::NearMiss(miss) => Some(*miss),
            _ => None,
        }
    }

    /// Why the request could not be read, where it could not.
    pub const fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Unreadable(refusal) => Some(refusal),
            _ => None,
        }
    }

    /// The verdict in a sentence or two.
    pub const fn sentence(&self) -> &'static str {
        match self {
            Self::Matches => "The signature matches.",
            Self::NearMiss(miss) => miss.sentence(),
            Self::NoNearMiss => {
                "The signature does not match, and no single mistake that is known accounts for \
                 it. Compare the secret, then the string to sign below with the signer's, byte \
                 for byte."
            }
            Self::Unreadable(refusal) => refusal.sentence(),
        }
    }
}

/// Why a signature does not match.
///
/// Written for the holder of the key: it shows the string to sign. It holds neither the expected
/// signature nor the secret, so it cannot show them, whatever is done with it.
#[derive(Clone, Debug)]
pub struct Explanation {
    pub(super) scheme: SchemeId,
    pub(super) verdict: Verdict,
    pub(super) text: Option<VisibleText>,
    pub(super) comparison: Option<Comparison>,
    pub(super) findings: Vec<Finding>,
    pub(super) trials: usize,
}

impl Explanation {
    /// The scheme by which the request was read.
    pub const fn scheme(&self) -> SchemeId {
        self.scheme
    }

    /// Whether the signature fits, and if not, what it does fit.
    pub const fn verdict(&self) -> &Verdict {
        &self.verdict
    }

    /// What should have been signed; `None` when the request cannot be read that far, or the
    /// scheme signs nothing.
    pub const fn string_to_sign(&self) -> Option<&VisibleText> {
        self.text.as_ref()
    }

    /// How the other side's string to sign compares, if it was given.
    pub const fn comparison(&self) -> Option<&Comparison> {
        self.comparison.as_ref()
    }

    /// What else is wrong: time, key and body.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// How many MACs were computed to find out.
    pub const fn trials(&self) -> usize {
        self.trials
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = match &self.verdict {
            Verdict::NearMiss(miss) => miss.code(),
            Verdict::Unreadable(refusal) => refusal.reason().code(),
            other => other.code(),
        };
        writeln!(f, "{}: {code}", self.scheme)?;
        writeln!(f, "{}", self.verdict.sentence())?;
        if let Some(text) = &self.text {
            writeln!(f, "\nThe string to sign:\n{text}")?;
        }
        if let Some(comparison) = &self.comparison {
            writeln!(f, "The other side's string to sign:\n{comparison}\n")?;
        }
        for finding in &self.findings {
            writeln!(f, "{finding}")?;
        }
        Ok(())
    }
}
