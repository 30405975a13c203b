//! Where the key server is.
//!
//! Invariants: no user name and no password; plain `http` only to this machine, unless it was asked
//! for by its name; every path begins with the one that was configured; what is put into a path is
//! one segment of it, whatever is in it.

use std::net::IpAddr;

use countersign_core::ConfigError;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::{Host, Url};

/// The setting, as errors name it.
const KEY: &str = "key-server";

const FIX: &str = "give a URL such as https://keys.example.com, with the path under which the key \
                   server is reached, if any";

/// What stands for itself in a segment (RFC 3986 §2.3).
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Whether plain `http` may leave this machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum PlainHttp {
    #[default]
    LoopbackOnly,
    Anywhere,
}

#[derive(Clone, Debug)]
pub(crate) struct BaseUrl {
    /// Ends with a slash.
    url: Url,
    origin: Box<str>,
}

impl BaseUrl {
    pub(crate) fn parse(text: &str, plain: PlainHttp) -> Result<Self, ConfigError> {
        let mut url =
            Url::parse(text).map_err(|error| unusable(masked(text), format!("{error}; {FIX}")))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(unusable(
                masked(text),
                "leave the user name and the password out; the token is given in a file",
            ));
        }
        if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
            return Err(unusable(masked(text), FIX));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(unusable(
                masked(text),
                "leave out what begins with ? or #; the paths of the API are added to the URL",
            ));
        }
        if url.scheme() == "http" && plain == PlainHttp::LoopbackOnly && !is_loopback(&url) {
            return Err(unusable(
                text.to_owned(),
                "use https://; over http:// everybody on the way can read the secrets and the \
                 token, so it is only for loopback addresses",
            ));
        }
        let path = format!("{}/", url.path().trim_end_matches('/'));
        url.set_path(&path);
        let origin = url.origin().ascii_serialization().into();
        Ok(Self { url, origin })
    }

    /// Scheme, host and port.
    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    /// The `Host` of every request: with the port, unless it is that of the scheme.
    pub(crate) fn host(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        match self.url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        }
    }

    /// `path`, which is one of ours, below the base.
    pub(crate) fn below(&self, path: &str) -> Url {
        let mut url = self.url.clone();
        url.set_path(&format!("{}{path}", self.url.path()));
        url
    }

    /// The segment `id` in the folder `path`, and `rest` behind it; `None` for `.` and `..`, which
    /// are no segments however they are written.
    pub(crate) fn item(&self, path: &str, id: &str, rest: &str) -> Option<Url> {
        if matches!(id, "" | "." | "..") {
            return None;
        }
        let id = utf8_percent_encode(id, ENCODED);
        Some(self.below(&format!("{path}/{id}{rest}")))
    }

    /// `url` with these parameters. A blank is written `%20`: to the key server, `+` is itself.
    pub(crate) fn with_query(mut url: Url, parameters: &[(&str, &str)]) -> Url {
        let pairs = parameters
            .iter()
            .map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, ENCODED)));
        let query = pairs.collect::<Vec<_>>().join("&");
        url.set_query(
            Some(&query)
                .filter(|query| !query.is_empty())
                .map(String::as_str),
        );
        url
    }

    /// The origin that an answer's `Location` leads to.
    pub(crate) fn target_of(&self, location: &str) -> Option<String> {
        let target = self.url.join(location).ok()?;
        Some(target.origin().ascii_serialization())
    }
}

fn unusable(value: String, fix: impl Into<String>) -> ConfigError {
    ConfigError::new(KEY, value, fix.into())
}

