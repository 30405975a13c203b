//! From Envoy's description of a request to the request.

use bytes::Bytes;
use countersign::UrlScheme;
use envoy_types::ext_authz::v3::pb::CheckRequest;
use envoy_types::pb::envoy::service::auth::v3::attribute_context::HttpRequest;
use http::header::{CONTENT_LENGTH, HOST, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request, Version};

use crate::config::declares_body;
use crate::forward_auth::{UNKNOWN_LENGTH, parse_target};
use crate::problem::Problem;

/// Envoy's word that it has sent a part of the body only.
const PARTIAL: HeaderName = HeaderName::from_static("x-envoy-auth-partial-body");

/// The request Envoy asks about.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) request: Request<()>,
    pub(super) over: UrlScheme,
    pub(super) body: Arrived,
}

/// How much of the body Envoy has sent along.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Arrived {
    /// All of it, which may be nothing.
    Whole(Bytes),
    /// Less than there is.
    Not,
}

impl Asked {
    pub(super) fn read(check: CheckRequest) -> Result<Self, Problem> {
        let http = check
            .attributes
            .and_then(|attributes| attributes.request)
            .and_then(|request| request.http)
            .ok_or(Problem::InvalidOriginal)?;
        Self::of(http).ok_or(Problem::InvalidOriginal)
    }

    fn of(mut http: HttpRequest) -> Option<Self> {
        let method = Method::from_bytes(http.method.as_bytes()).ok()?;
        let target = parse_target(http.path.as_bytes())?;
        let mut headers = read_headers(&mut http)?;
        if !http.host.is_empty() {
            headers.insert(HOST, HeaderValue::try_from(&http.host).ok()?);
        }
        let over = if http.scheme.eq_ignore_ascii_case("https") {
            UrlScheme::Https
        } else {
            UrlScheme::Http
        };
        let sent = if http.raw_body.is_empty() {
            Bytes::from(http.body)
        } else {
            Bytes::from(http.raw_body)
        };
        let body = arrived(&headers, sent);
        if body == Arrived::Not {
            // No number: whatever the head said, there is a body.
            headers.insert(CONTENT_LENGTH, UNKNOWN_LENGTH);
        }
        let mut request = Request::new(());
        *request.method_mut() = method;
        *request.uri_mut() = target;
        *request.version_mut() = Version::HTTP_11;
        *request.headers_mut() = headers;
        Some(Self {
            request,
            over,
            body,
        })
    }
}

/// A body of another length than was declared is not the whole of it.
fn arrived(headers: &HeaderMap, sent: Bytes) -> Arrived {
    let declared = headers.get(CONTENT_LENGTH).map(HeaderValue::as_bytes);
    let whole = match declared {
        _ if headers.contains_key(PARTIAL) => {
            let partial = headers.get(PARTIAL).map(HeaderValue::as_bytes);
            partial == Some(b"false")
        }
        Some(declared) => declared == sent.len().to_string().as_bytes(),
        None => !sent.is_empty() || !declares_body(headers),
    };
    if whole {
        Arrived::Whole(sent)
    } else {
        Arrived::Not
    }
}

/// The headers without HTTP/2's pseudo-headers. With `encode_raw_headers` they come one by one
/// and as they were sent, else joined and with `!` for bytes that are no UTF-8.
fn read_headers(http: &mut HttpRequest) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    let mut add = |name: &str, value: Vec<u8>| {
        if !name.starts_with(':') {
            let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
            headers.append(
                name,
                HeaderValue::from_maybe_shared(Bytes::from(value)).ok()?,
            );
        }
        Some(())
    };
    if let Some(raw) = http.header_map.take() {
        for header in raw.headers {
            let value = if header.raw_value.is_empty() {
                header.value.into_bytes()
            } else {
                header.raw_value
            };
            add(&header.key, value)?;
        }
    } else {
        for (name, value) in std::mem::take(&mut http.headers) {
            add(&name, value.into_bytes())?;
        }
    }
    Some(headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn http(headers: &[(&str, &str)], body: &str) -> HttpRequest {
        HttpRequest {
            method: "POST".to_owned(),
            path: "//a/../b?c".to_owned(),
            host: "api.example.org".to_owned(),
            scheme: "https".to_owned(),
            headers: headers
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            raw_body: body.as_bytes().to_vec(),
            ..HttpRequest::default()
        }
    }

    #[test]
    fn method_target_host_and_scheme_are_as_envoy_says() {
        let asked = Asked::of(http(&[(":path", "/x"), ("x-one", "1")], "")).unwrap();
        assert_eq!(asked.request.uri().to_string(), "//a/../b?c");
        assert_eq!(asked.request.headers().len(), 2);
        assert_eq!(asked.request.headers()[HOST], "api.example.org");
        assert_eq!(asked.over, UrlScheme::Https);
    }

    #[test]
    fn only_a_body_of_the_declared_length_is_whole() {
        let body = |headers: &[(&str, &str)], body| Asked::of(http(headers, body)).unwrap().body;
        let hello = || Arrived::Whole(Bytes::from("hello"));
        assert_eq!(body(&[("content-length", "5")], "hello"), hello());
        assert_eq!(body(&[("transfer-encoding", "chunked")], "hello"), hello());
        assert_eq!(body(&[], ""), Arrived::Whole(Bytes::new()));
        for unseen in [
            body(&[("content-length", "5")], ""),
            body(&[("content-length", "6")], "hello"),
            body(&[("transfer-encoding", "chunked")], ""),
            body(&[("x-envoy-auth-partial-body", "true")], "hello"),
        ] {
            assert_eq!(unseen, Arrived::Not);
        }
        let partial = [("x-envoy-auth-partial-body", "true")];
        let asked = Asked::of(http(&partial, "hello")).unwrap();
        assert!(declares_body(asked.request.headers()));
    }
}
