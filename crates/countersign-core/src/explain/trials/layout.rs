//! Where in a string to sign the path and the query stand.
//!
//! Found by asking the scheme: the target is given a marker, and the text that the scheme then
//! writes shows where it put it. So nothing here knows any scheme's recipe, and a path or query
//! can be replaced by bytes that no request target could carry.

use std::ops::Range;

use super::Subject;

/// Lower-case, for texts that are lower-cased, and unlike anything in a real target.
const MARKER: &str = "~~explained-here~~";

/// The places of path and query.
#[derive(Clone, Debug, Default)]
pub(super) struct Layout {
    pub(super) path: Option<Range<usize>>,
    pub(super) query: Option<Range<usize>>,
}

impl Layout {
    pub(super) fn of(subject: &Subject<'_>) -> Self {
        let (path, query) = (subject.head.path(), subject.head.query());
        let with_query = |path: &str, query: &str| format!("{path}?{query}");
        let marked_path = match query {
            Some(query) => with_query(&format!("{path}{MARKER}"), query),
            None => format!("{path}{MARKER}"),
        };
        let marked_query = query.map(|query| with_query(path, &format!("{query}{MARKER}")));
        Self {
            path: find(subject, &marked_path, path),
            query: marked_query
                .and_then(|target| find(subject, &target, query.unwrap_or_default())),
        }
    }

    /// The path as it stands in `text`.
    pub(super) fn path_in<'t>(&self, text: &'t [u8]) -> Option<&'t [u8]> {
        text.get(self.path.clone()?)
    }

    /// The query as it stands in `text`.
    pub(super) fn query_in<'t>(&self, text: &'t [u8]) -> Option<&'t [u8]> {
        text.get(self.query.clone()?)
    }
}

/// `text` with `place` replaced by `with`.
pub(super) fn splice(text: &[u8], place: &Range<usize>, with: &[u8]) -> Vec<u8> {
    let before = text.get(..place.start).unwrap_or_default();
    let after = text.get(place.end..).unwrap_or_default();
    [before, with, after].concat()
}

/// The place of `part` when the target `marked` has the marker right after it. Of a path, only
/// the end may be there: a base path is taken off.
fn find(subject: &Subject<'_>, marked: &str, part: &str) -> Option<Range<usize>> {
    let mut parts = subject.parts.clone();
    parts.set_path_and_query(marked.as_bytes())?;
    let text = subject.canonical(&parts.head().ok()?, &subject.claim);
    let mut windows = text.windows(MARKER.len());
    let end = windows.position(|window| window == MARKER.as_bytes())?;
    let before = text.get(..end)?;
    let same = |(one, other): &(&u8, &u8)| one.eq_ignore_ascii_case(other);
    let shared = before
        .iter()
        .rev()
        .zip(part.as_bytes().iter().rev())
        .take_while(same);
    let place = end.saturating_sub(shared.count())..end;
    // The text without the marker must be the one that is explained.
    let after = text.get(end..)?.strip_prefix(MARKER.as_bytes())?;
    ([before, after].concat() == subject.text).then_some(place)
}
