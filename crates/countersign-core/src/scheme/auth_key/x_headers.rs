//! The x-headers, collected and canonicalised.
//!
//! Invariants: every header that begins with the prefix is in the text, empty values included
//! (the original left those out, and so unsigned). No header that some component might take for
//! one of them under another spelling gets by: a name with `_` for `-`, or one sent twice, is
//! refused.

use http::{HeaderMap, HeaderName};

use crate::canonical::Canonical;
use crate::head::trim;
use crate::reason::{Field, Reason, Refusal};

/// The most x-headers a request may have. The scheme needs one to five; the limit bounds the
/// sorting that an unauthenticated caller can cause.
const MAX: usize = 32;

/// Calls `take` with the name and the trimmed value of every header that begins with `prefix`.
/// The header of the `credential` itself never counts, even if its name begins so: a signature
/// cannot cover itself.
#[inline]
pub(super) fn each<'a>(
    headers: &'a HeaderMap,
    prefix: &str,
    credential: &HeaderName,
    mut take: impl FnMut(&'a str, &'a [u8]),
) -> Result<(), Refusal> {
    let malformed = |detail| {
        Refusal::new(Reason::MalformedCredentials)
            .field(Field::SignedHeader)
            .detail(detail)
    };
    let (mut before, mut count) = ("", 0_usize);
    for (name, value) in headers {
        if !begins_with(name.as_str(), prefix) || name == credential {
            continue;
        }
        let name = name.as_str();
        if name.as_bytes().contains(&b'_') {
            return Err(malformed(
                "A signed header has an underscore in its name; use a hyphen.",
            ));
        }
        if name.len() == prefix.len() {
            return Err(malformed("A signed header has no name after its prefix."));
        }
        // The values of one name come one after the other.
        if before == name {
            return Err(Refusal::new(Reason::DuplicateHeader).field(Field::SignedHeader));
        }
        if count == MAX {
            return Err(malformed(
                "There are too many signed headers; send at most 32.",
            ));
        }
        (before, count) = (name, count.saturating_add(1));
        take(name, trim(value.as_bytes()));
    }
    Ok(())
}

/// The x-headers of a message, in canonical order.
#[derive(Debug)]
pub(super) struct XHeaders<'a> {
    lines: [(&'a str, &'a [u8]); MAX],
    count: usize,
}

impl<'a> XHeaders<'a> {
    /// None yet. Filled where it is, as it is a kilobyte that should not be moved.
    pub(super) const fn none() -> Self {
        Self {
            lines: [("", b""); MAX],
            count: 0,
        }
    }

    /// Takes those that [`each`] finds.
    pub(super) fn collect(
        &mut self,
        headers: &'a HeaderMap,
        prefix: &str,
        credential: &HeaderName,
    ) -> Result<(), Refusal> {
        each(headers, prefix, credential, |name, value| {
            if let Some(line) = self.lines.get_mut(self.count) {
                *line = (name, value);
                self.count = self.count.saturating_add(1);
            }
        })?;
        if let Some(lines) = self.lines.get_mut(..self.count) {
            lines.sort_unstable_by(|(one, _), (other, _)| as_lines(one, other));
        }
        Ok(())
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Writes `name:value` lines joined by LF, inner runs of blanks folded to one.
    pub(super) fn write(&self, text: &mut Canonical<'_>) {
        for (index, (name, value)) in self.lines.iter().take(self.count).enumerate() {
            if index > 0 {
                text.lf();
            }
            text.put(name.as_bytes());
            text.put(b":");
            put_folded(text, value);
        }
    }
}

/// Lines are sorted as a whole, so the colon after the name takes part: `x-a-b:` comes before
/// `x-a:`. Names are unique, so the values never decide.
fn as_lines(one: &str, other: &str) -> std::cmp::Ordering {
    one.bytes().chain([b':']).cmp(other.bytes().chain([b':']))
}

/// Whether `name`, with `_` read as `-`, begins with `prefix`.
#[inline]
fn begins_with(name: &str, prefix: &str) -> bool {
    let (name, prefix) = (name.as_bytes(), prefix.as_bytes());
    // Nearly every other header is told by its first letter, which is none of the two signs.
    if name.first() != prefix.first() {
        return false;
    }
    let same = |(byte, wanted): (&u8, &u8)| byte == wanted || (*byte == b'_' && *wanted == b'-');
    name.starts_with(prefix) || (name.len() >= prefix.len() && name.iter().zip(prefix).all(same))
}

fn put_folded(text: &mut Canonical<'_>, value: &[u8]) {
    // Dates have single spaces, which stay; to split at those costs more than the whole line.
    let mut after_blank = false;
    let folds = value.iter().any(|&byte| {
        let found = byte == b'\t' || (byte == b' ' && after_blank);
        after_blank = byte == b' ';
        found
    });
    if !folds {
        return text.put(value);
    }
    let blank = |b: &u8| matches!(b, b' ' | b'\t');
    let words = value.split(blank).filter(|word| !word.is_empty());
    for (index, word) in words.enumerate() {
        if index > 0 {
            text.put(b" ");
        }
        text.put(word);
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn canonical(headers: &[(&str, &str)]) -> Result<String, Reason> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
            map.append(name.parse::<HeaderName>().unwrap(), value);
        }
        let mut collected = XHeaders::none();
        collected
            .collect(&map, "x-mac-", &HeaderName::from_static("auth-key"))
            .map_err(|r| r.reason())?;
        let text = Canonical::collect(|text| collected.write(text));
        Ok(String::from_utf8(text).unwrap())
    }

    #[test]
    fn lines_are_lower_cased_sorted_as_lines_and_joined() {
        let text = canonical(&[
            ("X-Mac-B", "2"),
            ("x-mac-a", "1"),
            ("x-mac-a-b", "3"),
            ("accept", "x"),
            ("x-macro", "x"),
        ]);
        assert_eq!(text.unwrap(), "x-mac-a-b:3\nx-mac-a:1\nx-mac-b:2");
    }

    #[test]
    fn empty_values_and_zero_are_signed() {
        let text = canonical(&[("x-mac-n", "0"), ("x-mac-m", "")]);
        assert_eq!(text.unwrap(), "x-mac-m:\nx-mac-n:0");
    }

    #[test]
    fn blanks_are_trimmed_outside_and_folded_inside() {
        let text = canonical(&[("x-mac-a", "  b \t  c  ")]);
        assert_eq!(text.unwrap(), "x-mac-a:b c");
    }

    #[test]
    fn bad_139_and_140_aliases_and_repetitions_are_refused() {
        for (headers, expected) in [
            (&[("x_mac_role", "a")][..], Reason::MalformedCredentials),
            (&[("x-mac_role", "a")], Reason::MalformedCredentials),
            (&[("x-mac-my_role", "a")], Reason::MalformedCredentials),
            (&[("x-mac-", "a")], Reason::MalformedCredentials),
            (
                &[("x-mac-a", "1"), ("X-MAC-A", "1")],
                Reason::DuplicateHeader,
            ),
        ] {
            assert_eq!(canonical(headers), Err(expected), "{headers:?}");
        }
    }

    #[test]
    fn the_number_of_headers_is_bounded() {
        let names: Vec<_> = (0..=MAX).map(|n| format!("x-mac-{n}")).collect();
        let headers: Vec<_> = names.iter().map(|name| (name.as_str(), "")).collect();
        assert!(canonical(&headers[..MAX]).is_ok());
        assert_eq!(canonical(&headers), Err(Reason::MalformedCredentials));
    }
}
