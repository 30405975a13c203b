//! The head of a request as the schemes see it: borrowed, unnormalised, and already bounded.
//!
//! Invariants: the target is the raw text from the request line, never decoded and never
//! normalised. There is exactly one authority, or none where HTTP allows that; a `Host` that is
//! repeated, unreadable or different from the target's authority never gets past [`Head::new`].
//! Forwarded headers (`X-Forwarded-*`, `Forwarded`, `X-Original-URI`) are not looked at.

use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::{Method, Uri, Version};

mod authority;
mod picked;

pub use self::authority::Authority;
pub(crate) use self::picked::Picked;
use self::picked::pick;
use crate::config::ConfigError;
use crate::reason::{Field, Reason, Refusal};

/// The URL scheme the client sees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UrlScheme {
    /// Plain HTTP, default port 80.
    #[default]
    Http,
    /// HTTP over TLS, default port 443.
    Https,
}

impl UrlScheme {
    /// `http` or `https`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    /// 80 or 443.
    pub const fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// Where the service is reached from outside: what schemes that sign a host or an absolute URL
/// take for it.
///
/// Without a public base URL the authority is the one the client sent; with one, it is the
/// configured one, whatever the client or a proxy wrote into `Host`.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    scheme: UrlScheme,
    authority: Option<Box<str>>,
}

impl Origin {
    /// Reached over `scheme`, under whichever authority the client sends.
    pub fn served_over(scheme: UrlScheme) -> Self {
        Self {
            scheme,
            authority: None,
        }
    }

    /// Reached under `url`, such as `https://api.example.org`.
    ///
    /// # Errors
    /// When it is not an absolute `http` or `https` URL, or has a path, a query or user
    /// information: only scheme, host and port are taken from it.
    pub fn public_base_url(url: &str) -> Result<Self, ConfigError> {
        let unusable = |fix| ConfigError::new("public_base_url", url.to_owned(), fix);
        let (scheme, rest) = if let Some(rest) = url.strip_prefix("https://") {
            (UrlScheme::Https, rest)
        } else if let Some(rest) = url.strip_prefix("http://") {
            (UrlScheme::Http, rest)
        } else {
            return Err(unusable(
                "begin with http:// or https://, as in https://api.example.org",
            ));
        };
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        if Authority::parse(authority).is_none() {
            return Err(unusable(
                "give scheme, host and port only, as in https://api.example.org:8443; a path that \
                 a proxy strips is restored with KeepTarget or base_path",
            ));
        }
        Ok(Self {
            scheme,
            authority: Some(authority.into()),
        })
    }

    /// Reached as `target`, an absolute URL, says; over plain HTTP when it is not absolute.
    pub(crate) fn of_target(target: &Uri) -> Self {
        let tls = target.scheme() == Some(&http::uri::Scheme::HTTPS);
        Self::served_over(if tls {
            UrlScheme::Https
        } else {
            UrlScheme::Http
        })
    }

    /// The URL scheme.
    pub fn scheme(&self) -> UrlScheme {
        self.scheme
    }
}

/// The head of a request: everything a scheme may sign, except the body.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    method: &'a Method,
    target: &'a Uri,
    authority: Option<Authority<'a>>,
    scheme: UrlScheme,
    headers: &'a HeaderMap,
}

impl<'a> Head<'a> {
    /// The head of a request that was received.
    ///
    /// `target` is the original target, before any router rewrote it.
    ///
    /// # Errors
    /// [`Reason::InvalidTarget`] when `Host` is missing where HTTP demands it (any version from
    /// 1.1 on), empty, unreadable, or differs from the authority in the target, or when the target
    /// is a bare authority, which only `CONNECT` may send and which would sign like `/`; and
    /// [`Reason::DuplicateHeader`] when it is repeated.
    // With its parts it is inlined: to hand the results on took 110 of 330 instructions.
    #[inline]
    pub fn new(
        method: &'a Method,
        target: &'a Uri,
        version: Version,
        headers: &'a HeaderMap,
        origin: &'a Origin,
    ) -> Result<Self, Refusal> {
        let received = authority(target, headers)?;
        if target.path().is_empty() && method != Method::CONNECT {
            return Err(Refusal::new(Reason::InvalidTarget)
                .field(Field::Target)
                .detail("The request target has no path; send one that begins with a slash."));
        }
        if received.is_none() && version >= Version::HTTP_11 {
            return Err(invalid_host(
                "The request has no Host; every HTTP/1.1 request needs one.",
            ));
        }
        Ok(Self::assemble(method, target, headers, origin, received))
    }

