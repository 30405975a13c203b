//! Telling the upstream where a request came from.
//!
//! Invariant: the upstream is told what this gateway knows, or what a trusted proxy in front of
//! it knows. What anybody else says about it is taken off, together with the headers by which
//! some frameworks let a caller change the path or the method after it was verified.

use std::net::IpAddr;

use countersign::UrlScheme;
use http::header::{FORWARDED, HeaderMap, HeaderName, HeaderValue};

const FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// Believed from trusted proxies only.
const HEARSAY: [HeaderName; 10] = [
    FOR,
    PROTO,
    FORWARDED_HOST,
    FORWARDED,
    HeaderName::from_static("x-forwarded-port"),
    HeaderName::from_static("x-forwarded-prefix"),
    HeaderName::from_static("x-forwarded-server"),
    HeaderName::from_static("x-forwarded-ssl"),
    HeaderName::from_static("x-real-ip"),
    HeaderName::from_static("x-client-ip"),
];

/// Believed from nobody: the target and the method are those that were verified.
const OVERRIDES: [HeaderName; 6] = [
    HeaderName::from_static("x-original-url"),
    HeaderName::from_static("x-original-uri"),
    HeaderName::from_static("x-original-method"),
    HeaderName::from_static("x-rewrite-url"),
    HeaderName::from_static("x-forwarded-uri"),
    HeaderName::from_static("x-forwarded-method"),
];

/// Where a request came from, as this gateway knows it.
#[derive(Clone, Debug)]
pub(crate) struct Source<'a> {
    pub(crate) peer: IpAddr,
    pub(crate) over: UrlScheme,
    pub(crate) host: Option<&'a HeaderValue>,
}

/// Whether the peer is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Peer {
    Trusted,
    Stranger,
}

/// Writes `X-Forwarded-For`, `-Proto` and `-Host`.
pub(crate) fn write(headers: &mut HeaderMap, source: &Source<'_>, peer: Peer) {
    for name in &OVERRIDES {
        headers.remove(name);
    }
    if peer == Peer::Stranger {
        for name in &HEARSAY {
            headers.remove(name);
        }
    }
    remove_aliases(headers);
    let chain = match joined(headers, &FOR) {
        Some(before) => format!("{before}, {}", source.peer.to_canonical()),
        None => source.peer.to_canonical().to_string(),
    };
    if let Ok(chain) = HeaderValue::try_from(chain) {
        headers.insert(FOR, chain);
    }
    if !headers.contains_key(PROTO) {
        headers.insert(PROTO, HeaderValue::from_static(source.over.as_str()));
    }
    if let Some(host) = source.host
        && !headers.contains_key(FORWARDED_HOST)
    {
        headers.insert(FORWARDED_HOST, host.clone());
    }
}

/// All values of a header as one; `None` when there is none, or one that is not text.
fn joined(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let values: Result<Vec<_>, _> = headers
        .get_all(name)
        .iter()
        .map(HeaderValue::to_str)
        .collect();
    values
        .ok()
        .filter(|values| !values.is_empty())
        .map(|values| values.join(", "))
}

/// Takes off `X_Forwarded_For` and its like, which CGI and WSGI cannot tell from the real ones.
fn remove_aliases(headers: &mut HeaderMap) {
    let aliases: Vec<_> = headers
        .keys()
        .filter(|name| name.as_str().contains('_'))
        .filter(|alias| {
            let meant = alias.as_str().replace('_', "-");
            HEARSAY
                .iter()
                .chain(&OVERRIDES)
                .any(|name| name.as_str() == meant)
        })
        .cloned()
        .collect();
    for alias in aliases {
        headers.remove(alias);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent() -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("x-forwarded-for", "192.0.2.1"),
            ("x-forwarded-for", "192.0.2.2"),
            ("x-forwarded-proto", "https"),
            ("x_forwarded_for", "192.0.2.9"),
            ("forwarded", "for=192.0.2.1"),
            ("x-original-url", "/admin"),
            ("x-rewrite-url", "/admin"),
        ] {
            headers.append(name, HeaderValue::from_static(value));
        }
        headers
    }

    fn written(peer: Peer) -> HeaderMap {
        let mut headers = sent();
        let host = HeaderValue::from_static("api.example.org");
        let source = Source {
            peer: "::ffff:198.51.100.7".parse().unwrap(),
            over: UrlScheme::Http,
            host: Some(&host),
        };
        write(&mut headers, &source, peer);
        headers
    }

    #[test]
    fn bad_124_and_125_a_strangers_word_is_replaced() {
        let headers = written(Peer::Stranger);
        assert_eq!(headers["x-forwarded-for"], "198.51.100.7");
        assert_eq!(headers["x-forwarded-proto"], "http");
        assert_eq!(headers["x-forwarded-host"], "api.example.org");
        assert_eq!(headers.len(), 3);
    }

    #[test]
    fn a_trusted_proxys_word_is_kept_and_added_to_but_changes_no_target() {
        let headers = written(Peer::Trusted);
        let chain = "192.0.2.1, 192.0.2.2, 198.51.100.7";
        assert_eq!(headers["x-forwarded-for"], chain);
        assert_eq!(headers["x-forwarded-proto"], "https");
        assert!(headers.contains_key("forwarded"));
        assert!(
            !headers.contains_key("x-original-url") && !headers.contains_key("x_forwarded_for")
        );
    }
}
