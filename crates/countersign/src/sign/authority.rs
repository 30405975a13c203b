//! Which host a request is for: what the client will send, and so what must be signed.
//!
//! Invariant: the host that is signed is, letter for letter, the one in `Host` or `:authority`
//! when the request leaves: it is written back into the request, in lower case and without the
//! default port, before anything is signed.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, Ipv6Addr};

use countersign_core::{Authority, ConfigError, Origin, UrlScheme};
use http::header::HOST;
use http::uri::Scheme;
use http::{HeaderValue, Method, Uri, request};

use super::error::{CallError, CallErrorKind};

/// Whether a `Host` header may name another host than the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OtherHost {
    Refused,
    Allowed,
}

/// Where a request goes.
#[derive(Debug)]
pub(super) struct Destination {
    scheme: UrlScheme,
    /// The host in the target, which the client connects to.
    target: Option<String>,
    /// That of the `Host` header.
    host: Option<String>,
}

impl Destination {
    /// Where a request with this head goes. `default` is the URL scheme of targets that name none.
    pub(super) fn of(
        parts: &request::Parts,
        default: UrlScheme,
        other_host: OtherHost,
    ) -> Result<Self, CallError> {
        if parts.method == Method::CONNECT {
            return Err(refused(
                "no scheme signs CONNECT; sign the requests that go through the tunnel",
            ));
        }
        let scheme = match parts.uri.scheme() {
            Some(scheme) if *scheme == Scheme::HTTPS => UrlScheme::Https,
            Some(_) => UrlScheme::Http,
            None => default,
        };
        let target = match parts.uri.authority() {
            Some(authority) => Some(normalised(authority.as_str(), scheme).ok_or_else(|| {
                refused(
                    "the host in its target is no plain host and port; leave out user names and \
                     passwords",
                )
            })?),
            None => None,
        };
        let mut hosts = parts.headers.get_all(HOST).iter();
        let host = match (hosts.next(), hosts.next()) {
            (None, _) => None,
            (Some(host), None) => {
                let host = host.to_str().ok();
                let host = host.and_then(|host| normalised(host, scheme));
                Some(host.ok_or_else(|| refused("its Host header is no host and port"))?)
            }
            (Some(_), Some(_)) => return Err(refused("it has more than one Host header")),
        };
        let differ = matches!((&target, &host), (Some(one), Some(other)) if one != other);
        if differ && other_host == OtherHost::Refused {
            return Err(refused(
                "its Host header names another host than its target; leave the header out, or \
                 allow it with SignLayer::allow_other_host",
            ));
        }
        Ok(Self {
            scheme,
            target,
            host,
        })
    }

    /// The host that is connected to.
    pub(super) fn connected(&self) -> Option<&str> {
        self.target.as_deref().or(self.host.as_deref())
    }

    /// `https://api.example.org`; only the scheme when the request names no host.
    pub(super) fn url(&self) -> String {
        let host = self.connected().unwrap_or_default();
        format!("{}://{host}", self.scheme.as_str())
    }

    /// What the service will take for its own address.
    pub(super) fn origin(&self) -> Result<Origin, CallError> {
        let Some(host) = self.host.as_deref().or(self.target.as_deref()) else {
            return Ok(Origin::served_over(self.scheme));
        };
        Origin::public_base_url(&format!("{}://{host}", self.scheme.as_str()))
            .map_err(|_| refused("its host cannot be signed"))
    }

    /// Whether nobody between here and there can have written the answer.
    pub(super) fn is_private(&self) -> bool {
        self.scheme == UrlScheme::Https || self.connected().is_some_and(is_loopback)
    }

