//! The ways in which proxies describe the original request.

use std::str::FromStr;

use countersign::{ConfigError, UrlScheme};
use http::{HeaderMap, HeaderName, Request};

/// How the proxy that asks describes the original request.
///
/// | | method | target | host | scheme | body |
/// |---|---|---|---|---|---|
/// | [`Original`](Convention::Original) (nginx) | `X-Original-Method` | `X-Original-URI` | `Host` | as configured | `X-Original-Content-Length`, `X-Original-Transfer-Encoding` |
/// | [`Forwarded`](Convention::Forwarded) (Traefik, Caddy) | `X-Forwarded-Method` | `X-Forwarded-Uri` | `X-Forwarded-Host`, else `Host` | `X-Forwarded-Proto` | `Content-Length`, `Transfer-Encoding`, or `X-Original-…` as above |
///
/// The proxy must set every one of them itself: one that it passes on is the client's word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Convention {
    /// Whichever of the two the request follows; a request that follows both is refused, since
    /// one of them is then the client's.
    #[default]
    Detect,
    /// nginx's `auth_request`, as configured in this crate's documentation.
    Original,
    /// Traefik's `forwardAuth` and Caddy's `forward_auth`.
    Forwarded,
}

impl FromStr for Convention {
    type Err = ConfigError;

    fn from_str(word: &str) -> Result<Self, ConfigError> {
        match word {
            "detect" => Ok(Self::Detect),
            "nginx" | "original" => Ok(Self::Original),
            "traefik" | "caddy" | "forwarded" => Ok(Self::Forwarded),
            _ => Err(ConfigError::new(
                "forward-auth-convention",
                word.to_owned(),
                "use detect, nginx, traefik or caddy",
            )),
        }
    }
}

/// The convention a request follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    Original,
    Forwarded,
    /// None that could be told: answered as nginx needs it, which the others take as well.
    Unknown,
}

/// The original request.
#[derive(Debug)]
pub(crate) struct Described {
    pub(crate) request: Request<()>,
    pub(crate) over: UrlScheme,
    pub(crate) dialect: Dialect,
}

pub(super) const ORIGINAL_METHOD: HeaderName = HeaderName::from_static("x-original-method");
pub(super) const ORIGINAL_URI: HeaderName = HeaderName::from_static("x-original-uri");
pub(super) const FORWARDED_METHOD: HeaderName = HeaderName::from_static("x-forwarded-method");
pub(super) const FORWARDED_URI: HeaderName = HeaderName::from_static("x-forwarded-uri");

impl Convention {
    /// What the request follows; `None` when it follows none or both.
    pub(super) fn dialect(self, headers: &HeaderMap) -> Option<Dialect> {
        let has = |names: [&HeaderName; 2]| names.iter().any(|name| headers.contains_key(*name));
        let original = has([&ORIGINAL_METHOD, &ORIGINAL_URI]);
        let forwarded = has([&FORWARDED_METHOD, &FORWARDED_URI]);
        match (self, original, forwarded) {
            (Self::Original, true, _) | (Self::Detect, true, false) => Some(Dialect::Original),
            (Self::Forwarded, _, true) | (Self::Detect, false, true) => Some(Dialect::Forwarded),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(names: &[&'static str]) -> HeaderMap {
        let one = HeaderValue::from_static("/");
        names
            .iter()
            .map(|&name| (HeaderName::from_static(name), one.clone()))
            .collect()
    }

    #[test]
    fn two_descriptions_at_once_are_none() {
        let both = headers(&["x-original-uri", "x-forwarded-uri"]);
        assert_eq!(Convention::Detect.dialect(&both), None);
        assert_eq!(Convention::Original.dialect(&both), Some(Dialect::Original));
        assert_eq!(
            Convention::Forwarded.dialect(&both),
            Some(Dialect::Forwarded)
        );
        assert_eq!(Convention::Detect.dialect(&headers(&[])), None);
    }

    #[test]
    fn a_convention_that_was_chosen_ignores_the_other() {
        let nginx = headers(&["x-original-uri", "x-original-method"]);
        assert_eq!(Convention::Detect.dialect(&nginx), Some(Dialect::Original));
        assert_eq!(Convention::Forwarded.dialect(&nginx), None);
    }

    #[test]
    fn conventions_go_by_the_names_of_their_proxies() {
        assert_eq!("nginx".parse::<Convention>().unwrap(), Convention::Original);
        assert_eq!(
            "caddy".parse::<Convention>().unwrap(),
            Convention::Forwarded
        );
        let error = "envoy".parse::<Convention>().unwrap_err().to_string();
        assert!(
            error.contains("traefik") && error.contains("\"envoy\""),
            "{error}"
        );
    }
}
