//! From the question of a proxy to the request it is about.

use countersign::UrlScheme;
use http::header::{CONTENT_LENGTH, HOST, HeaderMap, HeaderName, HeaderValue, TRANSFER_ENCODING};
use http::{Method, Request, Uri, Version};

use super::convention::{
    Described, Dialect, FORWARDED_METHOD, FORWARDED_URI, ORIGINAL_METHOD, ORIGINAL_URI,
};
use crate::problem::Problem;

const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const ORIGINAL_LENGTH: HeaderName = HeaderName::from_static("x-original-content-length");
const ORIGINAL_CODING: HeaderName = HeaderName::from_static("x-original-transfer-encoding");

/// Stands for a length that is not known: no number, so it counts as a body.
pub(crate) const UNKNOWN_LENGTH: HeaderValue = HeaderValue::from_static("unknown");

/// The request that `question` is about.
pub(super) fn describe<B>(dialect: Dialect, question: &Request<B>) -> Result<Described, Problem> {
    let asked = question.headers();
    let (method, target) = match dialect {
        Dialect::Forwarded => (&FORWARDED_METHOD, &FORWARDED_URI),
        Dialect::Original | Dialect::Unknown => (&ORIGINAL_METHOD, &ORIGINAL_URI),
    };
    let method =
        Method::from_bytes(single(asked, method)?).map_err(|_| Problem::InvalidOriginal)?;
    let target = parse_target(single(asked, target)?).ok_or(Problem::InvalidOriginal)?;

    let mut headers = asked.clone();
    let mut over = UrlScheme::Http;
    if dialect == Dialect::Forwarded {
        if asked.contains_key(FORWARDED_HOST) {
            let host = HeaderValue::from_bytes(single(asked, &FORWARDED_HOST)?);
            headers.insert(HOST, host.map_err(|_| Problem::InvalidOriginal)?);
        }
        if asked.contains_key(FORWARDED_PROTO)
            && single(asked, &FORWARDED_PROTO)?.eq_ignore_ascii_case(b"https")
        {
            over = UrlScheme::Https;
        }
    }
    if !headers.contains_key(HOST)
        && let Some(authority) = question.uri().authority()
        && let Ok(host) = HeaderValue::try_from(authority.as_str())
    {
        headers.insert(HOST, host);
    }
    describe_body(dialect, &method, &mut headers);
    for name in [
        &ORIGINAL_METHOD,
        &ORIGINAL_URI,
        &ORIGINAL_LENGTH,
        &ORIGINAL_CODING,
        &FORWARDED_METHOD,
        &FORWARDED_URI,
    ] {
        headers.remove(name);
    }
    let mut request = Request::new(());
    *request.method_mut() = method;
    *request.uri_mut() = target;
    *request.version_mut() = Version::HTTP_11;
    *request.headers_mut() = headers;
    Ok(Described {
        request,
        over,
        dialect,
    })
}

/// Leaves exactly what is known about the body in `Content-Length` and `Transfer-Encoding`.
///
/// That there is one is believed from any header. That there is none is believed where the
/// method never has one, and under nginx's convention, whose configuration sets the header; a
/// client can add it where the proxy does not.
fn describe_body(dialect: Dialect, method: &Method, headers: &mut HeaderMap) {
    let told = |headers: &HeaderMap, name: &HeaderName| -> Option<bool> {
        let mut values = headers.get_all(name).iter().peekable();
        values.peek()?;
        let mut lengths = values.map(|value| value.as_bytes().trim_ascii());
        Some(lengths.any(|length| length != b"0" && !length.is_empty()))
    };
    let coded = headers.contains_key(TRANSFER_ENCODING)
        || told(headers, &ORIGINAL_CODING) == Some(true)
        || told(headers, &CONTENT_LENGTH) == Some(true)
        || told(headers, &ORIGINAL_LENGTH) == Some(true);
    let denied = dialect == Dialect::Original && told(headers, &ORIGINAL_LENGTH) == Some(false);
    let never = matches!(
        *method,
        Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE | Method::DELETE
    );
    headers.remove(TRANSFER_ENCODING);
    if coded || !(denied || never) {
        headers.insert(CONTENT_LENGTH, UNKNOWN_LENGTH);
    } else {
        headers.remove(CONTENT_LENGTH);
    }
}

