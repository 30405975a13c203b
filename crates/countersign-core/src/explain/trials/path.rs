//! The path: its slashes, its escapes, its beginning.

use std::ops::Range;

use super::layout::splice;
use super::{NearMiss, Trials};
use crate::explain::percent::{decode, encode, replace};
use crate::explain::reading::header;

/// How many leading segments a router or proxy may have taken off.
const MAX_STRIPPED: usize = 3;

/// What proxies call the target that they rewrote.
const ORIGINAL_TARGET: [&str; 4] = [
    "x-original-uri",
    "x-forwarded-uri",
    "x-envoy-original-path",
    "x-original-url",
];

pub(super) fn run(trials: &mut Trials<'_>) {
    let Some((place, path)) = found(trials) else {
        return;
    };
    let text = trials.subject.text;
    let mut replaced = |miss, with: &[u8]| trials.text(miss, splice(text, &place, with));
    match path.strip_suffix(b"/") {
        Some(shorter) if !shorter.is_empty() => replaced(NearMiss::TrailingSlashMissing, shorter),
        _ => replaced(NearMiss::TrailingSlash, &[&path, &b"/"[..]].concat()),
    }
    replaced(NearMiss::PathDecoded, &decode(&path));
    replaced(NearMiss::PathDoubleEncoded, &replace(&path, b"%", b"%25"));
    let mut rest = path.as_slice();
    for _ in 0..MAX_STRIPPED {
        rest = without_first_segment(rest);
        replaced(NearMiss::PathPrefixMissing, rest);
    }
    replaced(NearMiss::PathReencoded, &reencoded(&path));
    replaced(NearMiss::PathNormalised, &normalised(&path));
    let whole = trials.subject.head.path();
    trials.text(
        NearMiss::PathPrefixAdded,
        splice(text, &place, whole.as_bytes()),
    );
}

/// What only the proxies in between or a misreading of the scheme explain.
pub(super) fn proxies(trials: &mut Trials<'_>) {
    let subject = trials.subject;
    let headers = subject.head.headers();
    for target in ORIGINAL_TARGET
        .iter()
        .filter_map(|name| header(headers, name))
    {
        trials.request(NearMiss::OriginalTarget, |parts| {
            parts.set_path_and_query(target)
        });
    }
    let Some((place, path)) = found(trials) else {
        return;
    };
    if let Some(prefix) = header(headers, "x-forwarded-prefix") {
        let prefix = prefix.strip_suffix(b"/").unwrap_or(prefix);
        let with = [prefix, &path].concat();
        trials.text(
            NearMiss::PathPrefixAdded,
            splice(subject.text, &place, &with),
        );
    }
    let before = subject.text.get(..place.start).unwrap_or_default();
    let is_url = before.windows(3).any(|window| window == b"://");
    if let Some(authority) = subject.head.authority().filter(|_| !is_url) {
        for scheme in ["https", "http"] {
            let url = format!("{scheme}://{}", authority.as_str());
            let with = [url.as_bytes(), &path].concat();
            trials.text(NearMiss::AbsoluteUrl, splice(subject.text, &place, &with));
        }
    }
}

fn found(trials: &Trials<'_>) -> Option<(Range<usize>, Vec<u8>)> {
    let place = trials.layout.path.clone()?;
    let path = trials.layout.path_in(trials.subject.text)?;
    Some((place, path.to_vec()))
}

/// `/b/c` of `/a/b/c`, and `/` of `/a`.
fn without_first_segment(path: &[u8]) -> &[u8] {
    let after = path.strip_prefix(b"/").unwrap_or(path);
    let slash = after.iter().position(|&b| b == b'/');
    slash.and_then(|at| after.get(at..)).unwrap_or(b"/")
}

/// Decoded and encoded again, segment by segment.
fn reencoded(path: &[u8]) -> Vec<u8> {
    let segments = path.split(|&b| b == b'/');
    let again = segments.map(|segment| encode(&decode(segment)));
    again.collect::<Vec<_>>().join(&b'/')
}

/// Without empty segments, `.` and `..`.
fn normalised(path: &[u8]) -> Vec<u8> {
    let mut kept: Vec<&[u8]> = Vec::new();
    for segment in path.split(|&b| b == b'/') {
        match segment {
            b"" | b"." => {}
            b".." => {
                kept.pop();
            }
            other => kept.push(other),
        }
    }
    let directory = path.ends_with(b"/") || path.ends_with(b"/.") || path.ends_with(b"/..");
    let mut out = vec![b'/'];
    out.extend(kept.join(&b'/'));
    if directory && !kept.is_empty() {
        out.push(b'/');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_and_double_slashes_are_resolved() {
        for (path, expected) in [
            ("/a//b", "/a/b"),
            ("/a/./b/../c/", "/a/c/"),
            ("/../..", "/"),
            ("/", "/"),
            ("/a/..", "/"),
        ] {
            assert_eq!(normalised(path.as_bytes()), expected.as_bytes(), "{path}");
        }
    }

    #[test]
    fn segments_come_off_until_the_root_is_left() {
        assert_eq!(without_first_segment(b"/a/b/"), b"/b/");
        assert_eq!(without_first_segment(b"/b/"), b"/");
        assert_eq!(without_first_segment(b"/b"), b"/");
        assert_eq!(without_first_segment(b"/"), b"/");
    }
}