    /// The head of a request that is about to be signed and sent; its `Host` may still be missing,
    /// as HTTP clients add it from the target.
    ///
    /// # Errors
    /// As [`Head::new`], save for the missing `Host`.
    pub fn outgoing(
        method: &'a Method,
        target: &'a Uri,
        headers: &'a HeaderMap,
        origin: &'a Origin,
    ) -> Result<Self, Refusal> {
        let given = authority(target, headers)?;
        Ok(Self::assemble(method, target, headers, origin, given))
    }

    #[inline]
    fn assemble(
        method: &'a Method,
        target: &'a Uri,
        headers: &'a HeaderMap,
        origin: &'a Origin,
        sent: Option<Authority<'a>>,
    ) -> Self {
        let authority = match &origin.authority {
            Some(public) => Authority::parse(public),
            None => sent,
        };
        Self {
            method,
            target,
            authority,
            scheme: origin.scheme,
            headers,
        }
    }

    /// The method, as sent: `get` is not `GET`.
    pub const fn method(&self) -> &'a Method {
        self.method
    }

    /// The raw path; `/` if empty.
    pub fn path(&self) -> &'a str {
        match self.target.path() {
            "" => "/",
            path => path,
        }
    }

    /// The raw query without its `?`; `None` is not the same as an empty one.
    pub fn query(&self) -> Option<&'a str> {
        self.target.query()
    }

    /// Host and port, from the public base URL where one is configured, else as sent.
    pub const fn authority(&self) -> Option<Authority<'a>> {
        self.authority
    }

    /// The URL scheme the client sees.
    pub const fn url_scheme(&self) -> UrlScheme {
        self.scheme
    }

    /// All headers.
    pub const fn headers(&self) -> &'a HeaderMap {
        self.headers
    }

    /// Finds several headers in one pass over all: asking the map costs as much for each name as
    /// this does for four, since it hashes byte by byte (50 ns for a name of 18).
    #[inline]
    pub(crate) fn pick<const N: usize>(&self, names: [&HeaderName; N]) -> [Picked<'a>; N] {
        pick(self.headers, names)
    }

    /// The value of a header that may be sent once only, trimmed; `None` when it is absent.
    ///
    /// # Errors
    /// [`Reason::DuplicateHeader`] when it is repeated, whatever the values.
    pub fn single(&self, name: &HeaderName, field: Field) -> Result<Option<&'a [u8]>, Refusal> {
        single(self.headers, name, field).map(|value| value.map(|value| trim(value.as_bytes())))
    }
}

#[inline]
fn single<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
    field: Field,
) -> Result<Option<&'a HeaderValue>, Refusal> {
    let mut values = headers.get_all(name).iter();
    let first = values.next();
    if values.next().is_some() {
        return Err(Refusal::new(Reason::DuplicateHeader).field(field));
    }
    Ok(first)
}

#[inline]
fn authority<'a>(
    target: &'a Uri,
    headers: &'a HeaderMap,
) -> Result<Option<Authority<'a>>, Refusal> {
    const UNREADABLE: &str = "The host cannot be read; send a name or address and, if needed, a \
                              port from 1 to 65535.";
    let host = match single(headers, &http::header::HOST, Field::Host)? {
        Some(value) => {
            let text = value.as_bytes();
            Some(Authority::read(text).ok_or_else(|| invalid_host(UNREADABLE))?)
        }
        None => None,
    };
    let Some(in_target) = target.authority() else {
        return Ok(host);
    };
    let in_target = Authority::parse(in_target.as_str()).ok_or_else(|| invalid_host(UNREADABLE))?;
    match host {
        Some(host) if !host.text.eq_ignore_ascii_case(in_target.text) => Err(invalid_host(
            "The host of the request target and the Host header differ; send the same in both.",
        )),
        Some(host) => Ok(Some(host)),
        None => Ok(Some(in_target)),
    }
}

fn invalid_host(detail: &'static str) -> Refusal {
    Refusal::new(Reason::InvalidTarget)
        .field(Field::Host)
        .detail(detail)
}