/// The raw target. A fragment is refused: no client sends one, and `Uri` would drop it.
pub(crate) fn parse_target(raw: &[u8]) -> Option<Uri> {
    if !raw.starts_with(b"/") || raw.contains(&b'#') {
        return (raw == b"*").then(|| Uri::from_static("*"));
    }
    Uri::try_from(raw).ok()
}

fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<&'a [u8], Problem> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) if !value.is_empty() => Ok(value.as_bytes()),
        _ => Err(Problem::InvalidOriginal),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(pairs: &[(&'static str, &'static str)]) -> Request<()> {
        let mut request = Request::new(());
        for &(name, value) in pairs {
            request
                .headers_mut()
                .append(name, HeaderValue::from_static(value));
        }
        request
    }

    fn nginx(method: &'static str, more: &[(&'static str, &'static str)]) -> Request<()> {
        let mut pairs = vec![
            ("host", "api.example.org"),
            ("x-original-method", method),
            ("x-original-uri", "//a/../b;x=%2f?a=1&&b"),
        ];
        pairs.extend(more);
        describe(Dialect::Original, &question(&pairs))
            .unwrap()
            .request
    }

    fn has_body(request: &Request<()>) -> bool {
        request.headers().contains_key(CONTENT_LENGTH)
    }

    #[test]
    fn the_original_target_is_kept_byte_for_byte() {
        let request = nginx("GET", &[]);
        assert_eq!(request.uri().to_string(), "//a/../b;x=%2f?a=1&&b");
        assert!(!request.headers().contains_key("x-original-uri"));
    }

    #[test]
    fn bad_119_a_fragment_is_refused() {
        for raw in ["/a#b", "a", "", "http://evil/a"] {
            assert!(parse_target(raw.as_bytes()).is_none(), "{raw}");
        }
    }

    #[test]
    fn a_repeated_description_is_refused() {
        let pairs = [
            ("x-original-method", "GET"),
            ("x-original-uri", "/a"),
            ("x-original-uri", "/admin"),
        ];
        assert!(describe(Dialect::Original, &question(&pairs)).is_err());
    }

    #[test]
    fn a_body_is_assumed_unless_it_is_known_that_there_is_none() {
        assert!(!has_body(&nginx("GET", &[])));
        assert!(has_body(&nginx("POST", &[])));
        assert!(has_body(&nginx(
            "POST",
            &[("x-original-content-length", "5")]
        )));
        assert!(!has_body(&nginx(
            "POST",
            &[("x-original-content-length", "0")]
        )));
        assert!(has_body(&nginx(
            "GET",
            &[("x-original-transfer-encoding", "chunked")]
        )));
        let zero = [
            ("x-forwarded-method", "POST"),
            ("x-forwarded-uri", "/a"),
            ("x-original-content-length", "0"),
        ];
        let described = describe(Dialect::Forwarded, &question(&zero)).unwrap();
        assert!(has_body(&described.request), "a client may have added it");
    }

    #[test]
    fn the_forwarded_host_and_scheme_are_those_of_the_client() {
        let pairs = [
            ("host", "auth.internal"),
            ("x-forwarded-method", "GET"),
            ("x-forwarded-uri", "/a"),
            ("x-forwarded-host", "api.example.org"),
            ("x-forwarded-proto", "https"),
        ];
        let described = describe(Dialect::Forwarded, &question(&pairs)).unwrap();
        assert_eq!(described.request.headers()[HOST], "api.example.org");
        assert_eq!(described.over, UrlScheme::Https);
    }
}
