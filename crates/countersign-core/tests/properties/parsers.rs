//! Whatever is sent: no parser panics, and nothing that nobody signed is accepted.

use countersign_core::{AuthKey, Basic, Dialect, ResponseForm, Scheme};
use http::HeaderMap;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::common::{NOW, Request, SECRET, Service, key, variants};
use crate::ingredients::header_bytes;

/// Every header that a scheme reads.
const NAMES: &[&str] = &[
    "authorization",
    "auth-key",
    "x-acme-auth",
    "hmac-auth",
    "ncsu-mac",
    "date",
    "x-mac-date",
    "x-mac-nonce",
    "x-mac-content-md5",
    "x-mac-content-sha256",
    "x-mac-content-type",
    "x-mac-a",
    "x_mac_a",
    "x-acme-date",
    "content-md5",
    "content-type",
    "x-moxie-key",
    "x-hmac-nonce",
    "host",
];

/// What credentials are made of, so that some get past the first checks.
const PIECES: &[&str] = &[
    "MAC ",
    "ACME ",
    "Basic ",
    "Bearer ",
    "id=",
    "ts=",
    "nonce=",
    "ext=",
    "mac=",
    "\"",
    "\"",
    ", ",
    ":",
    ":",
    "=",
    " ",
    "\t",
    ",",
    "\\",
    "0",
    "-1",
    "1348748096",
    "example-id",
    "nonce-1",
    "QQ==",
    "Thu, 27 Sep 2012 12:14:56 GMT",
    "Thu Sep 27 12:14:56 GMT 2012",
    "\u{e9}",
    "aP+S4na/H9pRNqsdx4wWjGvhFpqfcCgbffgKhl0+ggk=",
    "Q7N5qsQoQgAv62aXbnTBOaZvPH8",
    "668db85d1dff6718d778454fc8c1d368a906f675",
    "g26hErLKewirhYsLEW7mDg",
    "api.example.org",
    "[::1]:80",
    r#"MAC id="example-id", ts="1348748096", nonce="n", mac=""#,
    r#""668db85d1dff6718d778454fc8c1d368a906f675""#,
    "MAC example-id:aP+S4na/H9pRNqsdx4wWjGvhFpqfcCgbffgKhl0+ggk=",
    "example-id:Q7N5qsQoQgAv62aXbnTBOaZvPH8",
];

fn value() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        header_bytes(0..80),
        vec(select(PIECES), 0..12).prop_map(|pieces| pieces.concat().into_bytes()),
        select(PIECES).prop_map(|piece| piece.as_bytes().to_vec()),
    ]
}

fn headers() -> impl Strategy<Value = Vec<(&'static str, Vec<u8>)>> {
    vec((select(NAMES), value()), 0..14)
}

proptest! {
    #[test]
    fn no_bytes_in_any_header_panic_or_are_accepted(headers in headers(), body in value()) {
        let mut request = Request::new("POST", "/pager/x?y").body(body);
        for (name, value) in &headers {
            request = match *name {
                "host" => request.set(name, value),
                _ => request.header(name, value),
            };
        }
        let schemes = variants().into_iter().map(|variant| variant.scheme);
        for scheme in schemes.chain([Box::new(Basic) as Box<dyn Scheme>]) {
            let result = Service::new([key("example-id", SECRET)]).verify(&*scheme, &request);
            prop_assert!(result.is_err(), "{scheme:?}: {result:?}");
            let challenge = scheme.challenge("realm", result.err().as_ref());
            prop_assert!(challenge.to_str().is_ok());
        }
    }

    #[test]
    fn no_target_or_method_panics(
        target in "(/|\\*|[a-z]{1,3}://[a-z:@]{1,4}/?|[a-z:0-9.@]{1,12})[!-~\u{e9}]{0,12}",
        method in "[A-Za-z0-9!#$%&'*+.^_`|~-]{1,24}",
        host in header_bytes(0..24),
    ) {
        if target.parse::<http::Uri>().is_err() {
            return Ok(()); // no request at all
        }
        for variant in variants() {
            let request = Request::new(&method, &target);
            let bare = request.clone().without("host");
            for request in [request.set("host", &host), bare] {
                let scheme = &*variant.scheme;
                if let Ok(signed) = request.try_sign(scheme, &variant.key(), NOW, Some("n")) {
                    let _ = Service::new([variant.key()]).verify(scheme, &signed);
                }
            }
        }
    }

    #[test]
    fn no_bytes_in_a_signed_response_panic_or_are_accepted(
        headers in headers(),
        time in "[ -~]{0,30}",
        signature in "[ -~]{0,50}|[A-Za-z0-9+/]{43}=",
    ) {
        let mut answer = Request::new("GET", "/");
        for (name, value) in &headers {
            answer = answer.header(name, value);
        }
        let headers: HeaderMap = answer.headers;
        let key = key("example-id", SECRET);
        for dialect in [Dialect::Wiki, Dialect::V1, Dialect::V2, Dialect::V3] {
            let scheme = AuthKey::dialect(dialect);
            let form = ResponseForm::default();
            let _ = scheme.sign_response(&key, &headers, &time, form);
            let result = scheme.verify_response(&key, &headers, &time, form, &signature);
            prop_assert!(result.is_err());
        }
    }
}
