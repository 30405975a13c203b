//! The text as a whole: its line feeds, and its case.

use http::Method;

use super::{NearMiss, Trials};
use crate::explain::percent::replace;

/// A line feed too many or too few at the end.
pub(super) fn end(trials: &mut Trials<'_>) {
    let text = trials.subject.text;
    if let Some(shorter) = text.strip_suffix(b"\n") {
        trials.text(NearMiss::TrailingLineFeedMissing, shorter);
    }
    trials.text(NearMiss::TrailingLineFeed, [text, b"\n"].concat());
}

/// Something else in the place of every line feed.
pub(super) fn line_ends(trials: &mut Trials<'_>) {
    let text = trials.subject.text;
    for (miss, joint) in [
        (NearMiss::LiteralLineFeeds, &br"\n"[..]),
        (NearMiss::CarriageReturns, b"\r\n"),
        (NearMiss::LineFeedsLeftOut, b""),
    ] {
        trials.text(miss, replace(text, b"\n", joint));
    }
}

/// Upper and lower case of the whole and of the method.
pub(super) fn case(trials: &mut Trials<'_>) {
    let subject = trials.subject;
    trials.text(NearMiss::LowerCase, subject.text.to_ascii_lowercase());
    not_lower(trials);
    let method = subject.head.method().as_str();
    for (miss, other) in [
        (NearMiss::MethodLowerCase, method.to_ascii_lowercase()),
        (NearMiss::MethodUpperCase, method.to_ascii_uppercase()),
    ] {
        trials.request(miss, |parts| {
            parts.method = Method::from_bytes(other.as_bytes()).ok()?;
            Some(())
        });
    }
}

/// What would have been signed if Moxie's text were not lower-cased. That depends on the head and
/// the claim alone, so any `Moxie` can write it.
#[cfg(feature = "moxie")]
fn not_lower(trials: &mut Trials<'_>) {
    use crate::canonical::Canonical;
    use crate::scheme::moxie::Moxie;
    use crate::scheme::{Scheme as _, SchemeId};

    let subject = trials.subject;
    if subject.claim.scheme() == SchemeId::MOXIE {
        let as_built = Moxie::default();
        let text = Canonical::collect(|text| {
            as_built.canonical(&subject.head, &subject.claim, text);
        });
        trials.text(NearMiss::NotLowerCase, text);
    }
}

#[cfg(not(feature = "moxie"))]
fn not_lower(_: &mut Trials<'_>) {}
