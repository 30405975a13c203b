//! The query: left out, in another order, or encoded otherwise.

use super::layout::splice;
use super::{NearMiss, Trials};
use crate::explain::percent::{Case, decode, encode, recase, replace};

pub(super) fn run(trials: &mut Trials<'_>) {
    let text = trials.subject.text;
    let (Some(place), Some(query)) = (
        trials.layout.query.clone(),
        trials.layout.query_in(text).map(<[u8]>::to_vec),
    ) else {
        return without_query(trials);
    };
    let before = text.get(..place.start).unwrap_or_default();
    let with_mark = match before.strip_suffix(b"?") {
        Some(before) => before.len()..place.end,
        None => place.clone(),
    };
    trials.text(NearMiss::QueryMissing, splice(text, &with_mark, b""));
    for (miss, other) in [
        (NearMiss::QuerySorted, sorted_by_name(&query)),
        (NearMiss::QuerySorted, sorted(&query)),
        (NearMiss::QueryPlusForBlank, replace(&query, b"%20", b"+")),
        (NearMiss::QueryEscapedBlank, replace(&query, b"+", b"%20")),
        (NearMiss::QueryDecoded, decode(&query)),
        (NearMiss::QueryDecoded, decode(&replace(&query, b"+", b" "))),
        (NearMiss::QueryReencoded, reencoded(&query, b"%20")),
        (NearMiss::QueryReencoded, reencoded(&query, b"+")),
    ] {
        trials.text(miss, splice(text, &place, &other));
    }
    if with_mark == place {
        let marked = [b"?", query.as_slice()].concat();
        trials.text(NearMiss::QueryMark, splice(text, &place, &marked));
        in_path(trials, &marked, &place);
    }
    escape_case(trials);
}

/// A scheme that has path and query on different lines.
fn in_path(trials: &mut Trials<'_>, marked: &[u8], query: &std::ops::Range<usize>) {
    let text = trials.subject.text;
    let Some(end) = trials.layout.path.as_ref().map(|path| path.end..path.end) else {
        return;
    };
    trials.text(NearMiss::QueryInPath, splice(text, &end, marked));
    // The query stands after the path, so taking it out first moves nothing.
    let without = splice(text, query, b"");
    trials.text(NearMiss::QueryInPath, splice(&without, &end, marked));
}

fn without_query(trials: &mut Trials<'_>) {
    if let Some(end) = trials.layout.path.as_ref().map(|path| path.end..path.end) {
        let marked = splice(trials.subject.text, &end, b"?");
        trials.text(NearMiss::QueryMark, marked);
    }
    escape_case(trials);
}

/// In path and query alike: whoever encodes one encodes the other.
fn escape_case(trials: &mut Trials<'_>) {
    let text = trials.subject.text;
    for case in [Case::Upper, Case::Lower] {
        let mut other = text.to_vec();
        for place in [&trials.layout.path, &trials.layout.query]
            .into_iter()
            .flatten()
        {
            let part = recase(other.get(place.clone()).unwrap_or_default(), case);
            other = splice(&other, place, &part);
        }
        trials.text(NearMiss::EscapeCase, other);
    }
}

fn sorted_by_name(query: &[u8]) -> Vec<u8> {
    let mut pairs: Vec<_> = query.split(|&b| b == b'&').collect();
    pairs.sort_by_key(|pair| pair.split(|&b| b == b'=').next());
    pairs.join(&b'&')
}

fn sorted(query: &[u8]) -> Vec<u8> {
    let mut pairs: Vec<_> = query.split(|&b| b == b'&').collect();
    pairs.sort_unstable();
    pairs.join(&b'&')
}

/// Decoded and encoded again, name by name and value by value.
fn reencoded(query: &[u8], blank: &[u8]) -> Vec<u8> {
    let again = |part: &[u8]| {
        let encoded = encode(&decode(&replace(part, b"+", b" ")));
        replace(&encoded, b"%20", blank)
    };
    let pairs = query.split(|&b| b == b'&').map(|pair| {
        let mut halves = pair.splitn(2, |&b| b == b'=');
        let halves: Vec<_> = halves.by_ref().map(again).collect();
        halves.join(&b'=')
    });
    pairs.collect::<Vec<_>>().join(&b'&')
}
