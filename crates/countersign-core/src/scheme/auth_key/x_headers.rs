//! The x-headers, collected and canonicalised.
//!
//! Invariants: every header that begins with the prefix is in the text, empty values included
//! (the original left those out, and so unsigned). No header that some component might take for
//! one of them under another spelling gets by: a name with `_` for `-`, or one sent twice, is
//! refused.

use std::cmp::Ordering;

use http::{HeaderMap, HeaderName};

use crate::canonical::Canonical;
use crate::head::trim;
use crate::reason::{Field, Reason, Refusal};

/// The most x-headers a request may have. The scheme needs one to five; the limit bounds the
/// sorting that an unauthenticated caller can cause.
const MAX: usize = 32;

/// Looks at the headers of a message, one after the other, for those that begin with the prefix.
/// The header of the credential itself never counts, even if its name begins so: a signature
/// cannot cover itself.
pub(super) struct Walk<'a, 's> {
    prefix: &'s str,
    credential: &'s str,
    before: &'a str,
    count: usize,
}

impl<'a, 's> Walk<'a, 's> {
    pub(super) fn new(prefix: &'s str, credential: &'s HeaderName) -> Self {
        Self {
            prefix,
            credential: credential.as_str(),
            before: "",
            count: 0,
        }
    }

    /// What follows the prefix in `name`; `None` when it is no x-header.
    #[inline]
    pub(super) fn step(&mut self, name: &'a str) -> Result<Option<&'a str>, Refusal> {
        // Nearly every other header is told by its first letter, which is none of the two signs.
        if name.as_bytes().first() != self.prefix.as_bytes().first() {
            return Ok(None);
        }
        let rest = name.strip_prefix(self.prefix);
        if (rest.is_none() && !self.is_alias(name)) || name == self.credential {
            return Ok(None);
        }
        let malformed = |detail| {
            Refusal::new(Reason::MalformedCredentials)
                .field(Field::SignedHeader)
                .detail(detail)
        };
        let Some(rest) = rest.filter(|rest| !rest.bytes().any(|byte| byte == b'_')) else {
            return Err(malformed(
                "A signed header has an underscore in its name; use a hyphen.",
            ));
        };
        if rest.is_empty() {
            return Err(malformed("A signed header has no name after its prefix."));
        }
        // The values of one name come one after the other.
        if self.before == name {
            return Err(Refusal::new(Reason::DuplicateHeader).field(Field::SignedHeader));
        }
        if self.count == MAX {
            return Err(malformed(
                "There are too many signed headers; send at most 32.",
            ));
        }
        self.before = name;
        self.count = self.count.saturating_add(1);
        Ok(Some(rest))
    }

    /// Whether `name` begins with the prefix once `_` is read as `-`.
    fn is_alias(&self, name: &str) -> bool {
        let (name, prefix) = (name.as_bytes(), self.prefix.as_bytes());
        let same =
            |(byte, wanted): (&u8, &u8)| byte == wanted || (*byte == b'_' && *wanted == b'-');
        name.len() >= prefix.len() && name.iter().zip(prefix).all(same)
    }
}

/// An x-header.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line<'a> {
    pub(super) name: &'a str,
    /// Trimmed.
    pub(super) value: &'a [u8],
    pub(super) blanks: Blanks,
}

/// What is known of the blanks inside a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Blanks {
    /// Nothing: runs of them are folded.
    Any,
    /// They are single, and no tabs: nothing folds.
    Single,
}

/// The x-headers of a message.
#[derive(Debug)]
pub(super) struct XHeaders<'a> {
    lines: [Line<'a>; MAX],
    count: usize,
}

impl<'a> XHeaders<'a> {
    /// None yet. Filled where it is, as it is a kilobyte that should not be moved.
    pub(super) const fn none() -> Self {
        Self {
            lines: [Line {
                name: "",
                value: b"",
                blanks: Blanks::Any,
            }; MAX],
            count: 0,
        }
    }

    /// Takes those of `headers`, and gives all in canonical order.
    pub(super) fn collect(
        &mut self,
        headers: &'a HeaderMap,
        mut walk: Walk<'a, '_>,
    ) -> Result<&[Line<'a>], Refusal> {
        for (name, value) in headers {
            let name = name.as_str();
            if walk.step(name)?.is_some()
                && let Some(line) = self.lines.get_mut(self.count)
            {
                line.name = name;
                line.value = trim(value.as_bytes());
                self.count = self.count.saturating_add(1);
            }
        }
        let lines = self.lines.get_mut(..self.count).unwrap_or_default();
        lines.sort_unstable_by(|one, other| as_lines(one.name, other.name));
        Ok(lines)
    }
}

/// Writes `name:value` lines joined by LF, inner runs of blanks folded to one.
pub(super) fn write(lines: &[Line<'_>], text: &mut Canonical<'_>) {
    for (index, line) in lines.iter().enumerate() {
        if index > 0 {
            text.lf();
        }
        text.put(line.name.as_bytes());
        text.push(b':');
        match line.blanks {
            Blanks::Single => text.put(line.value),
            Blanks::Any => put_folded(text, line.value),
        }
    }
}

/// Lines are sorted as a whole, so the colon after the name takes part: `x-a-b:` comes before
/// `x-a:`. Names are unique, so the values never decide.
fn as_lines<'a>(one: &'a str, other: &'a str) -> Ordering {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let common = one.len().min(other.len());
    let beginning = |name: &'a [u8]| name.get(..common).unwrap_or(name);
    let next = |name: &[u8]| name.get(common).copied().unwrap_or(b':');
    let order = beginning(one).cmp(beginning(other));
    order.then_with(|| next(one).cmp(&next(other)))
}

#[allow(clippy::needless_bitwise_bool)] // several octets are looked at in one step
fn put_folded(text: &mut Canonical<'_>, value: &[u8]) {
    // Dates have single spaces, which stay; to split at those costs more than the whole line. All
    // of the value is looked at, which is faster than to stop at the first that folds.
    let next = value.get(1..).unwrap_or_default();
    let folds = value.iter().zip(next).fold(false, |folds, (&byte, &next)| {
        folds | (byte == b'\t') | ((byte == b' ') & (next == b' '))
    });
    if !folds {
        return text.put(value);
    }
    let blank = |b: &u8| matches!(b, b' ' | b'\t');
    let words = value.split(blank).filter(|word| !word.is_empty());
    for (index, word) in words.enumerate() {
        if index > 0 {
            text.push(b' ');
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
        let credential = HeaderName::from_static("auth-key");
        let mut collected = XHeaders::none();
        let lines = collected
            .collect(&map, Walk::new("x-mac-", &credential))
            .map_err(|r| r.reason())?;
        let text = Canonical::collect(|text| write(lines, text));
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
