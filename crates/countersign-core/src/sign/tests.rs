//! Signing twice, and taking a signature off again.

use http::HeaderValue;
use http::header::AUTHORIZATION;

use super::*;
use crate::{AuthKey, Basic, HmacAuth, Mac, Moxie};

const SECRET: &str = "c2VjcmV0LW9mLWV4YWN0bHktMzItYnl0ZXMtbG9uZyE";

fn key() -> SigningKey {
    SigningKey::new("example-id", SECRET, "dave").unwrap()
}

fn schemes() -> Vec<Box<dyn Scheme>> {
    vec![
        Box::new(AuthKey::default()),
        Box::new(AuthKey::dialect(crate::Dialect::V3)),
        Box::new(HmacAuth::sha256()),
        Box::new(Moxie::default()),
        Box::new(Mac::yar()),
        Box::new(Mac::draft()),
        Box::new(Basic),
    ]
}

fn to_sign(method: &Method) -> ToSign<'_> {
    static TARGET: std::sync::LazyLock<Uri> =
        std::sync::LazyLock::new(|| Uri::from_static("http://api.example.org/a"));
    ToSign::new(method, &TARGET, Timestamp::from_unix(1_700_000_000))
}

#[test]
fn signed_again_without_body_and_nonce_nothing_of_the_first_time_is_left() {
    let (scheme, key) = (AuthKey::default(), key());
    let mut headers = HeaderMap::new();
    let first = to_sign(&Method::POST).nonce("n").body(b"hello");
    first.sign(&scheme, &key, &mut headers).unwrap();
    assert!(headers.contains_key("x-mac-nonce") && headers.contains_key("x-mac-content-sha256"));

    let mut fresh = HeaderMap::new();
    let second = to_sign(&Method::GET);
    second.sign(&scheme, &key, &mut headers).unwrap();
    second.sign(&scheme, &key, &mut fresh).unwrap();
    assert_eq!(headers, fresh);
}

#[test]
fn undressed_a_request_is_as_it_was_before_save_for_its_date() {
    for scheme in schemes() {
        let mut headers = HeaderMap::new();
        headers.insert("x-mac-role", HeaderValue::from_static("admin"));
        let before = headers.clone();
        let signing = to_sign(&Method::POST).nonce("n").body(b"hello");
        signing.sign(&*scheme, &key(), &mut headers).unwrap();
        assert_ne!(headers, before, "{scheme:?}");
        scheme.undress(&mut headers);
        headers.remove("date");
        assert_eq!(headers, before, "{scheme:?}");
    }
}

#[test]
fn undressing_leaves_the_credentials_of_others() {
    for scheme in schemes() {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, HeaderValue::from_static("Bearer x"));
        headers.insert("content-md5", HeaderValue::from_static("x"));
        let before = headers.clone();
        scheme.undress(&mut headers);
        assert_eq!(headers, before, "{scheme:?}");
    }
}

#[test]
fn a_digest_given_ahead_signs_like_the_body_it_is_of() {
    for scheme in schemes() {
        let mut hasher = BodyHasher::new(b"text/plain");
        hasher.update(b"hello");
        let signed = |to_sign: ToSign<'_>| {
            let mut headers = HeaderMap::new();
            headers.insert("content-type", HeaderValue::from_static("text/plain"));
            let signed = to_sign.nonce("n").sign(&*scheme, &key(), &mut headers);
            signed.map(|()| headers).unwrap()
        };
        let ahead = signed(to_sign(&Method::POST).body_digest(hasher.finish()));
        let whole = signed(to_sign(&Method::POST).body(b"hello"));
        let pieces = signed(to_sign(&Method::POST).body_pieces(&[b"he", b"llo"]));
        assert_eq!(ahead, whole, "{scheme:?}");
        assert_eq!(pieces, whole, "{scheme:?}");
    }
}

#[test]
fn a_missing_digest_is_asked_for_and_the_headers_stay() {
    for scheme in schemes() {
        let mut headers = HeaderMap::new();
        headers.insert("x-mac-content-md5", HeaderValue::from_static("stale"));
        let before = headers.clone();
        let signing = to_sign(&Method::POST)
            .nonce("n")
            .body_digest(BodyDigest::new());
        match signing.sign(&*scheme, &key(), &mut headers) {
            Err(error) => {
                assert!(error.to_string().contains("BodyDigest::"), "{error}");
                assert_eq!(headers, before);
            }
            Ok(()) => assert_eq!(scheme.body_digest(), None, "{scheme:?}"),
        }
    }
}

#[test]
fn a_digest_is_stale_without_a_body_and_is_renewed_with_one() {
    let scheme = AuthKey::default();
    let with_stale_md5 = || {
        let stale = HeaderValue::from_static("1B2M2Y8AsgTpgAmY7PhCfg==");
        HeaderMap::from_iter([(http::HeaderName::from_static("x-mac-content-md5"), stale)])
    };
    let mut headers = with_stale_md5();
    let signing = to_sign(&Method::GET).no_body();
    signing.sign(&scheme, &key(), &mut headers).unwrap();
    assert!(!headers.contains_key("x-mac-content-md5"));

    let mut headers = with_stale_md5();
    let signing = to_sign(&Method::POST).body(b"hello");
    signing.sign(&scheme, &key(), &mut headers).unwrap();
    assert_eq!(headers["x-mac-content-md5"], "XUFAKrxLKna5cZ2REBfFkg==");
}

#[test]
fn bad_134_a_nonce_with_a_line_in_it_is_not_signed() {
    for scheme in schemes() {
        for nonce in ["a\r\nx-admin: 1", "a\nb", "a\r\n b", "a b", "a\"b", ""] {
            let mut headers = HeaderMap::new();
            let signed = to_sign(&Method::GET)
                .nonce(nonce)
                .sign(&*scheme, &key(), &mut headers);
            let unused = !scheme.has_nonce();
            assert_eq!(signed.is_ok(), unused, "{scheme:?} {nonce:?}");
            assert_eq!(headers.is_empty(), !unused, "{scheme:?} {nonce:?}");
        }
    }
}
