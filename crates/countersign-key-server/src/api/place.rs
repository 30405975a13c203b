//! Where the server is, as callers see it: which `Host` and `Origin` are its own, and what links
//! begin with.
//!
//! On a loopback listener a `Host` that names anything else is refused: a web page can make a
//! browser send such requests by pointing a name of its own at 127.0.0.1 (DNS rebinding). On other
//! listeners tokens keep such pages out, and any `Host` is taken, but believed only where it is
//! the listener's own address.

use std::borrow::Cow;
use std::net::IpAddr;

use http::header::{HOST, ORIGIN};
use http::request::Parts;
use http::uri::Authority;

use super::problem::{Code, Problem};
use super::settings::ApiSettings;

/// Refuses requests that are meant for another server, or come from another one's pages.
pub(super) fn check(settings: &ApiSettings, parts: &Parts) -> Result<(), Problem> {
    // An absolute target and the header can both name a host.
    let hosts = parts.headers.get_all(HOST);
    for host in hosts.iter().map(http::HeaderValue::as_bytes) {
        let host = Authority::try_from(host).map_err(|_| Code::ForeignHost)?;
        refuse_foreign(settings, &host)?;
    }
    if hosts.iter().nth(1).is_some() {
        return Err(Code::ForeignHost.into());
    }
    if let Some(host) = parts.uri.authority() {
        refuse_foreign(settings, host)?;
    }
    for origin in parts.headers.get_all(ORIGIN) {
        if !is_own_origin(settings, parts, origin.as_bytes()) {
            return Err(Code::CrossSite.into());
        }
    }
    Ok(())
}

/// As [`check`], for the agent API: with a list of served names, the host must be one of them, and
/// its pages may call. Signatures are over the host, so there must be one.
pub(super) fn check_for_agents(settings: &ApiSettings, parts: &Parts) -> Result<(), Problem> {
    let host = signed_host(parts).ok_or(Code::ForeignHost)?;
    if settings.agent_hosts.is_empty() {
        return check(settings, parts);
    }
    let served = |host: &str| {
        let mut names = settings.agent_hosts.iter();
        names.any(|name| name.eq_ignore_ascii_case(host))
    };
    if !served(host) {
        return Err(Code::ForeignHost.into());
    }
    for origin in parts.headers.get_all(ORIGIN) {
        let origin = origin.to_str().ok().and_then(|it| it.split_once("://"));
        if !origin.is_some_and(|(_, host)| served(host)) {
            return Err(Code::CrossSite.into());
        }
    }
    Ok(())
}

/// The host as it was sent, which agents sign over, port included; none if two names differ.
pub(super) fn signed_host(parts: &Parts) -> Option<&str> {
    let mut hosts = parts.headers.get_all(HOST).iter();
    let (header, second) = (hosts.next(), hosts.next());
    let header = header.map(|it| it.to_str()).transpose().ok()?;
    let target = parts.uri.authority().map(Authority::as_str);
    match (header, target) {
        _ if second.is_some() => None,
        (Some(header), Some(target)) => (header == target).then_some(header),
        (one, other) => one.or(other),
    }
}

/// What links begin with: the public URL, the address that the caller used, or the listener's;
/// empty where none is known, so that links are relative.
pub(super) fn base<'a>(settings: &'a ApiSettings, parts: &Parts) -> Cow<'a, str> {
    if let Some(url) = &settings.public_url {
        return Cow::Borrowed(&url.base);
    }
    let scheme = settings.transport.scheme();
    match authority(parts) {
        Some(host) if names_listener(settings, &host) => format!("{scheme}://{host}").into(),
        _ if settings.listener.ip().is_unspecified() => Cow::Borrowed(""),
        _ => format!("{scheme}://{}", settings.listener).into(),
    }
}

fn refuse_foreign(settings: &ApiSettings, host: &Authority) -> Result<(), Problem> {
    let own = !settings.listener.ip().is_loopback()
        || is_loopback(host)
        || settings
            .public_url
            .as_ref()
            .is_some_and(|url| host.host().eq_ignore_ascii_case(&url.host));
    if own && !host.as_str().contains('@') {
        Ok(())
    } else {
        Err(Code::ForeignHost.into())
    }
}

fn is_own_origin(settings: &ApiSettings, parts: &Parts, origin: &[u8]) -> bool {
    let public = settings.public_url.as_ref();
    if public.is_some_and(|url| url.origin.as_bytes() == origin) {
        return true;
    }
    let own = authority(parts)
        .filter(|host| names_listener(settings, host))
        .map(|host| format!("{}://{host}", settings.transport.scheme()));
    own.is_some_and(|own| own.as_bytes().eq_ignore_ascii_case(origin))
}

/// The host that a request names.
fn authority(parts: &Parts) -> Option<Authority> {
    match parts.uri.authority() {
        Some(authority) => Some(authority.clone()),
        None => Authority::try_from(parts.headers.get(HOST)?.as_bytes()).ok(),
    }
}

/// Whether `host` is an address of the listener. Of a loopback listener every loopback name with
/// any port is, because ports are forwarded; of one on all addresses, every address.
fn names_listener(settings: &ApiSettings, host: &Authority) -> bool {
    let listener = settings.listener;
    if listener.ip().is_loopback() {
        return is_loopback(host);
    }
    let default_port = match settings.transport.scheme() {
        "https" => 443,
        _ => 80,
    };
    let same_port = host.port_u16().unwrap_or(default_port) == listener.port();
    same_port
        && address(host).is_some_and(|it| it == listener.ip() || listener.ip().is_unspecified())
}

fn is_loopback(host: &Authority) -> bool {
    host.host().eq_ignore_ascii_case("localhost")
        || address(host).is_some_and(|address| address.is_loopback())
}

fn address(host: &Authority) -> Option<IpAddr> {
    let host = host.host();
    let bare = host.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
    bare.unwrap_or(host).parse().ok()
}