/// Without the blanks and tabs at both ends.
#[inline]
pub(crate) fn trim(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head_error(uri: &str, version: Version, hosts: &[&str]) -> Option<Reason> {
        let uri: Uri = uri.parse().unwrap();
        let mut headers = HeaderMap::new();
        for host in hosts {
            headers.append("host", HeaderValue::from_bytes(host.as_bytes()).unwrap());
        }
        let origin = Origin::default();
        let result = Head::new(&Method::GET, &uri, version, &headers, &origin);
        result.err().map(|refusal| refusal.reason())
    }

    #[test]
    fn bad_127_a_missing_empty_or_repeated_host_is_refused() {
        let v11 = Version::HTTP_11;
        assert_eq!(head_error("/", v11, &[]), Some(Reason::InvalidTarget));
        assert_eq!(head_error("/", v11, &[""]), Some(Reason::InvalidTarget));
        assert_eq!(
            head_error("/", v11, &["a", "a"]),
            Some(Reason::DuplicateHeader)
        );
        assert_eq!(head_error("/", Version::HTTP_10, &[]), None);
        assert_eq!(head_error("/", v11, &["a"]), None);
    }

    #[test]
    fn bad_128_a_host_with_anything_but_host_and_port_is_refused() {
        for host in [
            "evil@good:80",
            "good:80?x",
            "good:80#x",
            "good/x",
            "good :80",
            "good:0",
            "good:65536",
            "good:abc",
            "good:",
            ":80",
            "good:+80",
            "a:b:c",
            "[::1",
            "[::1]x",
            "[zz]",
            "g\u{f6}od",
            "good,evil",
            "good%00",
        ] {
            assert_eq!(Authority::parse(host), None, "{host:?}");
        }
        for host in [
            "good",
            "GOOD.example:80",
            "10.0.0.1:65535",
            "[::1]",
            "[::1]:8080",
            "a_b",
        ] {
            assert!(Authority::parse(host).is_some(), "{host:?}");
        }
    }

    #[test]
    fn bad_120_an_absolute_target_must_name_the_same_host() {
        let v11 = Version::HTTP_11;
        assert_eq!(
            head_error("http://evil/a", v11, &["good"]),
            Some(Reason::InvalidTarget)
        );
        assert_eq!(head_error("http://Good/a", v11, &["good"]), None);
        assert_eq!(head_error("http://good/a", Version::HTTP_2, &[]), None);
        assert_eq!(
            head_error("http://u@good/a", v11, &["good"]),
            Some(Reason::InvalidTarget)
        );
    }

    #[test]
    fn bad_121_a_bare_authority_is_for_connect_only() {
        let uri: Uri = "h:443".parse().unwrap();
        let (headers, origin) = (HeaderMap::new(), Origin::default());
        let head = |method| Head::new(method, &uri, Version::HTTP_11, &headers, &origin);
        assert_eq!(
            head(&Method::GET).unwrap_err().reason(),
            Reason::InvalidTarget
        );
        assert_eq!(head(&Method::CONNECT).unwrap().path(), "/");
        assert_eq!(head_error("http://h", Version::HTTP_2, &[]), None);
    }

    #[test]
    fn the_public_base_url_wins_over_the_host_sent() {
        let origin = Origin::public_base_url("https://api.example.org:8443/").unwrap();
        let uri: Uri = "/x?y".parse().unwrap();
        let headers = HeaderMap::from_iter([(http::header::HOST, "10.0.0.1".parse().unwrap())]);
        let head = Head::new(&Method::GET, &uri, Version::HTTP_11, &headers, &origin).unwrap();
        assert_eq!(head.authority().unwrap().host(), "api.example.org");
        assert_eq!(head.authority().unwrap().port(), Some(8443));
        assert_eq!(head.url_scheme(), UrlScheme::Https);
    }

    #[test]
    fn an_unusable_public_base_url_is_refused_with_the_fix() {
        for url in [
            "api.example.org",
            "ftp://x",
            "https://",
            "https://x/p",
            "https://u@x",
        ] {
            let error = Origin::public_base_url(url).unwrap_err().to_string();
            assert!(error.contains("https://api.example.org"), "{error}");
        }
    }

    #[test]
    fn blanks_and_tabs_are_trimmed_at_the_ends_only() {
        assert_eq!(trim(b" \ta \t b\t "), b"a \t b");
        assert_eq!(trim(b" \t "), b"");
        assert_eq!(trim(b""), b"");
    }
}