    /// Makes the head name the host as it is signed.
    pub(super) fn write_into(&self, parts: &mut request::Parts) -> Result<(), CallError> {
        let unwritable = || refused("its host cannot be written as it has to be signed");
        if let (Some(target), Some(sent)) = (&self.target, parts.uri.authority())
            && target != sent.as_str()
        {
            let mut uri = parts.uri.clone().into_parts();
            uri.authority = Some(target.parse().map_err(|_| unwritable())?);
            parts.uri = Uri::from_parts(uri).map_err(|_| unwritable())?;
        }
        if let Some(host) = &self.host {
            let value = HeaderValue::from_str(host).map_err(|_| unwritable())?;
            parts.headers.insert(HOST, value);
        }
        Ok(())
    }
}

/// The hosts that get signed requests.
#[derive(Clone, Debug)]
pub(super) struct AllowList(Box<[Entry]>);

#[derive(Clone, Debug)]
struct Entry {
    scheme: Option<UrlScheme>,
    authority: Box<str>,
}

impl AllowList {
    pub(super) fn new<T: AsRef<str>>(
        entries: impl IntoIterator<Item = T>,
    ) -> Result<Self, ConfigError> {
        let entries = entries
            .into_iter()
            .map(|entry| Entry::parse(entry.as_ref()));
        let entries = entries.collect::<Result<Box<[_]>, _>>()?;
        if entries.is_empty() {
            return Err(ConfigError::new(
                "for_authorities",
                "none",
                "name at least one host, as in https://api.example.org",
            ));
        }
        Ok(Self(entries))
    }

    /// Whether the host that `destination` connects to is one of them.
    pub(super) fn includes(&self, destination: &Destination) -> bool {
        self.0.iter().any(|entry| {
            let scheme = entry
                .scheme
                .is_none_or(|scheme| scheme == destination.scheme);
            scheme
                && normalised(&entry.authority, destination.scheme).as_deref()
                    == destination.connected()
        })
    }
}

impl Entry {
    fn parse(text: &str) -> Result<Self, ConfigError> {
        let (scheme, authority) = if let Some(rest) = text.strip_prefix("https://") {
            (Some(UrlScheme::Https), rest)
        } else if let Some(rest) = text.strip_prefix("http://") {
            (Some(UrlScheme::Http), rest)
        } else {
            (None, text)
        };
        let authority = authority.strip_suffix('/').unwrap_or(authority);
        if Authority::parse(authority).is_none() {
            return Err(ConfigError::new(
                "for_authorities",
                text.to_owned(),
                "give host and port only, as in api.example.org:8443, with https:// before it \
                 when it must be TLS",
            ));
        }
        Ok(Self {
            scheme,
            authority: authority.into(),
        })
    }
}

/// In lower case and without the default port; `None` when it is no host and port.
fn normalised(authority: &str, scheme: UrlScheme) -> Option<String> {
    let authority = Authority::parse(authority)?;
    let mut text = authority.host().to_ascii_lowercase();
    if let Some(port) = authority
        .port()
        .filter(|port| *port != scheme.default_port())
    {
        let _ = write!(text, ":{port}");
    }
    Some(text)
}

fn is_loopback(authority: &str) -> bool {
    let host = Authority::parse(authority).map_or("", |authority| authority.host());
    let v6 = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    host == "localhost"
        || host.parse().is_ok_and(|v4: Ipv4Addr| v4.is_loopback())
        || v6.is_some_and(|v6| v6.parse().is_ok_and(|v6: Ipv6Addr| v6.is_loopback()))
}

