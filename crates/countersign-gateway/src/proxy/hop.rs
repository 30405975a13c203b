//! Headers that concern one connection only (RFC 9110 §7.6.1).
//!
//! Invariant: a header that the signature covers, or that says where a message ends, reaches the
//! upstream as it was verified. A `Connection` that names one would make this gateway take it
//! off after it was verified, so such a request is refused before.

use http::header::{
    AUTHORIZATION, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, DATE, HOST, HeaderMap, HeaderName,
    HeaderValue, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRANSFER_ENCODING, UPGRADE,
};

const HOP_BY_HOP: [HeaderName; 8] = [
    CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    TE,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// Signed by one scheme or another, beside the header of the credential.
const SIGNED: [HeaderName; 8] = [
    AUTHORIZATION,
    CONTENT_LENGTH,
    HeaderName::from_static("content-md5"),
    CONTENT_TYPE,
    DATE,
    HOST,
    HeaderName::from_static("x-hmac-nonce"),
    HeaderName::from_static("x-moxie-key"),
];

/// How the names of all of Auth-Key's signed headers begin.
const SIGNED_PREFIX: &[u8] = b"x-mac-";

/// Whether `Connection` names a header that must arrive, the `credentials` among them.
pub(crate) fn names_signed(headers: &HeaderMap, credentials: &[HeaderName]) -> bool {
    options(headers).any(|option| {
        let is = |name: &HeaderName| option.eq_ignore_ascii_case(name.as_str().as_bytes());
        SIGNED.iter().chain(credentials).any(is)
            || option
                .get(..SIGNED_PREFIX.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(SIGNED_PREFIX))
    })
}

/// Takes off what concerns the connection it came by, and what `Connection` names.
pub(crate) fn remove(headers: &mut HeaderMap) {
    let named: Vec<_> = options(headers)
        .filter_map(|option| HeaderName::from_bytes(option).ok())
        .collect();
    for name in HOP_BY_HOP.iter().chain(&named) {
        headers.remove(name);
    }
}

/// The protocol that the request asks to change to, if it is one to pass on.
///
/// Not those by which the connection would become HTTP again: what is sent then would be
/// requests that nobody verifies.
pub(crate) fn upgrade(headers: &HeaderMap) -> Option<HeaderValue> {
    let asked = options(headers).any(|option| option.eq_ignore_ascii_case(b"upgrade"));
    let mut values = headers.get_all(UPGRADE).iter();
    let (value, None) = (values.next()?, values.next()) else {
        return None;
    };
    let protocol = value.as_bytes().trim_ascii().to_ascii_lowercase();
    let single = !protocol.is_empty() && !protocol.contains(&b',');
    let again = [&b"h2"[..], b"http/", b"tls/"]
        .iter()
        .any(|start| protocol.starts_with(start));
    (asked && single && !again).then(|| value.clone())
}

fn options(headers: &HeaderMap) -> impl Iterator<Item = &[u8]> {
    let values = headers.get_all(CONNECTION).into_iter();
    values
        .flat_map(|value| value.as_bytes().split(|&byte| byte == b','))
        .map(<[u8]>::trim_ascii)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for &(name, value) in pairs {
            headers.append(name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn what_connection_names_is_taken_off_with_it() {
        let mut headers = headers(&[
            ("connection", "close, X-One"),
            ("connection", " x-two ,"),
            ("x-one", "1"),
            ("x-two", "2"),
            ("x-three", "3"),
            ("te", "trailers"),
            ("keep-alive", "timeout=5"),
            ("proxy-authorization", "Basic x"),
            ("upgrade", "websocket"),
            ("transfer-encoding", "chunked"),
        ]);
        remove(&mut headers);
        let left: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
        assert_eq!(left, ["x-three"]);
    }

    #[test]
    fn a_signed_header_in_connection_is_noticed_in_any_spelling() {
        let own = [HeaderName::from_static("auth-key")];
        for named in [
            "Date",
            "close, HOST",
            "authorization",
            "Content-MD5",
            "content-type",
            "Auth-Key",
            "X-Mac-Role",
            "x-hmac-nonce",
            "X-Moxie-Key",
            "content-length",
        ] {
            assert!(
                names_signed(&headers(&[("connection", named)]), &own),
                "{named}"
            );
        }
        for harmless in ["close", "keep-alive, upgrade", "x-other", "x-ma", ""] {
            let headers = headers(&[("connection", harmless)]);
            assert!(!names_signed(&headers, &own), "{harmless}");
        }
    }

    #[test]
    fn an_upgrade_is_passed_on_unless_it_would_be_http_again() {
        let asked = |protocol| {
            let pairs = [("connection", "keep-alive, Upgrade"), ("upgrade", protocol)];
            upgrade(&headers(&pairs)).is_some()
        };
        assert!(asked("websocket") && asked("SPDY/3.1"));
        for refused in ["h2c", "H2C", "HTTP/2.0", "TLS/1.0", "websocket, h2c", ""] {
            assert!(!asked(refused), "{refused}");
        }
        assert!(upgrade(&headers(&[("upgrade", "websocket")])).is_none());
    }
}
