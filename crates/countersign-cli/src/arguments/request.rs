//! The request to sign: method, URL, headers and body.

use std::path::Path;

use clap::Args;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};

use super::standard_input;
use crate::failure::Failure;

/// The largest body: signing needs all of it in memory.
const MAX_BODY: usize = 256 << 20;

/// What is to be sent.
#[derive(Args, Clone, Debug)]
pub(crate) struct RequestArguments {
    /// Add this header; repeatable
    #[arg(short = 'H', long, value_name = "N: v")]
    header: Vec<String>,

    /// The body: DATA itself, @FILE, or @- for standard input
    #[arg(short, long, value_name = "DATA", allow_hyphen_values = true)]
    data: Option<String>,

    /// The method, such as GET
    #[arg(value_name = "METHOD")]
    method: String,

    /// The absolute URL, signed byte for byte as it is written here
    #[arg(value_name = "URL")]
    url: String,
}

/// What is to be sent, read and checked.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) target: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl RequestArguments {
    /// Whether the body is read from standard input.
    pub(crate) fn is_standard_input(&self) -> bool {
        self.data.as_deref() == Some("@-")
    }

    /// Reads it.
    pub(crate) fn read(&self) -> Result<Request, Failure> {
        let method = self.method.parse().map_err(|_| {
            Failure::unusable("METHOD", &self.method, "use a method, such as GET or POST")
        })?;
        let mut headers = HeaderMap::new();
        for header in &self.header {
            let (name, value) = parse_header(header)?;
            headers.append(name, value);
        }
        Ok(Request {
            method,
            target: parse_url(&self.url)?,
            headers,
            body: self.body()?,
        })
    }

    fn body(&self) -> Result<Vec<u8>, Failure> {
        match &self.data {
            None => Ok(Vec::new()),
            Some(data) => match data.strip_prefix('@') {
                None => Ok(data.clone().into_bytes()),
                Some(path) => {
                    let bytes = standard_input::read(Path::new(path), "-d @FILE", MAX_BODY)?;
                    Ok(bytes.to_vec())
                }
            },
        }
    }
}

/// Reads `Name: value`.
pub(crate) fn parse_header(text: &str) -> Result<(HeaderName, HeaderValue), Failure> {
    let name = text.split(':').next().unwrap_or_default();
    // The value may be a credential, so only the name is shown.
    let unusable = || Failure::unusable("-H", name, "write a header as 'Name: value'");
    let (name, value) = text.split_once(':').ok_or_else(unusable)?;
    let name = name.trim().parse().map_err(|_| unusable())?;
    let value = HeaderValue::from_bytes(value.trim_matches([' ', '\t']).as_bytes())
        .map_err(|_| unusable())?;
    Ok((name, value))
}

/// Reads an absolute `http` or `https` URL without changing a byte of it.
pub(crate) fn parse_url(text: &str) -> Result<Uri, Failure> {
    const FIX: &str = "write an absolute URL, as in https://api.example.org/users?page=2, with \
                       blanks and other special characters percent-encoded";
    let unusable = |fix: &str| Failure::unusable("URL", &without_password(text), fix);
    if text.contains('#') {
        return Err(unusable("leave out the fragment (#...): it is never sent"));
    }
    let target: Uri = text.parse().map_err(|_| unusable(FIX))?;
    let known = matches!(target.scheme_str(), Some("http" | "https"));
    let Some(authority) = target.authority().filter(|_| known) else {
        return Err(unusable(FIX));
    };
    if authority.as_str().contains('@') {
        return Err(unusable(
            "leave out user name and password: arguments are seen by every user of the machine",
        ));
    }
    Ok(target)
}

/// `url` without user name and password, also where it is none yet: a mistake in a URL must not show
/// what it hides, so that only a URL in its usual form keeps an `@` with a colon before it.
pub(crate) fn without_password(url: &str) -> String {
    let is_scheme = |text: &str| {
        text.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    };
    let (scheme, rest) = match url.split_once("://") {
        Some((scheme, rest)) if is_scheme(scheme) => (Some(scheme), rest),
        _ => (None, url),
    };
    let hidden_to = match scheme {
        // An @ behind the host is no sign of a password.
        Some("http" | "https") if begins_with_host(rest) => None,
        Some("http" | "https") => rest
            .match_indices('@')
            .find(|(at, _)| {
                rest.get(at.saturating_add(1)..)
                    .is_some_and(begins_with_host)
            })
            .map(|(at, _)| at)
            .or_else(|| rest.rfind('@')),
        // No path of a store has an @, and passwords are often pasted without escaping.
        Some(_) => rest.rfind('@'),
        None => rest
            .rfind('@')
            .filter(|at| rest.find(':').is_some_and(|colon| colon < *at)),
    };
    let Some(shown) = hidden_to.and_then(|at| rest.get(at..)) else {
        return url.to_owned();
    };
    let scheme = scheme.map_or_else(String::new, |scheme| format!("{scheme}://"));
    format!("{scheme}***{shown}")
}

/// Whether what follows `://` is a host, with a port or without, up to its path, query or fragment.
fn begins_with_host(rest: &str) -> bool {
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    countersign::Authority::parse(authority).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_kept_as_written() {
        for url in [
            "http://h/a//b/../c?x=%41&y=+&&",
            "https://H.Example:443/",
            "http://[::1]:8000/?",
            "http://h",
        ] {
            let target = parse_url(url).unwrap();
            let written = target.to_string();
            assert_eq!(
                written.strip_suffix('/').unwrap_or(&written),
                url.strip_suffix('/').unwrap_or(url)
            );
        }
    }

    #[test]
    fn unusable_urls_are_refused_without_showing_a_password() {
        for url in [
            "/a",
            "ftp://h/",
            "h",
            "http://h/a b",
            "http://",
            "http://h/#x",
            "http://u:hunter2@h/",
            "u:hunter2@h/",
            "http:/u:hunter2@h/",
            "http:///u:hunter2@h/",
            "htt p:\n//u:hunter2@h/",
            "htt\np://u/:hunter2@h/",
            "h:u:hunter2@://h/",
        ] {
            let sentence = parse_url(url).unwrap_err().to_string();
            assert!(
                sentence.starts_with("URL = ") && !sentence.contains("hunter2"),
                "{sentence}"
            );
        }
    }

    #[test]
    fn a_header_has_a_colon_and_a_name() {
        let (name, value) = parse_header("X-A:  b: c ").unwrap();
        assert_eq!((name.as_str(), value.to_str().unwrap()), ("x-a", "b: c"));
        for bad in ["", "x", ": v", "a b: c", "a: b\nc: d"] {
            assert!(parse_header(bad).is_err(), "{bad:?}");
        }
    }
}
