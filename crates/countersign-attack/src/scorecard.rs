//! What became of the cases.
//!
//! Invariant: nothing in it is a secret, a control character or longer than a screen.

use std::fmt;

use serde::Serialize;

use crate::case::{Case, section_of, title_of};

/// What became of one case.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "lowercase", tag = "result")]
pub enum Verdict {
    /// Everything was as it must be.
    Passed,
    /// Something was not.
    Missed {
        /// What, for the first few tries at which it was not.
        misses: Vec<Miss>,
    },
    /// It was not run.
    Skipped {
        /// Why not.
        why: String,
    },
}

/// One request that was not treated as it must be.
#[derive(Clone, Debug, Serialize)]
pub struct Miss {
    /// What was sent, escaped and shortened.
    pub sent: String,
    /// What may become of it.
    pub expected: String,
    /// What became of it.
    pub got: String,
}

/// One case, and what became of it.
#[derive(Clone, Debug, Serialize)]
pub struct Score {
    /// Its number in the catalogue.
    pub number: u16,
    /// Its name.
    pub id: String,
    /// What was sent, in a few words.
    pub what: String,
    /// How often it was tried.
    pub tries: usize,
    /// What became of it.
    #[serde(flatten)]
    pub result: Verdict,
}

impl Score {
    pub(crate) fn of(case: &Case, tries: usize, result: Verdict) -> Self {
        Self {
            number: case.number,
            id: case.id.clone(),
            what: case.what.clone(),
            tries,
            result,
        }
    }
}

/// What became of all cases that were for the scheme.
#[derive(Clone, Debug, Default)]
pub struct Scorecard {
    scores: Vec<Score>,
}

impl Scorecard {
    pub(crate) fn push(&mut self, score: Score) {
        self.scores.push(score);
    }

    /// The cases, in the order in which they were run.
    pub fn scores(&self) -> &[Score] {
        &self.scores
    }

    /// The cases that came out wrong.
    pub fn misses(&self) -> impl Iterator<Item = &Score> {
        let missed = |score: &&Score| matches!(score.result, Verdict::Missed { .. });
        self.scores.iter().filter(missed)
    }

    /// The cases that were not run.
    pub fn skipped(&self) -> impl Iterator<Item = &Score> {
        let skipped = |score: &&Score| matches!(score.result, Verdict::Skipped { .. });
        self.scores.iter().filter(skipped)
    }

    /// The numbers of the cases that passed, were missed, and were skipped.
    pub fn counts(&self) -> [usize; 3] {
        let (missed, skipped) = (self.misses().count(), self.skipped().count());
        let passed = self.scores.len().saturating_sub(missed);
        [passed.saturating_sub(skipped), missed, skipped]
    }

    /// As JSON: `passed`, `missed`, `skipped` are counts, `cases` is a list with `number`, `id`,
    /// `what`, `tries`, `result` (`passed`, `missed` or `skipped`) and, of what was missed, `misses`
    /// with `sent`, `expected` and `got`, of what was skipped, `why`.
    pub fn to_json(&self) -> String {
        let [passed, missed, skipped] = self.counts();
        serde_json::json!({
            "passed": passed,
            "missed": missed,
            "skipped": skipped,
            "cases": self.scores,
        })
        .to_string()
    }

    fn section(&self, letter: char) -> Self {
        let scores = self.scores.iter();
        let inside = scores.filter(|score| section_of(score.number) == letter);
        Self {
            scores: inside.cloned().collect(),
        }
    }
}

impl fmt::Display for Scorecard {
    /// A line for each section, and a paragraph for each miss.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for letter in 'A'..='H' {
            let section = self.section(letter);
            let [passed, missed, skipped] = section.counts();
            if section.scores.is_empty() {
                continue;
            }
            let title = title_of(letter);
            write!(f, "{letter}  {title:<28} {passed:>4} passed")?;
            if missed > 0 {
                write!(f, " {missed:>4} missed")?;
            }
            if skipped > 0 {
                write!(f, " {skipped:>4} skipped")?;
            }
            writeln!(f)?;
        }
        for score in &self.scores {
            match &score.result {
                Verdict::Passed => {}
                Verdict::Skipped { why } => writeln!(f, "\nskipped {}: {why}", score.id)?,
                Verdict::Missed { misses } => {
                    writeln!(f, "\nMISSED {}: {}", score.id, score.what)?;
                    for miss in misses {
                        writeln!(f, "  sent      {}", miss.sent)?;
                        writeln!(f, "  expected  {}", miss.expected)?;
                        writeln!(f, "  got       {}", miss.got)?;
                    }
                }
            }
        }
        let [passed, missed, skipped] = self.counts();
        write!(f, "\n{passed} passed, {missed} missed, {skipped} skipped")
    }
}
