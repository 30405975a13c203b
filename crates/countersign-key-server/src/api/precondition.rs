//! The headers that make a request conditional.

use http::HeaderMap;
use http::header::IF_MATCH;

use super::problem::Problem;
use crate::registry::Expectation;
use crate::store::Revision;

/// The header by which a creation that is sent again is recognised.
const IDEMPOTENCY_KEY: &str = "Idempotency-Key";

/// The longest idempotency key: several times a UUID.
const MAX_KEY_LEN: usize = 255;

/// The `Idempotency-Key`, if there is one.
pub(super) fn idempotency_key(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let key = value.as_bytes();
    let good = (1..=MAX_KEY_LEN).contains(&key.len())
        && key.iter().all(u8::is_ascii_graphic)
        && values.next().is_none();
    match value.to_str() {
        Ok(key) if good => Ok(Some(key)),
        _ => Err(Problem::of_header(IDEMPOTENCY_KEY)
            .because("Idempotency-Key is given once, as 1 to 255 visible ASCII characters.")),
    }
}

/// What `If-Match` expects (RFC 9110 §13.1.1). Tags that are none of ours, and weak ones, match
/// nothing.
pub(super) fn expectation(headers: &HeaderMap) -> Result<Expectation, Problem> {
    let mut revisions = Vec::new();
    let mut values = headers.get_all(IF_MATCH).iter().peekable();
    if values.peek().is_none() {
        return Ok(Expectation::Any);
    }
    for value in values {
        if value == "*" {
            return Ok(Expectation::Any);
        }
        let tags = value.to_str().ok().and_then(tags);
        let tags = tags.ok_or_else(|| {
            Problem::of_header("If-Match")
                .because("If-Match is the ETag of an earlier answer, with its quotes.")
        })?;
        revisions.extend(tags);
    }
    Ok(Expectation::OneOf(revisions))
}

/// The revisions of a list of entity tags.
fn tags(list: &str) -> Option<Vec<Revision>> {
    let mut revisions = Vec::new();
    let mut rest = list.trim_matches([' ', '\t', ',']);
    while !rest.is_empty() {
        let (weak, tag) = match rest.strip_prefix("W/") {
            Some(tag) => (true, tag),
            None => (false, rest),
        };
        let (tag, after) = tag.strip_prefix('"')?.split_once('"')?;
        if !weak {
            revisions.extend(revision(tag));
        }
        let after = after.trim_start_matches([' ', '\t']);
        if !after.is_empty() && !after.starts_with(',') {
            return None;
        }
        rest = after.trim_start_matches([' ', '\t', ',']);
    }
    Some(revisions)
}

/// The revision that a tag of ours stands for, in its one spelling.
fn revision(tag: &str) -> Option<Revision> {
    let number: u32 = tag.parse().ok()?;
    (number.to_string() == tag).then(|| Revision::from_number(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expected(value: &str) -> Option<Expectation> {
        let mut headers = HeaderMap::new();
        headers.insert(IF_MATCH, value.parse().unwrap());
        expectation(&headers).ok()
    }

    #[test]
    fn bad_230_only_strong_tags_of_ours_match() {
        let of = |numbers: &[u32]| {
            let revisions = numbers.iter().map(|it| Revision::from_number(*it));
            Some(Expectation::OneOf(revisions.collect()))
        };
        assert_eq!(expected("*"), Some(Expectation::Any));
        assert_eq!(expected("\"3\""), of(&[3]));
        assert_eq!(expected("\"1\", W/\"2\" ,\"3\",\"a,b\""), of(&[1, 3]));
        for none in ["W/\"3\"", "\"03\"", "\"+3\"", "\"\"", "\"99999999999\""] {
            assert_eq!(expected(none), of(&[]), "{none}");
        }
        for bad in ["3", "\"3", "\"3\" \"4\"", "w/\"3\"", "* ,\"3\""] {
            assert_eq!(expected(bad), None, "{bad}");
        }
        assert_eq!(expectation(&HeaderMap::new()).unwrap(), Expectation::Any);
    }

    #[test]
    fn bad_204_an_idempotency_key_is_visible_ascii_of_bounded_length() {
        let read = |value: &[u8]| {
            let mut headers = HeaderMap::new();
            headers.insert(
                IDEMPOTENCY_KEY,
                http::HeaderValue::from_bytes(value).unwrap(),
            );
            idempotency_key(&headers).is_ok()
        };
        assert!(read(b"k") && read(&[b'k'; 255]));
        for bad in [&b""[..], b"a b", b"\xe9", &[b'k'; 256]] {
            assert!(!read(bad), "{bad:?}");
        }
    }
}
