//! Mistakes with Auth-Key: signed headers, signing keys, dialects.

use super::*;
use crate::{AuthKey, Dialect};

/// Signed over `text` under SHA-256(`pieces`), in the wiki's form.
fn wiki(sent: Sent, pieces: [&str; 2], text: &str) -> Sent {
    wiki_under(sent, sha256(pieces.concat()), text)
}

fn wiki_under(sent: Sent, key: impl AsRef<[u8]>, text: &str) -> Sent {
    let signature = base64(sha256_mac(key, text));
    sent.header("auth-key", &format!("MAC example-id:{signature}"))
}

/// A dated request with an odd lot of x-headers.
fn plain() -> Sent {
    Sent::new("GET", "/api?b=1")
        .header("date", DATE)
        .header("x-mac-role", "a  b")
        .header("x-mac-date", DATE)
        .header("x-mac-a", "0")
        .header("x-mac-a-b", "")
}

const LINES: [&str; 4] = [
    "x-mac-a-b:",
    "x-mac-a:0",
    "x-mac-date:Thu, 27 Sep 2012 12:14:56 GMT",
    "x-mac-role:a b",
];

#[track_caller]
fn lines(lines: &[&str], miss: NearMiss) {
    let text = format!("GET\n{}\n/api?b=1", lines.join("\n")).replace('?', "\n");
    wiki(plain(), [DATE, SECRET], &text).is_explained_by(&AuthKey::default(), miss);
}

#[test]
fn a_request_in_order_matches_after_one_trial() {
    let text = format!("GET\n{}\n/api\nb=1", LINES.join("\n"));
    let explanation = wiki(plain(), [DATE, SECRET], &text).explained(&AuthKey::default());
    assert!(
        matches!(explanation.verdict(), Verdict::Matches),
        "{explanation}"
    );
    assert_eq!(explanation.trials(), 1);
}

#[test]
fn headers_unsorted() {
    lines(
        &[LINES[3], LINES[2], LINES[1], LINES[0]],
        NearMiss::HeadersUnsorted,
    );
}

#[test]
fn headers_sorted_by_name() {
    lines(
        &[LINES[1], LINES[0], LINES[2], LINES[3]],
        NearMiss::HeadersSortedByName,
    );
}

#[test]
fn header_blank() {
    let spaced = LINES.map(|line| line.replacen(':', ": ", 1));
    lines(
        &spaced.each_ref().map(String::as_str),
        NearMiss::HeaderBlank,
    );
}

#[test]
fn header_empty_dropped() {
    lines(&LINES[2..], NearMiss::HeaderEmptyDropped);
}

#[test]
fn header_unfolded() {
    lines(
        &[LINES[0], LINES[1], LINES[2], "x-mac-role:a  b"],
        NearMiss::HeaderUnfolded,
    );
}

#[test]
fn header_name_case() {
    let capitals = LINES.map(|line| {
        line.replace("x-mac-", "X-Mac-")
            .replace("-a-b:", "-A-B:")
            .replace("-a:", "-A:")
            .replace("-date:", "-Date:")
            .replace("-role:", "-Role:")
    });
    lines(
        &capitals.each_ref().map(String::as_str),
        NearMiss::HeaderNameCase,
    );
}

#[test]
fn headers_left_out() {
    lines(&[LINES[2]], NearMiss::HeadersLeftOut);
    lines(&[], NearMiss::HeadersLeftOut);
}

fn dated() -> Sent {
    Sent::new("GET", "/api?b=1")
        .header("date", DATE)
        .header("x-mac-date", DATE)
}

const TEXT: &str = "GET\nx-mac-date:Thu, 27 Sep 2012 12:14:56 GMT\n/api\nb=1";

#[test]
fn query_missing_leaves_its_line_empty() {
    let text = TEXT.trim_end_matches("b=1");
    wiki(dated(), [DATE, SECRET], text)
        .is_explained_by(&AuthKey::default(), NearMiss::QueryMissing);
}

#[test]
fn query_in_path() {
    for text in [
        TEXT.replace("/api\nb=1", "/api?b=1\nb=1"),
        TEXT.replace("/api\nb=1", "/api?b=1\n"),
    ] {
        wiki(dated(), [DATE, SECRET], &text)
            .is_explained_by(&AuthKey::default(), NearMiss::QueryInPath);
    }
}

#[test]
fn query_mark() {
    let text = TEXT.replace("\nb=1", "\n?b=1");
    wiki(dated(), [DATE, SECRET], &text).is_explained_by(&AuthKey::default(), NearMiss::QueryMark);
}

