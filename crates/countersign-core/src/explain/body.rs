//! Does the body match its digest, and if not, what is the digest of?

use http::HeaderMap;
use http::header::CONTENT_ENCODING;

use super::finding::Finding;
use super::json::{self, Style};
use super::percent::replace;
use crate::body::{BodyVerifier, DeclaredLength};
use crate::claim::BodyBinding;
use crate::head::trim;
use crate::policy::{BodyPolicy, Policy};
use crate::reason::Reason;

/// What is wrong with the body, the general finding first.
pub(super) fn findings(
    binding: &BodyBinding<'_>,
    body: &[u8],
    headers: &HeaderMap,
    policy: &Policy,
) -> Vec<Finding> {
    match check(binding, body, policy) {
        Ok(()) => Vec::new(),
        Err(Reason::DigestMismatch) => {
            let mut found = vec![Finding::BodyDoesNotMatch];
            found.extend(guess(binding, body));
            let encoded = headers
                .get(CONTENT_ENCODING)
                .is_some_and(|coding| !trim(coding.as_bytes()).eq_ignore_ascii_case(b"identity"));
            if encoded {
                found.push(Finding::ContentEncoded);
            }
            found
        }
        Err(Reason::MissingDigest) => vec![Finding::BodyNotSigned],
        Err(other) => vec![Finding::Refused(other)],
    }
}

fn check(binding: &BodyBinding<'_>, body: &[u8], policy: &Policy) -> Result<(), Reason> {
    let unknown = DeclaredLength::AtLeast(0);
    let checked = BodyVerifier::new(binding, unknown, u64::MAX, policy).and_then(|mut verifier| {
        verifier.update(body)?;
        verifier.finish()
    });
    checked.map_err(|refusal| refusal.reason())
}

/// What the digest is of, if that can be found out.
fn guess(binding: &BodyBinding<'_>, body: &[u8]) -> Option<Finding> {
    let lenient = Policy {
        body: BodyPolicy::AllowUnsigned,
        ..Policy::default()
    };
    let is_of = |candidate: &[u8]| check(binding, candidate, &lenient).is_ok();
    let with = |end: &[u8]| [body, end].concat();
    let without_line_feed = || {
        let body = body.strip_suffix(b"\n")?;
        Some(body.strip_suffix(b"\r").unwrap_or(body))
    };
    if !body.is_empty() && is_of(b"") {
        Some(Finding::DigestOfEmptyBody)
    } else if body.is_empty() && is_of(b"{}") {
        Some(Finding::DigestOfEmptyObject)
    } else if is_of(&with(b"\n")) || is_of(&with(b"\r\n")) {
        Some(Finding::DigestWithLineFeed)
    } else if without_line_feed().is_some_and(is_of) {
        Some(Finding::DigestWithoutLineFeed)
    } else if is_of(&replace(body, b"\r\n", b"\n")) || is_of(&replace(body, b"\n", b"\r\n")) {
        Some(Finding::DigestOfOtherLineEnds)
    } else if is_of_rewritten(body, is_of) {
        Some(Finding::BodyReserialised)
    } else {
        guess_ext(binding, body, &lenient)
    }
}

fn is_of_rewritten(body: &[u8], is_of: impl Fn(&[u8]) -> bool) -> bool {
    Style::ALL.into_iter().any(|style| {
        json::rewritten(body, style)
            .is_some_and(|body| is_of(&body) || is_of(&[&body, &b"\n"[..]].concat()))
    })
}

