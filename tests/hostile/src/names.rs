//! What an operator writes into settings: URLs, names of headers, words.

use countersign::{
    AuthKey, Authority, ConfigError, Head, HmacAuth, KeyId, Origin, Scheme, SchemeId, Timestamp,
};
use http::{HeaderMap, Method, Uri, Version};

use crate::challenge;

/// Every setting is taken or refused with a sentence; one that is taken can be used.
pub fn names(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    if let Some(origin) = told(Origin::public_base_url(text)) {
        let (target, headers) = (Uri::from_static("/"), HeaderMap::new());
        let head = Head::new(&Method::GET, &target, Version::HTTP_10, &headers, &origin);
        let head = head.expect("HTTP/1.0 needs no host");
        let authority = head.authority().expect("the configured one");
        assert!(text.contains(authority.as_str()));
        assert!(text.starts_with(origin.scheme().as_str()));
    }
    usable(told(AuthKey::default().header(text)));
    usable(told(AuthKey::default().scheme_word(text)));
    usable(told(AuthKey::default().identifier(text)));
    usable(told(HmacAuth::sha1().header(text)));
    usable(told(HmacAuth::sha1().base_path(text)));

    if let Some(authority) = Authority::parse(text) {
        assert_eq!(authority.as_str(), text);
        assert!(text.starts_with(authority.host()));
    }
    if let Some(id) = SchemeId::from_name(text) {
        assert_eq!(id.name(), text);
    }
    if let Some(id) = KeyId::parse(input) {
        assert_eq!(id.as_str(), text);
    }
    if let Some(time) = Timestamp::parse_imf_fixdate(text) {
        assert_eq!(time.to_string(), text, "a date has one spelling");
    }
}

/// An error says something, and on one line.
fn told<T>(result: Result<T, ConfigError>) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(error) => {
            let sentence = error.to_string();
            assert!(sentence.contains(error.key()), "{sentence}");
            assert!(!sentence.contains('\n'), "{sentence}");
            None
        }
    }
}

/// A scheme under other names still challenges as HTTP has it.
fn usable(scheme: Option<impl Scheme>) {
    if let Some(scheme) = scheme {
        let value = scheme.challenge("api", None);
        challenge::read(value.as_bytes()).expect("a challenge");
    }
}
