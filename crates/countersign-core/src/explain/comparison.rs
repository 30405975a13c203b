//! Our string to sign beside the other side's.

use std::fmt;

use super::percent;
use super::visible;

/// How the other side's string to sign compares with ours.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Comparison {
    /// They are the same byte for byte, so secret, hash or signature must differ.
    Same,
    /// They differ.
    Different(Difference),
}

impl Comparison {
    /// Where they differ, if they do.
    pub const fn difference(&self) -> Option<&Difference> {
        match self {
            Self::Same => None,
            Self::Different(difference) => Some(difference),
        }
    }

    pub(super) fn of(ours: &[u8], theirs: &[u8]) -> Self {
        if ours == theirs {
            return Self::Same;
        }
        let same = ours.iter().zip(theirs).take_while(|(a, b)| a == b).count();
        let before = ours.get(..same).unwrap_or_default();
        let line = before
            .split(|&byte| byte == b'\n')
            .count()
            .saturating_sub(1);
        let shown = |text| visible::split(text).nth(line).map(visible::line);
        Self::Different(Difference {
            line: line.saturating_add(1),
            offset: same,
            ours: shown(ours),
            theirs: shown(theirs),
            guess: Guess::of(ours, theirs),
        })
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Same => {
                f.write_str("The texts are the same: the secret, the hash or the encoding differs.")
            }
            Self::Different(difference) => difference.fmt(f),
        }
    }
}

/// Where two strings to sign begin to differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    line: usize,
    offset: usize,
    ours: Option<String>,
    theirs: Option<String>,
    guess: Option<Guess>,
}

impl Difference {
    /// The first line that differs, counted from 1.
    pub const fn line(&self) -> usize {
        self.line
    }

    /// The first byte that differs, counted from 0 over the whole text.
    pub const fn offset(&self) -> usize {
        self.offset
    }

    /// Our line, made visible; `None` when our text ends before it.
    pub fn ours(&self) -> Option<&str> {
        self.ours.as_deref()
    }

    /// Their line, made visible; `None` when their text ends before it.
    pub fn theirs(&self) -> Option<&str> {
        self.theirs.as_deref()
    }

    /// What is probably the matter.
    pub const fn guess(&self) -> Option<Guess> {
        self.guess
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const END: &str = "(the text ends here)";
        writeln!(
            f,
            "The texts differ at line {}, byte {}.",
            self.line, self.offset
        )?;
        writeln!(f, "  ours    {}", self.ours().unwrap_or(END))?;
        write!(f, "  theirs  {}", self.theirs().unwrap_or(END))?;
        if let Some(guess) = self.guess {
            write!(f, "\n{}", guess.sentence())?;
        }
        Ok(())
    }
}

/// What is probably the matter with the other side's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Guess {
    /// Its lines are joined with a backslash and an `n`.
    LiteralLineFeeds,
    /// Its lines end in CR LF.
    CarriageReturns,
    /// It has a line feed too many at its end.
    TrailingLineFeed,
    /// It lacks the line feed at its end.
    TrailingLineFeedMissing,
    /// It lacks a line.
    LineMissing,
    /// It has a line too many.
    LineExtra,
    /// Its lines are in another order.
    LinesReordered,
    /// Only case differs.
    CaseOnly,
    /// Only blanks and tabs differ.
    BlanksOnly,
    /// Only percent escapes differ.
    EscapesOnly,
}

impl Guess {
    /// The likeliest, if any: the first that accounts for the whole difference.
    fn of(ours: &[u8], theirs: &[u8]) -> Option<Self> {
        let without = |text: &[u8], left_out: &[u8]| -> Vec<u8> {
            let kept = text.iter().copied();
            kept.filter(|byte| !left_out.contains(byte)).collect()
        };
        let lines = |text| -> Vec<&[u8]> {
            let text: &[u8] = text;
            text.split(|&byte| byte == b'\n').collect()
        };
        let sorted = |text| {
            let mut lines = lines(text);
            lines.sort_unstable();
            lines
        };
        let literal = theirs.windows(2).any(|pair| pair == br"\n");
        if literal && ours.contains(&b'\n') && !theirs.contains(&b'\n') {
            Some(Self::LiteralLineFeeds)
        } else if theirs.contains(&b'\r') && !ours.contains(&b'\r') {
            Some(Self::CarriageReturns)
        } else if theirs.strip_suffix(b"\n") == Some(ours) {
            Some(Self::TrailingLineFeed)
        } else if ours.strip_suffix(b"\n") == Some(theirs) {
            Some(Self::TrailingLineFeedMissing)
        } else if lacks_one(&lines(ours), &lines(theirs)) {
            Some(Self::LineMissing)
        } else if lacks_one(&lines(theirs), &lines(ours)) {
            Some(Self::LineExtra)
        } else if sorted(ours) == sorted(theirs) {
            Some(Self::LinesReordered)
        } else if ours.eq_ignore_ascii_case(theirs) {
            Some(Self::CaseOnly)
        } else if without(ours, b" \t") == without(theirs, b" \t") {
            Some(Self::BlanksOnly)
        } else if percent::decode(ours) == percent::decode(theirs) {
            Some(Self::EscapesOnly)
        } else {
            None
        }
    }

