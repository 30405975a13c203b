//! Headers that a client must not be able to set for the service behind the layer.

use http::header::{ACCESS_CONTROL_REQUEST_METHOD, HeaderMap, HeaderName, ORIGIN};
use http::{Method, request};

/// Taken off every request on every path, verified, anonymous or only reported on: the names by
/// which a service behind the gateway learns who is calling, and those by which some frameworks
/// let a client change the method after it was verified.
pub const STRIPPED: [HeaderName; 6] = [
    HeaderName::from_static("x-countersign-principal"),
    HeaderName::from_static("x-countersign-key-id"),
    HeaderName::from_static("x-countersign-scheme"),
    HeaderName::from_static("x-http-method-override"),
    HeaderName::from_static("x-http-method"),
    HeaderName::from_static("x-method-override"),
];

/// The first letter of every name in [`STRIPPED`].
const FIRST_LETTER: char = 'x';

/// Takes the headers of [`STRIPPED`] and of `more` off, and what a server might take for one of
/// them: a name with `_` in place of `-` is the same in CGI and WSGI.
///
/// One pass over the headers usually finds nothing to do, in a third of the time that asking the
/// map for every name takes.
pub(crate) fn strip(headers: &mut HeaderMap, more: &[HeaderName]) {
    // In one place: every use of a constant makes its names anew.
    static ALWAYS: [HeaderName; 6] = STRIPPED;
    let unwanted = |sent: &&HeaderName| {
        let sent = sent.as_str();
        let among = |names: &[HeaderName]| names.iter().any(|name| same(name.as_str(), sent));
        // All of ours begin with the same letter, and few others do.
        (sent.starts_with(FIRST_LETTER) && among(&ALWAYS)) || among(more)
    };
    if !headers.keys().any(|sent| unwanted(&sent)) {
        return;
    }
    let found: Vec<_> = headers.keys().filter(unwanted).cloned().collect();
    for name in found {
        headers.remove(name);
    }
}

/// Whether `sent` is `name`, or is with `_` read as `-`.
fn same(name: &str, sent: &str) -> bool {
    let alike = |(wanted, byte): (u8, u8)| byte == wanted || (byte == b'_' && wanted == b'-');
    name.len() == sent.len() && name.bytes().zip(sent.bytes()).all(alike)
}

/// Whether this is exactly a CORS preflight: `OPTIONS` with `Origin` and
/// `Access-Control-Request-Method`, which browsers send without credentials.
pub(crate) fn is_preflight(parts: &request::Parts) -> bool {
    parts.method == Method::OPTIONS
        && parts.headers.contains_key(ORIGIN)
        && parts.headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn the_names_begin_with_one_letter() {
        let begins = |name: &HeaderName| name.as_str().starts_with(FIRST_LETTER);
        assert!(STRIPPED.iter().all(begins));
    }

    #[test]
    fn bad_145_identity_headers_and_their_aliases_are_taken_off() {
        let mut headers = HeaderMap::new();
        for name in [
            "X-Countersign-Principal",
            "x_countersign_principal",
            "x-countersign_key-id",
            "x-http-method-override",
            "x-role",
            "x_role",
            "x-other",
        ] {
            let name: HeaderName = name.parse().unwrap();
            headers.append(&name, HeaderValue::from_static("1"));
            headers.append(&name, HeaderValue::from_static("2"));
        }
        strip(&mut headers, &[HeaderName::from_static("x-role")]);
        let left: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
        assert_eq!(left, ["x-other"]);
    }
}
