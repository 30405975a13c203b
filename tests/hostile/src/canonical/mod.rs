//! Two requests and their strings to sign.
//!
//! The fuzzer writes one request out of segments of its input, and a second one either by cutting
//! the same input elsewhere, so that bytes move from one field to the next, or by changing the
//! first. What a scheme covers is said a second time in [`covered`], from its specification and
//! without its code.

mod covered;
mod fields;

use arbitrary::{Arbitrary, Unstructured};
use countersign::{Canonical, Head, Scheme, UrlScheme};
use countersign_tests::Family;
use http::Version;

use self::covered::covered;
use self::fields::{Fields, Request};
use crate::cases;

/// How the second request comes about.
#[derive(Arbitrary, Debug)]
enum Second {
    /// The same bytes, cut elsewhere.
    Cut(Vec<u8>),
    /// Other bytes.
    Other(Vec<u8>, Vec<u8>),
    /// The first request with some of its fields changed: which, how, and with which byte.
    Changed(Vec<(u8, u8, u8)>),
}

#[derive(Arbitrary, Debug)]
struct Pair {
    case: u8,
    tls: (bool, bool),
    cuts: Vec<u8>,
    second: Second,
    bytes: Vec<u8>,
}

/// Two requests that a scheme takes have one string to sign if and only if they are the same in
/// everything that the scheme covers.
pub fn canonical(input: &[u8]) {
    let Ok(pair) = Pair::arbitrary_take_rest(Unstructured::new(input)) else {
        return;
    };
    let case = &cases()[usize::from(pair.case) % cases().len()];
    if case.family == Family::Basic {
        return; // it signs nothing
    }
    let one = Fields::cut(case, &pair.bytes, &pair.cuts);
    let other = match &pair.second {
        Second::Cut(cuts) => Fields::cut(case, &pair.bytes, cuts),
        Second::Other(bytes, cuts) => Fields::cut(case, bytes, cuts),
        Second::Changed(changes) => one.changed(changes),
    };
    let scheme_of_url = |tls| {
        if tls {
            UrlScheme::Https
        } else {
            UrlScheme::Http
        }
    };
    let one = one.request(case, scheme_of_url(pair.tls.0));
    let other = other.request(case, scheme_of_url(pair.tls.1));
    let (Some(one), Some(other)) = (one, other) else {
        return;
    };
    let texts = (text(case.scheme(), &one), text(case.scheme(), &other));
    let (Some(one_text), Some(other_text)) = texts else {
        return;
    };
    let (one, other) = (covered(case, &one), covered(case, &other));
    assert_eq!(
        one_text == other_text,
        one == other,
        "{case}: {one:?} {other:?} {:?} {:?}",
        String::from_utf8_lossy(&one_text),
        String::from_utf8_lossy(&other_text),
    );
}

/// `None` for a request that the scheme refuses.
fn text(scheme: &dyn Scheme, request: &Request) -> Option<Vec<u8>> {
    let Request {
        method,
        target,
        headers,
        origin,
    } = request;
    let head = Head::new(method, target, Version::HTTP_11, headers, origin).ok()?;
    let claim = scheme.claim(&head)?.ok()?;
    Some(Canonical::collect(|text| {
        scheme.canonical(&head, &claim, text);
    }))
}