    /// A stable code, such as `case_only`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::LiteralLineFeeds => "literal_line_feeds",
            Self::CarriageReturns => "carriage_returns",
            Self::TrailingLineFeed => "trailing_line_feed",
            Self::TrailingLineFeedMissing => "trailing_line_feed_missing",
            Self::LineMissing => "line_missing",
            Self::LineExtra => "line_extra",
            Self::LinesReordered => "lines_reordered",
            Self::CaseOnly => "case_only",
            Self::BlanksOnly => "blanks_only",
            Self::EscapesOnly => "escapes_only",
        }
    }

    /// The same in words.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::LiteralLineFeeds => "Their lines are joined with a backslash and an n.",
            Self::CarriageReturns => "Their text has carriage returns; lines end in LF alone.",
            Self::TrailingLineFeed => "Their text has a line feed too many at its end.",
            Self::TrailingLineFeedMissing => "Their text lacks the line feed at its end.",
            Self::LineMissing => "Their text lacks this line of ours.",
            Self::LineExtra => "Their text has this line too many.",
            Self::LinesReordered => "Their text has the same lines in another order.",
            Self::CaseOnly => "Only upper and lower case differ.",
            Self::BlanksOnly => "Only blanks and tabs differ.",
            Self::EscapesOnly => "Only percent escapes differ.",
        }
    }
}

/// Whether `shorter` is `longer` without one of its lines.
fn lacks_one(longer: &[&[u8]], shorter: &[&[u8]]) -> bool {
    let same = longer.iter().zip(shorter).take_while(|(a, b)| a == b);
    let at = same.count();
    longer.get(at.saturating_add(1)..) == shorter.get(at..) && longer.len() > shorter.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn difference(ours: &str, theirs: &str) -> Difference {
        match Comparison::of(ours.as_bytes(), theirs.as_bytes()) {
            Comparison::Different(difference) => difference,
            Comparison::Same => panic!("{ours:?}"),
        }
    }

    #[test]
    fn equal_texts_are_the_same() {
        assert_eq!(Comparison::of(b"GET\n/", b"GET\n/"), Comparison::Same);
    }

    #[test]
    fn the_first_difference_has_line_byte_and_both_lines() {
        let found = difference("GET\n/a\nx", "GET\n/b \nx");
        assert_eq!((found.line(), found.offset()), (2, 5));
        assert_eq!(found.ours(), Some("/a␊"));
        assert_eq!(found.theirs(), Some("/b·␊"));
        assert_eq!(found.guess(), None);
    }

    #[test]
    fn a_text_that_ends_early_has_no_line_there() {
        let found = difference("GET\n/", "GET\n");
        assert_eq!((found.ours(), found.theirs()), (Some("/"), None));
    }

    #[test]
    fn the_usual_differences_are_guessed() {
        for (theirs, expected) in [
            (r"GET\n/a%20b\nx:y", Guess::LiteralLineFeeds),
            ("GET\r\n/a%20b\r\nx:y", Guess::CarriageReturns),
            ("GET\n/a%20b\nx:y\n", Guess::TrailingLineFeed),
            ("GET\nx:y", Guess::LineMissing),
            ("GET\n/a%20b\nx:y\nz", Guess::LineExtra),
            ("GET\nx:y\n/a%20b", Guess::LinesReordered),
            ("get\n/A%20b\nx:y", Guess::CaseOnly),
            ("GET\n/a%20b\nx: y", Guess::BlanksOnly),
            ("GET\n/a b\nx:y", Guess::EscapesOnly),
        ] {
            let found = difference("GET\n/a%20b\nx:y", theirs);
            assert_eq!(found.guess(), Some(expected), "{theirs:?}");
        }
        let found = difference("GET\n/\n", "GET\n/");
        assert_eq!(found.guess(), Some(Guess::TrailingLineFeedMissing));
    }
}
