//! Auth-Key's own mistakes: how the signing key is made, and which dialect's text is signed.

use zeroize::Zeroizing;

use super::{NearMiss, Trials};
use crate::encoding;
use crate::explain::visible;
use crate::mac::{self, Derivation, KeyedMac};
use crate::scheme::SchemeId;

pub(super) fn run(trials: &mut Trials<'_>) {
    let subject = trials.subject;
    let secret = subject.secret.expose();
    let (pieces, swapped, time) = match subject.derivation {
        Derivation::HashOfTextThenSecret(time) => {
            ([time, secret], Derivation::HashOfSecretThenText(time), time)
        }
        Derivation::HashOfSecretThenText(time) => {
            ([secret, time], Derivation::HashOfTextThenSecret(time), time)
        }
        _ => return,
    };
    trials.key(NearMiss::KeyOrderSwapped, subject.key_of(swapped, secret));
    trials.key(
        NearMiss::KeyNotDerived,
        subject.key_of(Derivation::Raw, secret),
    );
    let hex = Zeroizing::new(encoding::to_hex(&*mac::hashed_key(pieces)));
    let algorithm = subject.signature.algorithm();
    trials.key(NearMiss::KeyInHex, KeyedMac::new(algorithm, hex.as_bytes()));

    for dialect in DIALECTS.iter().filter(|d| d.id != subject.claim.scheme()) {
        if let Some(text) = text_of(trials, dialect) {
            let derivation = match dialect.key {
                KeyOrder::TimeFirst => Derivation::HashOfTextThenSecret(time),
                KeyOrder::SecretFirst => Derivation::HashOfSecretThenText(time),
            };
            let keyed = subject.key_of(derivation, secret);
            trials.text_and_key(NearMiss::OtherDialect, &text, keyed);
        }
    }
}

/// A dialect as its recipe, to be applied to a request of another.
struct Recipe {
    id: SchemeId,
    lines: &'static [Part],
    key: KeyOrder,
}

#[derive(Clone, Copy, PartialEq)]
enum KeyOrder {
    TimeFirst,
    SecretFirst,
}

#[derive(Clone, Copy)]
enum Part {
    Verb,
    XHeaders,
    Path,
    Query,
    Word,
    Time,
    RequestId,
}

const DIALECTS: [Recipe; 4] = {
    use Part::{Path, Query, RequestId, Time, Verb, Word, XHeaders};
    [
        Recipe {
            id: SchemeId::AUTH_KEY,
            lines: &[Verb, XHeaders, Path, Query],
            key: KeyOrder::TimeFirst,
        },
        Recipe {
            id: SchemeId::AUTH_KEY_V1,
            lines: &[Verb, XHeaders, Path, Query, Time],
            key: KeyOrder::SecretFirst,
        },
        Recipe {
            id: SchemeId::AUTH_KEY_V2,
            lines: &[Verb, Path, Query, XHeaders, Word, Time],
            key: KeyOrder::SecretFirst,
        },
        Recipe {
            id: SchemeId::AUTH_KEY_V3,
            lines: &[Verb, Path, Query, XHeaders, Word, Time, RequestId],
            key: KeyOrder::SecretFirst,
        },
    ]
};

/// The text that `dialect` gives for this request; `None` when the request is not of Auth-Key or
/// lacks a part.
fn text_of(trials: &Trials<'_>, dialect: &Recipe) -> Option<Vec<u8>> {
    let subject = trials.subject;
    let x_headers = x_headers(trials)?;
    let mut lines: Vec<&[u8]> = Vec::new();
    for part in dialect.lines {
        lines.push(match part {
            Part::Verb => subject.head.method().as_str().as_bytes(),
            // Only the wiki's form has a line for x-headers that are not there.
            Part::XHeaders if x_headers.is_empty() && dialect.id != SchemeId::AUTH_KEY => continue,
            Part::XHeaders => &x_headers,
            Part::Path => subject.head.path().as_bytes(),
            Part::Query => subject.head.query().unwrap_or_default().as_bytes(),
            Part::Word => subject.scheme.credential_word()?.as_bytes(),
            Part::Time => subject.claim.time_text(),
            Part::RequestId => subject.claim.claimed_nonce()?.as_bytes(),
        });
    }
    Some(lines.join(&b'\n'))
}

/// The lines of the x-headers, taken from the text; `None` when the scheme is not Auth-Key.
fn x_headers(trials: &Trials<'_>) -> Option<Vec<u8>> {
    let subject = trials.subject;
    let own = DIALECTS
        .iter()
        .find(|dialect| dialect.id == subject.claim.scheme())?;
    let lines: Vec<_> = visible::split(subject.text)
        .map(|line| line.strip_suffix(b"\n").unwrap_or(line))
        .collect();
    // A final line that is empty is no line to `split`, but one of the recipe.
    let ends_empty = usize::from(subject.text.ends_with(b"\n"));
    let total = lines.len().saturating_add(ends_empty);
    let before = own
        .lines
        .iter()
        .take_while(|part| !matches!(part, Part::XHeaders))
        .count();
    let after = own.lines.len().saturating_sub(before).saturating_sub(1);
    let end = total.checked_sub(after)?;
    Some(lines.get(before..end)?.join(&b'\n'))
}
