//! The lines `name:value` of signed headers, as Auth-Key and Moxie have them.

use std::ops::Range;

use super::{NearMiss, Trials};
use crate::explain::reading::header;
use crate::explain::visible;

/// A line of a signed header, without its line feed.
#[derive(Clone, Copy)]
struct Line<'t> {
    name: &'t str,
    value: &'t [u8],
}

pub(super) fn run(trials: &mut Trials<'_>) {
    let Some(block) = Block::find(trials) else {
        return;
    };
    let sent = trials.subject.head.headers();
    let raw = |line: &Line<'_>| header(sent, line.name).unwrap_or(line.value).to_vec();

    trials.text(
        NearMiss::HeaderBlank,
        block.written(|line| [line.name.as_bytes(), b": ", line.value].concat()),
    );
    let as_sent: Vec<_> = sent
        .keys()
        .filter_map(|name| block.lines.iter().find(|line| line.name == name.as_str()))
        .copied()
        .collect();
    trials.text(NearMiss::HeadersUnsorted, block.with(&as_sent));
    let mut by_name = block.lines.clone();
    by_name.sort_by_key(|line| line.name);
    trials.text(NearMiss::HeadersSortedByName, block.with(&by_name));
    let filled = block.without(|line| matches!(line.value, b"" | b"0"));
    trials.text(NearMiss::HeaderEmptyDropped, filled);
    trials.text(
        NearMiss::HeaderUnfolded,
        block.written(|line| [line.name.as_bytes(), b":", &raw(line)].concat()),
    );
    trials.text(
        NearMiss::HeaderNameCase,
        block.written(|line| [capitals(line.name).as_bytes(), b":", line.value].concat()),
    );
    let dates = block.without(|line| !line.name.ends_with("date"));
    trials.text(NearMiss::HeadersLeftOut, dates);
    trials.text(NearMiss::HeadersLeftOut, block.without(|_| true));
}

/// The lines of signed headers, which stand together, and the text around them.
struct Block<'t> {
    before: &'t [u8],
    lines: Vec<Line<'t>>,
    after: &'t [u8],
}

impl<'t> Block<'t> {
    /// The first run of lines that begin with the name of a header of the request.
    fn find(trials: &Trials<'t>) -> Option<Self> {
        let subject = trials.subject;
        let mut lines = Vec::new();
        let mut place: Option<Range<usize>> = None;
        let mut start: usize = 0;
        for line in visible::split(subject.text) {
            let content = line.strip_suffix(b"\n").unwrap_or(line);
            let end = start.saturating_add(content.len());
            let parsed =
                parse(content).filter(|line| subject.head.headers().contains_key(line.name));
            match parsed {
                Some(line) => {
                    lines.push(line);
                    place = Some(place.map_or(start, |place| place.start)..end);
                }
                None if place.is_some() => break,
                None => {}
            }
            start = start.saturating_add(line.len());
        }
        let place = place?;
        Some(Self {
            before: subject.text.get(..place.start)?,
            lines,
            after: subject.text.get(place.end..)?,
        })
    }

    /// The text with each line as `write` writes it.
    fn written(&self, write: impl Fn(&Line<'t>) -> Vec<u8>) -> Vec<u8> {
        let lines: Vec<_> = self.lines.iter().map(write).collect();
        [self.before, &lines.join(&b'\n'), self.after].concat()
    }

    /// The text with `lines` in the place of its own.
    fn with(&self, lines: &[Line<'t>]) -> Vec<u8> {
        let other = Self {
            lines: lines.to_vec(),
            ..*self
        };
        other.written(|line| [line.name.as_bytes(), b":", line.value].concat())
    }

    fn without(&self, left_out: impl Fn(&Line<'t>) -> bool) -> Vec<u8> {
        let kept: Vec<_> = self
            .lines
            .iter()
            .filter(|line| !left_out(line))
            .copied()
            .collect();
        self.with(&kept)
    }
}

fn parse(line: &[u8]) -> Option<Line<'_>> {
    let colon = line.iter().position(|&b| b == b':')?;
    let (name, rest) = line.split_at_checked(colon)?;
    let name = std::str::from_utf8(name).ok()?;
    Some(Line {
        name,
        value: rest.strip_prefix(b":")?,
    })
}

/// `X-Mac-Date` of `x-mac-date`.
fn capitals(name: &str) -> String {
    let words = name.split('-').map(|word| {
        let mut word = word.to_owned();
        if let Some(first) = word.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        word
    });
    words.collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_of_a_name_gets_a_capital() {
        assert_eq!(capitals("x-mac--date-"), "X-Mac--Date-");
    }
}