#[test]
fn other_date_header_in_text_and_key_or_in_the_key_alone() {
    let sent = || dated().header("date", OTHER_DATE);
    let scheme = AuthKey::default();
    wiki(
        sent(),
        [OTHER_DATE, SECRET],
        &TEXT.replace(DATE, OTHER_DATE),
    )
    .is_explained_by(&scheme, NearMiss::OtherDateHeader);
    wiki(sent(), [OTHER_DATE, SECRET], TEXT).is_explained_by(&scheme, NearMiss::OtherDateHeader);
}

#[test]
fn key_order_swapped() {
    let scheme = AuthKey::default();
    wiki(dated(), [SECRET, DATE], TEXT).is_explained_by(&scheme, NearMiss::KeyOrderSwapped);
}

#[test]
fn key_not_derived() {
    let scheme = AuthKey::default();
    wiki_under(dated(), SECRET, TEXT).is_explained_by(&scheme, NearMiss::KeyNotDerived);
}

#[test]
fn key_in_hex() {
    let in_hex = hex(sha256([DATE, SECRET].concat()));
    let scheme = AuthKey::default();
    wiki_under(dated(), in_hex, TEXT).is_explained_by(&scheme, NearMiss::KeyInHex);
}

/// The four dialects' texts of one request, at `time`.
fn texts(time: &str, x_headers: &str) -> [(Dialect, String); 4] {
    let rest = format!("{x_headers}\nMAC\n{time}");
    [
        (Dialect::Wiki, format!("GET\n{x_headers}\n/api\nb=1")),
        (Dialect::V1, format!("GET\n{x_headers}\n/api\nb=1\n{time}")),
        (Dialect::V2, format!("GET\n/api\nb=1\n{rest}")),
        (Dialect::V3, format!("GET\n/api\nb=1\n{rest}\nr-1")),
    ]
}

fn order(dialect: Dialect, time: &str) -> Vec<u8> {
    match dialect {
        Dialect::Wiki => sha256([time, SECRET].concat()),
        _ => sha256([SECRET, time].concat()),
    }
}

#[test]
fn other_dialect_whatever_the_dialects_are() {
    let seconds = NOW.as_unix().to_string();
    for ours in [Dialect::Wiki, Dialect::V1, Dialect::V2, Dialect::V3] {
        let wiki = ours == Dialect::Wiki;
        let (time, nonce) = if wiki {
            (DATE, "x-mac-nonce:r-1")
        } else {
            (&*seconds, "x-mac-b:2")
        };
        let x_headers = if wiki {
            format!("x-mac-date:{DATE}\n{nonce}")
        } else {
            nonce.to_owned()
        };
        for (theirs, text) in texts(time, &x_headers) {
            if theirs == Dialect::V3 && matches!(ours, Dialect::V1 | Dialect::V2) {
                continue; // without a request id there is no text of v3
            }
            let signature = base64(sha256_mac(order(theirs, time), text));
            let (credential, sent) = match ours {
                Dialect::Wiki => (
                    format!("MAC example-id:{signature}"),
                    dated().header("x-mac-nonce", "r-1"),
                ),
                Dialect::V3 => (
                    format!("MAC {time}:example-id:r-1:{signature}"),
                    Sent::new("GET", "/api?b=1").header("x-mac-b", "2"),
                ),
                _ => (
                    format!("MAC {time}:example-id:{signature}"),
                    Sent::new("GET", "/api?b=1").header("x-mac-b", "2"),
                ),
            };
            let explanation = sent
                .header("auth-key", &credential)
                .explained(&AuthKey::dialect(ours));
            let expected = (theirs != ours).then_some(NearMiss::OtherDialect);
            assert_eq!(
                explanation.verdict().near_miss(),
                expected,
                "{ours:?} {theirs:?}"
            );
        }
    }
}

#[test]
fn milliseconds_in_the_text_or_in_the_credential() {
    let (seconds, milliseconds) = (NOW.as_unix().to_string(), format!("{}000", NOW.as_unix()));
    for (sent, signed) in [(&seconds, &milliseconds), (&milliseconds, &seconds)] {
        let text = format!("GET\n/api\nb=1\n{signed}");
        let signature = base64(sha256_mac(sha256([SECRET, signed].concat()), text));
        Sent::new("GET", "/api?b=1")
            .header("auth-key", &format!("MAC {sent}:example-id:{signature}"))
            .is_explained_by(&AuthKey::dialect(Dialect::V1), NearMiss::Milliseconds);
    }
}