fn refused(why: &str) -> CallError {
    CallError::new(
        CallErrorKind::Authority,
        format!("the request was not sent: {why}"),
    )
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn head(uri: &str, hosts: &[&str]) -> request::Parts {
        let mut request = Request::get(uri);
        for host in hosts {
            request = request.header(HOST, *host);
        }
        request.body(()).unwrap().into_parts().0
    }

    fn destination(uri: &str, hosts: &[&str]) -> Result<Destination, CallError> {
        Destination::of(&head(uri, hosts), UrlScheme::Http, OtherHost::Refused)
    }

    #[test]
    fn the_request_leaves_with_the_host_that_is_signed() {
        for (uri, host, uri_sent, host_sent) in [
            (
                "http://API.Example.org:80/a?b",
                None,
                "http://api.example.org/a?b",
                None,
            ),
            ("https://h:80/", None, "https://h:80/", None),
            ("https://h:443", None, "https://h/", None),
            ("http://[::FFFF:1]:80/", None, "http://[::ffff:1]/", None),
            ("/a", Some("H:80"), "/a", Some("h")),
            ("http://H/a", Some("h:80"), "http://h/a", Some("h")),
            ("*", Some("h:8080"), "*", Some("h:8080")),
        ] {
            let mut parts = head(uri, &Vec::from_iter(host));
            let found = Destination::of(&parts, UrlScheme::Http, OtherHost::Refused).unwrap();
            found.write_into(&mut parts).unwrap();
            assert_eq!(parts.uri.to_string(), uri_sent);
            let sent = parts.headers.get(HOST).map(|host| host.to_str().unwrap());
            assert_eq!(sent, host_sent, "{uri}");
        }
    }

    #[test]
    fn bad_127_and_128_an_unclear_host_is_not_signed() {
        for (uri, hosts) in [
            ("http://user:secret@h/", &[][..]),
            ("http://h/", &["other"]),
            ("http://h/", &["h:8080"]),
            ("http://h/", &["h", "h"]),
            ("/", &["h h"]),
            ("/", &[""]),
            ("/", &["evil@good"]),
        ] {
            let error = destination(uri, hosts).unwrap_err();
            assert_eq!(error.kind(), CallErrorKind::Authority, "{uri} {hosts:?}");
            assert!(!error.to_string().contains("secret"), "{error}");
        }
        let mut connect = head("h:443", &[]);
        connect.method = Method::CONNECT;
        let error = Destination::of(&connect, UrlScheme::Http, OtherHost::Refused);
        assert!(error.unwrap_err().to_string().contains("CONNECT"));
    }

    #[test]
    fn another_host_is_signed_when_allowed_but_the_target_is_where_it_goes() {
        let parts = head("http://10.0.0.1/", &["api.example.org"]);
        let found = Destination::of(&parts, UrlScheme::Http, OtherHost::Allowed).unwrap();
        assert_eq!(found.connected(), Some("10.0.0.1"));
        assert!(AllowList::new(["10.0.0.1"]).unwrap().includes(&found));
        assert!(
            !AllowList::new(["api.example.org"])
                .unwrap()
                .includes(&found)
        );
    }

    #[test]
    fn an_entry_with_a_url_scheme_is_for_it_alone() {
        let listed = |entry: &str, uri: &str| {
            let list = AllowList::new([entry]).unwrap();
            list.includes(&destination(uri, &[]).unwrap())
        };
        assert!(listed("h", "http://h/") && listed("h", "https://h:443/"));
        assert!(listed("H:80", "http://h/") && !listed("h:80", "https://h/"));
        assert!(listed("https://h", "https://H/") && !listed("https://h", "http://h/"));
        for other in [
            "http://h:8080/",
            "http://h.evil/",
            "http://xh/",
            "http://h./",
        ] {
            assert!(!listed("h", other), "{other}");
        }
    }

    #[test]
    fn an_unusable_allow_list_is_refused_with_the_fix() {
        for bad in ["", "h/p", "u@h", "ftp://h", "*.example.org"] {
            let error = AllowList::new([bad]).unwrap_err().to_string();
            assert!(error.contains("api.example.org:8443"), "{error}");
        }
        assert!(AllowList::new::<&str>([]).is_err());
    }

    #[test]
    fn only_tls_and_the_loopback_are_private() {
        for (uri, private) in [
            ("https://h/", true),
            ("http://h/", false),
            ("http://localhost:8000/", true),
            ("http://127.9.9.9/", true),
            ("http://[::1]:80/", true),
            ("http://localhost.evil/", false),
            ("http://127.0.0.1.evil/", false),
        ] {
            let found = destination(uri, &[]).unwrap();
            assert_eq!(found.is_private(), private, "{uri}");
        }
    }
}