/// yar's `ext` with another idea of the `Content-Type`.
fn guess_ext(binding: &BodyBinding<'_>, body: &[u8], policy: &Policy) -> Option<Finding> {
    let BodyBinding::Ext { content_type, sha1 } = *binding else {
        return None;
    };
    let is_with = |content_type| {
        let binding = BodyBinding::Ext { content_type, sha1 };
        check(&binding, body, policy).is_ok()
    };
    let bare = content_type.split(|&b| b == b';').next().map(trim)?;
    if is_with(b"") {
        Some(Finding::DigestWithoutContentType)
    } else if is_with(bare) {
        Some(Finding::DigestOfBareContentType)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use md5::Md5;
    use sha1::{Digest, Sha1};

    use super::*;

    fn found(signed: &str, sent: &str) -> Vec<Finding> {
        let binding = BodyBinding::Digests {
            md5: Some(Md5::digest(signed).into()),
            sha256: None,
        };
        findings(
            &binding,
            sent.as_bytes(),
            &HeaderMap::new(),
            &Policy::default(),
        )
    }

    fn found_ext(signed: Option<&str>, content_type: &str, sent: &str) -> Vec<Finding> {
        let binding = BodyBinding::Ext {
            content_type: content_type.as_bytes(),
            sha1: signed.map(|signed| Sha1::digest(signed).into()),
        };
        findings(
            &binding,
            sent.as_bytes(),
            &HeaderMap::new(),
            &Policy::default(),
        )
    }

    #[test]
    fn a_body_that_matches_gives_no_finding() {
        assert_eq!(found("abc", "abc"), []);
        assert_eq!(found_ext(None, "", ""), []);
    }

    #[test]
    fn the_digest_of_something_like_the_body_is_recognised() {
        for (signed, sent, expected) in [
            ("", "{}", Finding::DigestOfEmptyBody),
            ("{}", "", Finding::DigestOfEmptyObject),
            ("abc\n", "abc", Finding::DigestWithLineFeed),
            ("abc", "abc\n", Finding::DigestWithoutLineFeed),
            ("abc", "abc\r\n", Finding::DigestWithoutLineFeed),
            ("a\nb", "a\r\nb", Finding::DigestOfOtherLineEnds),
            ("a\r\nb", "a\nb", Finding::DigestOfOtherLineEnds),
        ] {
            let expected = [Finding::BodyDoesNotMatch, expected];
            assert_eq!(found(signed, sent), expected, "{signed:?} {sent:?}");
        }
        assert_eq!(found("abc", "xyz"), [Finding::BodyDoesNotMatch]);
    }

    #[test]
    fn bad_163_a_reserialised_body_is_recognised() {
        let expected = [Finding::BodyDoesNotMatch, Finding::BodyReserialised];
        let compact = r#"{"a":1,"b":"x y"}"#;
        for other in [
            r#"{"a": 1, "b": "x y"}"#,
            "{\n  \"a\": 1,\n  \"b\": \"x y\"\n}",
            "{\n    \"a\": 1,\n    \"b\": \"x y\"\n}\n",
        ] {
            assert_eq!(found(compact, other), expected, "{other}");
            assert_eq!(found(other, compact), expected, "{other}");
        }
    }

    #[test]
    fn bad_160_an_encoded_body_that_does_not_match_is_pointed_out() {
        let binding = BodyBinding::Digests {
            md5: Some(Md5::digest("abc").into()),
            sha256: None,
        };
        let gzip = HeaderMap::from_iter([(CONTENT_ENCODING, "gzip".parse().unwrap())]);
        let found = |body: &[u8]| findings(&binding, body, &gzip, &Policy::default());
        let expected = [Finding::BodyDoesNotMatch, Finding::ContentEncoded];
        assert_eq!(found(b"\x1f\x8b"), expected);
        assert_eq!(found(b"abc"), []);
    }

    #[test]
    fn an_ext_with_another_content_type_is_recognised() {
        let json = "application/json; charset=utf-8";
        let expected = |hint| [Finding::BodyDoesNotMatch, hint];
        assert_eq!(
            found_ext(Some("{}"), json, "{}"),
            expected(Finding::DigestWithoutContentType)
        );
        assert_eq!(
            found_ext(Some("application/json{}"), json, "{}"),
            expected(Finding::DigestOfBareContentType)
        );
    }

    #[test]
    fn a_body_without_digest_is_reported_as_the_policy_has_it() {
        let unbound = BodyBinding::Digests {
            md5: None,
            sha256: None,
        };
        let policy = Policy::default();
        let found = findings(&unbound, b"abc", &HeaderMap::new(), &policy);
        assert_eq!(found, [Finding::BodyNotSigned]);
    }
}
