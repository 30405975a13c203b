//! What Auth-Key accepts and refuses before any key is looked up.

use super::*;
use crate::testing::Request;

const SIG: &str = "aP+S4na/H9pRNqsdx4wWjGvhFpqfcCgbffgKhl0+ggk=";
const DATE_TEXT: &str = "Thu, 27 Sep 2012 12:14:56 GMT";

fn dated(target: &str, credential: &str) -> Request {
    Request::new("GET", target)
        .header("date", DATE_TEXT)
        .header("x-mac-date", DATE_TEXT)
        .header("auth-key", credential)
}

fn good() -> Request {
    dated("/api", &format!("MAC example-id:{SIG}"))
}

fn refused(request: &Request) -> Option<Reason> {
    let scheme = AuthKey::default();
    request
        .claim(&scheme)
        .expect("claimed")
        .err()
        .map(|refusal| refusal.reason())
}

#[test]
fn the_final_line_feed_stays_without_a_query() {
    let text = good().canonical(&AuthKey::default());
    assert_eq!(text, format!("GET\nx-mac-date:{DATE_TEXT}\n/api\n"));
}

#[test]
fn bad_4_to_24_malformed_credentials_are_refused() {
    for bad in [
        "MAC".to_owned(),
        "MAC ".to_owned(),
        "MAC id".to_owned(),
        "MAC id:".to_owned(),
        format!("MAC :{SIG}"),
        format!("MAC a:b:{SIG}"),
        format!("MAC id:{SIG}:"),
        format!("MAC id:{}", SIG.trim_end_matches('=')),
        format!("MAC id:{SIG}="),
        format!("MAC id:{SIG}, MAC id:{SIG}"),
        format!("MAC i d:{SIG}"),
        format!("MAC \u{e9}:{SIG}"),
        format!(
            "MAC id:{}",
            "68ff92e276bf1fda5136ab1dc78c168c6be1169a9f70281b7df80a865d3e8209"
        ),
    ] {
        assert_eq!(
            refused(&dated("/", &bad)),
            Some(Reason::MalformedCredentials),
            "{bad}"
        );
    }
    assert_eq!(
        refused(&dated("/", "FOO x")),
        Some(Reason::UnsupportedScheme)
    );
    assert_eq!(refused(&dated("/", "  ")), Some(Reason::MissingCredentials));
    assert_eq!(refused(&dated("/", &format!("mAc \t id:{SIG}"))), None);
}

#[test]
fn bad_9_repeated_headers_are_refused() {
    for name in ["auth-key", "date", "x-mac-date"] {
        let reason = refused(&good().header(name, DATE_TEXT));
        assert_eq!(reason, Some(Reason::DuplicateHeader), "{name}");
    }
}

#[test]
fn bad_61_both_dates_must_be_there_and_the_signed_one_strict() {
    let without = |name: &str| {
        let mut request = Request::new("GET", "/").header("auth-key", &format!("MAC id:{SIG}"));
        for known in ["date", "x-mac-date"] {
            if known != name {
                request = request.header(known, DATE_TEXT);
            }
        }
        refused(&request)
    };
    assert_eq!(without("date"), Some(Reason::MissingHeader));
    assert_eq!(without("x-mac-date"), Some(Reason::MissingHeader));
    for date in [
        "Thu, 27 Sep 2012 12:14:56 +0000",
        "Thu, 27 Sep 2012 12:14:56 GMTabc",
        "1348748096",
    ] {
        let request = Request::new("GET", "/")
            .header("auth-key", &format!("MAC id:{SIG}"))
            .header("date", "anything")
            .header("x-mac-date", date);
        assert_eq!(refused(&request), Some(Reason::InvalidTimestamp), "{date}");
    }
}

#[test]
fn bad_114_an_empty_query_is_refused_as_it_would_sign_like_none() {
    let credential = format!("MAC id:{SIG}");
    assert_eq!(
        refused(&dated("/a?", &credential)),
        Some(Reason::InvalidTarget)
    );
    assert_eq!(refused(&dated("/a?&", &credential)), None);
    assert_eq!(refused(&dated("/a", &credential)), None);
}

#[test]
fn a_content_type_that_contradicts_the_signed_one_is_refused() {
    let signed = || good().header("x-mac-content-type", "application/json");
    assert_eq!(refused(&signed()), None);
    assert_eq!(
        refused(&signed().header("content-type", "application/json")),
        None
    );
    let reason = refused(&signed().header("content-type", "text/html"));
    assert_eq!(reason, Some(Reason::DigestMismatch));
}

#[test]
fn names_and_words_are_settings() {
    let scheme = AuthKey::default()
        .header("X-Acme-Auth")
        .unwrap()
        .scheme_word("ACME")
        .unwrap()
        .identifier("acme")
        .unwrap();
    let request = Request::new("GET", "/")
        .header("date", DATE_TEXT)
        .header("x-acme-date", DATE_TEXT)
        .header("x-mac-ignored", "1")
        .header("x-acme-auth", &format!("acme id:{SIG}"));
    // The credential's own header begins with the prefix too, but cannot sign itself.
    let text = request.claim(&scheme).expect("claimed");
    assert!(text.is_ok());
    assert!(AuthKey::default().header("a b").is_err());
    assert!(AuthKey::default().scheme_word("a b").is_err());
    assert!(AuthKey::default().identifier("a_b").is_err());
    assert!(AuthKey::default().identifier("").is_err());
}

#[test]
fn a_numeric_zone_is_a_switch() {
    let php = "Thu, 27 Sep 2012 12:14:56 +0000";
    let request = Request::new("GET", "/")
        .header("date", php)
        .header("x-mac-date", php)
        .header("auth-key", &format!("MAC id:{SIG}"));
    assert_eq!(refused(&request), Some(Reason::InvalidTimestamp));
    assert!(
        request
            .claim(&AuthKey::default().numeric_zone())
            .unwrap()
            .is_ok()
    );
}
