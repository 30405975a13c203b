//! Text in which nothing is invisible.
//!
//! Most mismatches are bytes that a terminal does not show. Here each byte has one spelling, so
//! that two texts that look alike are alike.

use std::fmt;

/// A string to sign, line by line, with its invisible bytes made visible.
///
/// A line feed is `␊` at the end of its line, a carriage return `␍`, a tab `⇥`, a blank at
/// either end of a line `·`, a backslash `\\`, and every other control character or byte beyond
/// ASCII `\xNN`.
#[derive(Clone, PartialEq, Eq)]
pub struct VisibleText {
    bytes: Vec<u8>,
    lines: Vec<String>,
}

impl VisibleText {
    pub(super) fn new(bytes: Vec<u8>) -> Self {
        let lines = split(&bytes).map(line).collect();
        Self { bytes, lines }
    }

    /// The lines. All but the last end in `␊`; the last does if the text ends in a line feed.
    pub fn lines(&self) -> &[String] {
        &self.lines
    }

    /// Whether the last byte is a line feed.
    pub fn ends_with_line_feed(&self) -> bool {
        self.bytes.ends_with(b"\n")
    }

    /// The text itself.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl fmt::Display for VisibleText {
    /// The lines with their numbers, and a note when no line feed ends the last.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, line) in (1..).zip(&self.lines) {
            let number: usize = number;
            writeln!(f, "{number:>3}  {line}")?;
        }
        if !self.ends_with_line_feed() {
            writeln!(f, "     (no line feed at the end)")?;
        }
        Ok(())
    }
}

impl fmt::Debug for VisibleText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.lines).finish()
    }
}

/// The lines of `text`, each with its line feed.
pub(super) fn split(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split_inclusive(|&byte| byte == b'\n')
}

/// One line, with its line feed if it has one, made visible.
pub(super) fn line(line: &[u8]) -> String {
    let (content, end) = match line.strip_suffix(b"\n") {
        Some(content) => (content, "␊"),
        None => (line, ""),
    };
    let blank = |byte: &u8| *byte == b' ';
    let first = content.iter().position(|byte| !blank(byte));
    let last = content.iter().rposition(|byte| !blank(byte));
    let mut out = String::with_capacity(content.len());
    for (index, &byte) in content.iter().enumerate() {
        let at_an_end = first.is_none_or(|first| index < first) || last.is_some_and(|l| index > l);
        match byte {
            b' ' if at_an_end => out.push('·'),
            b'\t' => out.push('⇥'),
            b'\r' => out.push('␍'),
            b'\\' => out.push_str(r"\\"),
            b' '..=b'~' => out.push(char::from(byte)),
            other => out.extend(std::ascii::escape_default(other).map(char::from)),
        }
    }
    out.push_str(end);
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_invisible_byte_is_shown() {
        let text = b" a b \n\tx\r\n\\n\xe9\0\n   \nend ".to_vec();
        let visible = VisibleText::new(text);
        let expected = ["·a b·␊", "⇥x␍␊", r"\\n\xe9\x00␊", "···␊", "end·"];
        assert_eq!(visible.lines(), expected);
        assert!(visible.to_string().contains("no line feed at the end"));
    }

    #[test]
    fn a_final_line_feed_is_no_further_line() {
        let visible = VisibleText::new(b"GET\n/\n".to_vec());
        assert_eq!(visible.lines(), ["GET␊", "/␊"]);
        assert!(visible.ends_with_line_feed());
        assert_eq!(visible.to_string(), "  1  GET␊\n  2  /␊\n");
    }

    proptest! {
        #[test]
        fn texts_that_look_alike_are_alike(
            one in proptest::collection::vec(any::<u8>(), 0..12),
            other in proptest::collection::vec(any::<u8>(), 0..12),
        ) {
            let (one, other) = (VisibleText::new(one), VisibleText::new(other));
            prop_assert_eq!(one.lines() == other.lines(), one.as_bytes() == other.as_bytes());
            let shown = one.to_string();
            prop_assert!(shown.chars().all(|c| c == '\n' || !c.is_control()));
        }
    }
}
