//! What differs between the message a client sends and the one an upstream gets.

use http::header::{COOKIE, EXPECT, HOST, HeaderMap, HeaderName, HeaderValue, TRAILER};
use http::{Request, Version};

use crate::problem::Problem;

/// HTTP demands one `Host` (RFC 9112 §3.2), or an authority in its place under HTTP/2. Checked
/// here too, since a gateway that only reports passes requests that the layer would refuse.
pub(crate) fn check_host<B>(request: &Request<B>) -> Result<(), Problem> {
    let hosts = request.headers().get_all(HOST).iter().count();
    let named = request.uri().authority().is_some();
    let enough = match request.version() {
        Version::HTTP_09 | Version::HTTP_10 => true,
        Version::HTTP_11 => hosts > 0,
        _ => hosts > 0 || named,
    };
    if hosts > 1 || !enough {
        return Err(Problem::InvalidHost);
    }
    Ok(())
}

/// Gives the request the `Host` it was meant for: that of the target where the target has one
/// (HTTP/2, and absolute targets under HTTP/1.1, where it counts more than the header).
pub(super) fn own_host<B>(request: &mut Request<B>) {
    let Some(authority) = request.uri().authority() else {
        return;
    };
    let text = authority.as_str();
    let host = text.rsplit_once('@').map_or(text, |(_, host)| host);
    if let Ok(host) = HeaderValue::try_from(host) {
        request.headers_mut().insert(HOST, host);
    }
}

/// HTTP/2 may split cookies over several fields; before HTTP/1.1 they are joined (RFC 9113
/// §8.2.3).
pub(super) fn join_cookies(headers: &mut HeaderMap) {
    if headers.get_all(COOKIE).iter().nth(1).is_none() {
        return;
    }
    let values: Vec<&[u8]> = headers
        .get_all(COOKIE)
        .iter()
        .map(HeaderValue::as_bytes)
        .collect();
    if let Ok(joined) = HeaderValue::from_bytes(&values.join(&b"; "[..])) {
        headers.insert(COOKIE, joined);
    }
}

/// Takes off what this gateway has answered itself: an expectation, by reading the body, and
/// trailers, which no scheme signs and the layer drops.
pub(super) fn remove_answered(headers: &mut HeaderMap) {
    const ANSWERED: [HeaderName; 2] = [EXPECT, TRAILER];
    for name in ANSWERED {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(version: Version, uri: &str, hosts: &[&'static str]) -> Request<()> {
        let mut request = Request::new(());
        *request.version_mut() = version;
        *request.uri_mut() = uri.parse().unwrap();
        for &host in hosts {
            request
                .headers_mut()
                .append(HOST, HeaderValue::from_static(host));
        }
        request
    }

    #[test]
    fn bad_127_exactly_one_host_is_demanded() {
        let refused = |version, uri, hosts: &[&'static str]| {
            check_host(&request(version, uri, hosts)).is_err()
        };
        assert!(refused(Version::HTTP_11, "/", &[]));
        assert!(refused(Version::HTTP_11, "/", &["a", "a"]));
        assert!(refused(Version::HTTP_2, "/", &[]));
        assert!(!refused(Version::HTTP_2, "http://a/", &[]));
        assert!(!refused(Version::HTTP_11, "/", &["a"]));
        assert!(!refused(Version::HTTP_10, "/", &[]));
    }

    #[test]
    fn the_host_of_the_target_counts_and_never_its_user() {
        let mut request = request(Version::HTTP_11, "http://me@good:81/x", &["evil"]);
        own_host(&mut request);
        assert_eq!(request.headers()[HOST], "good:81");
    }

    #[test]
    fn split_cookies_become_one() {
        let mut headers = HeaderMap::new();
        for value in ["a=1", "b=2"] {
            headers.append(COOKIE, HeaderValue::from_static(value));
        }
        join_cookies(&mut headers);
        assert_eq!(
            headers.get_all(COOKIE).iter().collect::<Vec<_>>(),
            ["a=1; b=2"]
        );
    }
}