/// `text` without what may be a password or a token.
fn masked(text: &str) -> String {
    let (scheme, rest) = match text.split_once("://") {
        Some((scheme, rest)) if !scheme.contains([':', '@']) => (Some(scheme), rest),
        _ => (None, text),
    };
    let (hidden, shown) = match rest.rsplit_once('@') {
        Some((_, host)) => ("***@", host),
        None => ("", rest),
    };
    let shown = shown.split(['?', '#']).next().unwrap_or_default();
    let scheme = scheme.map_or_else(String::new, |scheme| format!("{scheme}://"));
    format!("{scheme}{hidden}{shown}")
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).to_canonical().is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(text: &str) -> BaseUrl {
        BaseUrl::parse(text, PlainHttp::LoopbackOnly).unwrap()
    }

    #[test]
    fn a_prefix_is_kept_with_and_without_its_slash() {
        for text in ["https://h/keys", "https://h/keys/", "https://h/keys//"] {
            let url = base(text).below("v1.0/creds");
            assert_eq!(url.as_str(), "https://h/keys/v1.0/creds", "{text}");
        }
        assert_eq!(
            base("https://h").below("readyz").as_str(),
            "https://h/readyz"
        );
    }

    #[test]
    fn the_host_has_its_port_unless_it_is_the_schemes_own() {
        for (url, host) in [
            ("https://Keys.Example.com", "keys.example.com"),
            ("https://keys.example.com:443/p", "keys.example.com"),
            ("https://keys.example.com:80", "keys.example.com:80"),
            ("http://localhost:443", "localhost:443"),
            ("http://127.0.0.1:8070/", "127.0.0.1:8070"),
            ("http://[::1]:8070", "[::1]:8070"),
            ("https://b\u{fc}cher.example", "xn--bcher-kva.example"),
        ] {
            assert_eq!(base(url).host(), host, "{url}");
        }
    }

    #[test]
    fn bad_46_an_id_is_one_segment_whatever_is_in_it() {
        for (id, segment) in [
            ("../../admin", "..%2F..%2Fadmin"),
            ("a/b", "a%2Fb"),
            ("a%2Fb", "a%252Fb"),
            ("?x=1", "%3Fx%3D1"),
            ("#", "%23"),
            ("%2e%2e", "%252e%252e"),
            ("{\"$gt\":\"\"}", "%7B%22%24gt%22%3A%22%22%7D"),
            ("a\\b", "a%5Cb"),
            ("...", "..."),
        ] {
            let url = base("https://h/p").item("v1.0/creds", id, "/rotate");
            let expected = format!("https://h/p/v1.0/creds/{segment}/rotate");
            assert_eq!(url.unwrap().as_str(), expected);
        }
        for id in ["", ".", ".."] {
            assert!(base("https://h").item("v1.0/creds", id, "").is_none());
        }
    }

    #[test]
    fn bad_218_plain_http_is_for_loopback_only() {
        for good in [
            "http://127.0.0.1:8070",
            "http://[::1]:8070",
            "http://localhost",
        ] {
            base(good);
        }
        for bad in [
            "http://10.0.0.1",
            "http://keys.example.com",
            "http://0.0.0.0:8070",
            "http://127.0.0.1.example.com",
        ] {
            let refused = BaseUrl::parse(bad, PlainHttp::LoopbackOnly);
            let refused = refused.unwrap_err().to_string();
            assert!(
                refused.contains("https://") && refused.contains(bad),
                "{refused}"
            );
            assert!(BaseUrl::parse(bad, PlainHttp::Anywhere).is_ok());
        }
    }

    #[test]
    fn a_url_with_a_password_is_refused_without_showing_it() {
        for bad in [
            "https://u:hunter2@h",
            "https://hunter2@h/p",
            "https://u:hunter2@:x",
            "u:hunter2@h",
            "https://h/?token=hunter2",
            "https://u:hunter2@h/?a=b@c",
            "https://hunter2?x@h",
            "https:u:hunter2@://h:x",
            "h?hunter2",
        ] {
            let refused = BaseUrl::parse(bad, PlainHttp::Anywhere).unwrap_err();
            let refused = refused.to_string();
            assert!(!refused.contains("hunter2"), "{refused}");
            assert!(refused.starts_with("key-server = "), "{refused}");
        }
    }

    #[test]
    fn what_is_no_http_url_is_refused_with_an_example() {
        for bad in [
            "",
            "keys",
            "ftp://h",
            "127.0.0.1:8070",
            "https://",
            "file:///etc",
        ] {
            let refused = BaseUrl::parse(bad, PlainHttp::Anywhere).unwrap_err();
            assert!(refused.to_string().contains("https://keys.example.com"));
        }
    }
}
