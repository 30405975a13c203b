//! Reading the query and the path.
//!
//! `+` stands for itself: callers of the original send mail addresses as they are, and a form
//! would write a blank as `+`. Unknown parameters are ignored, as the original does; a known one
//! given twice is refused, since nobody could say which of them counts.

use std::borrow::Cow;

use http::Uri;
use percent_encoding::percent_decode_str;

use super::problem::{Code, Problem};
use crate::store::Which;

/// The names of parameters that mean something.
pub(super) const PRINCIPAL: &str = "principal";
pub(super) const DELETED: &str = "deleted";
pub(super) const LIMIT: &str = "limit";
pub(super) const CURSOR: &str = "cursor";

/// The parameters of a query that mean something.
#[derive(Debug, Default)]
pub(super) struct Query<'a> {
    pub(super) principal: Option<Cow<'a, str>>,
    pub(super) deleted: Option<Cow<'a, str>>,
    pub(super) limit: Option<Cow<'a, str>>,
    pub(super) cursor: Option<Cow<'a, str>>,
}

impl<'a> Query<'a> {
    /// The parameters among `known` of the query of `uri`.
    pub(super) fn of(uri: &'a Uri, known: &[&'static str]) -> Result<Self, Problem> {
        let mut query = Self::default();
        let pairs = uri.query().unwrap_or_default().split('&');
        for pair in pairs.filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            // What cannot be decoded is the name of nothing that is known.
            let Some(name) = decoded(name) else {
                continue;
            };
            let Some(&name) = known.iter().find(|it| **it == name) else {
                continue;
            };
            let slot = match name {
                PRINCIPAL => &mut query.principal,
                DELETED => &mut query.deleted,
                LIMIT => &mut query.limit,
                _ => &mut query.cursor,
            };
            if slot.is_some() {
                return Err(Problem::of_parameter(Code::RepeatedParameter, name));
            }
            let value = decoded(value).ok_or_else(|| {
                Problem::of_parameter(Code::InvalidParameter, name)
                    .because("The parameter must be percent-encoded UTF-8.")
            })?;
            *slot = Some(value);
        }
        Ok(query)
    }

    /// Whether deleted credentials are asked for.
    pub(super) fn which(&self) -> Result<Which, Problem> {
        match self.deleted.as_deref() {
            None | Some("false") => Ok(Which::Present),
            Some("true") => Ok(Which::WithDeleted),
            Some(_) => Err(Problem::of_parameter(Code::InvalidParameter, DELETED)
                .because("deleted is true or false.")),
        }
    }
}

/// The id in a path `/v1.0/creds/{id}…`.
pub(super) fn id_of(uri: &Uri) -> Result<Cow<'_, str>, Problem> {
    let segment = uri.path().split('/').nth(3).unwrap_or_default();
    decoded(segment).ok_or_else(|| Code::InvalidPath.into())
}

/// The text without its escapes; `None` when an escape is broken, or the result is not UTF-8.
fn decoded(text: &str) -> Option<Cow<'_, str>> {
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let escapes = byte != b'%'
            || [bytes.next(), bytes.next()]
                .iter()
                .all(|it| it.is_some_and(|it| it.is_ascii_hexdigit()));
        if !escapes {
            return None;
        }
    }
    percent_decode_str(text).decode_utf8().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [&str; 4] = [PRINCIPAL, DELETED, LIMIT, CURSOR];

    fn principal(query: &str) -> Result<Option<String>, Code> {
        let uri: Uri = format!("/v1.0/creds?{query}").parse().unwrap();
        match Query::of(&uri, &ALL) {
            Ok(query) => Ok(query.principal.map(Cow::into_owned)),
            Err(problem) => Err(problem.code()),
        }
    }

    #[test]
    fn bad_208_a_principal_is_decoded_once_and_exactly() {
        for (query, expected) in [
            ("principal=dave%40example.com", "dave@example.com"),
            ("principal=dave@example.com", "dave@example.com"),
            ("principal=a+b@x", "a+b@x"),
            ("principal=a%2Bb@x", "a+b@x"),
            ("principal=a%20b;c", "a b;c"),
            ("principal=a%2525", "a%25"),
            ("principal=%C3%A9", "\u{e9}"),
            ("princip%61l=x", "x"),
            ("principal=a=b", "a=b"),
            ("&&foo=bar&%zz=1&principal=x", "x"),
        ] {
            assert_eq!(principal(query), Ok(Some(expected.into())), "{query}");
        }
        for query in [
            "principal=%ff",
            "principal=%",
            "principal=%4",
            "principal=%zz",
        ] {
            assert_eq!(principal(query), Err(Code::InvalidParameter), "{query}");
        }
        for query in ["principal=a&principal=a", "principal=a&princip%61l=b"] {
            assert_eq!(principal(query), Err(Code::RepeatedParameter), "{query}");
        }
        assert_eq!(principal("Principal=a"), Ok(None));
    }
}
