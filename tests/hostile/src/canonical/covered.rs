//! What each scheme covers, as its specification has it. What two requests may differ in and still
//! share a text is folded here, each with its reason.

use std::collections::BTreeMap;

use countersign::{Dialect, MoxieCanonical};
use countersign_tests::{Case, Family};
use http::header::HeaderMap;

use super::fields::Request;

/// Everything a scheme covers of a request, by name.
pub(super) type Covered = BTreeMap<String, Option<Vec<u8>>>;

pub(super) fn covered(case: &Case, request: &Request) -> Covered {
    let mut covered = Covered::new();
    let mut add = |name: &str, value: Option<&[u8]>| {
        covered.insert(name.to_owned(), value.map(<[u8]>::to_vec));
    };
    add("method", Some(request.method.as_str().as_bytes()));
    // CONNECT's target has no path, and is taken for that of the root.
    let path = match request.target.path() {
        "" => "/",
        path => path,
    };
    add("path", Some(path.as_bytes()));
    add("query", request.target.query().map(str::as_bytes));

    let header = |name| value(&request.headers, name);
    match case.family {
        Family::AuthKey(dialect) => {
            for (name, value) in &request.headers {
                if name.as_str().starts_with("x-mac-") {
                    add(name.as_str(), Some(&folded(value.as_bytes())));
                }
            }
            let credential = header("auth-key").unwrap_or_default();
            // However many blanks follow the scheme word, they are no part of the credential.
            let mut fields = trimmed(&credential[4..]).split(|&byte| byte == b':');
            if dialect != Dialect::Wiki {
                add("time", fields.next());
            }
            if dialect == Dialect::V3 {
                add("nonce", fields.nth(1));
            }
        }
        Family::HmacAuth | Family::Basic => {
            add("date", header("date").as_deref());
            // Nothing is signed as an empty line, and an empty digest is none.
            add("digest", header("content-md5").as_deref());
        }
        Family::Moxie(_) => {
            add("scheme", Some(request.origin.scheme().as_str().as_bytes()));
            add("host", header("host").as_deref());
            add("date", header("date").as_deref());
            add("nonce", header("x-hmac-nonce").as_deref());
        }
        Family::MacYar | Family::MacDraft => {
            let credential = header("authorization").unwrap_or_default();
            let mut values = credential.split(|&byte| byte == b'"');
            let (mut ts, mut nonce, mut ext) = (None, None, None);
            for slot in [&mut None, &mut ts, &mut nonce, &mut ext] {
                *slot = values.nth(1);
            }
            add("time", ts);
            add("nonce", nonce);
            let (host, port) = host_and_port(&header("host").unwrap_or_default(), request);
            add("port", Some(port.to_string().as_bytes()));
            if case.family == Family::MacYar {
                add("host", Some(&host));
                // Hexadecimal in either case is one hash.
                add("ext", ext.map(<[u8]>::to_ascii_lowercase).as_deref());
            } else {
                // Names of hosts are the same in either case.
                add("host", Some(&host.to_ascii_lowercase()));
                add("ext", ext);
            }
        }
    }
    if case.family == Family::Moxie(MoxieCanonical::AsDocumented) {
        // Its page lower-cases everything.
        for value in covered.values_mut().flatten() {
            value.make_ascii_lowercase();
        }
    }
    covered
}

/// Without the blanks at its ends, which are no part of a value.
fn value(headers: &HeaderMap, name: &str) -> Option<Vec<u8>> {
    let value = headers.get(name)?.as_bytes();
    Some(trimmed(value).to_vec())
}

fn trimmed(value: &[u8]) -> &[u8] {
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let start = value.iter().position(|byte| !blank(byte));
    let end = value.iter().rposition(|byte| !blank(byte));
    match (start, end) {
        (Some(start), Some(end)) => &value[start..=end],
        _ => b"",
    }
}

/// Auth-Key folds blanks inside a value to one.
fn folded(value: &[u8]) -> Vec<u8> {
    let words = value.split(|byte| matches!(byte, b' ' | b'\t'));
    let words: Vec<&[u8]> = words.filter(|word| !word.is_empty()).collect();
    words.join(&b' ')
}

/// A port left out is the one of the URL's scheme, and the same as that one spelled out.
fn host_and_port(authority: &[u8], request: &Request) -> (Vec<u8>, u16) {
    let colon = authority.iter().rposition(|&byte| byte == b':');
    let bracket = authority.iter().rposition(|&byte| byte == b']');
    let port = colon
        .filter(|colon| bracket.is_none_or(|bracket| *colon > bracket))
        .and_then(|colon| {
            let digits = std::str::from_utf8(&authority[colon + 1..]).ok()?;
            Some((authority[..colon].to_vec(), digits.parse().ok()?))
        });
    port.unwrap_or_else(|| (authority.to_vec(), request.origin.scheme().default_port()))
}
