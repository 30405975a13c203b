//! Random requests.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use countersign_core::{SignError, Timestamp};
use http::Uri;
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use crate::common::{Request, Service, Variant};

/// Everything that can be signed, whichever scheme signs it.
#[derive(Clone, Debug)]
pub(crate) struct Ingredients {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: Option<String>,
    pub(crate) host: String,
    /// Without their prefix.
    pub(crate) x_headers: BTreeMap<String, Vec<u8>>,
    pub(crate) content_type: Option<Vec<u8>>,
    pub(crate) body: Vec<u8>,
    pub(crate) nonce: String,
    pub(crate) at: Timestamp,
}

impl Ingredients {
    pub(crate) fn target(&self, variant: &Variant) -> String {
        let query = self.query.as_ref().map(|query| format!("?{query}"));
        format!(
            "{}{}{}",
            variant.base_path,
            self.path,
            query.unwrap_or_default()
        )
    }

    pub(crate) fn unsigned(&self, variant: &Variant) -> Request {
        let mut request = Request::new(&self.method, &self.target(variant))
            .set("host", &self.host)
            .body(&self.body);
        if let Some(content_type) = &self.content_type {
            request = request.header("content-type", content_type);
        }
        if let Some(prefix) = variant.x_prefix {
            for (name, value) in &self.x_headers {
                request = request.header(&format!("{prefix}{name}"), value);
            }
        }
        request
    }

    pub(crate) fn try_sign(&self, variant: &Variant) -> Result<Request, SignError> {
        let request = self.unsigned(variant);
        request.try_sign(&*variant.scheme, &variant.key(), self.at, Some(&self.nonce))
    }

    /// Signed, and found to verify before anything is changed.
    pub(crate) fn signed(&self, variant: &Variant) -> Request {
        let signed = self.try_sign(variant).expect(variant.name);
        let result = self.service(variant).verify(&*variant.scheme, &signed);
        assert!(result.is_ok(), "{}: {result:?} {signed:?}", variant.name);
        signed
    }

    /// A service that has the key, at the time of signing.
    pub(crate) fn service(&self, variant: &Variant) -> Service {
        Service::new([variant.key()]).at(self.at)
    }
}

/// The characters that [`Uri`] takes after `before` as they are: all it has room for in ASCII,
/// and some beyond.
fn characters_after(before: &str) -> Vec<char> {
    let ascii = ('!'..='~').filter(|character| !"?#".contains(*character));
    let beyond = ['\u{e9}', '\u{131}', '\u{ff0f}', '\u{1f600}'];
    ascii
        .chain(beyond)
        .filter(|character| {
            let text = format!("{before}{character}");
            text.parse::<Uri>().is_ok_and(|uri| uri.to_string() == text)
        })
        .collect()
}

static IN_PATH: LazyLock<Vec<char>> = LazyLock::new(|| characters_after("/"));
static IN_QUERY: LazyLock<Vec<char>> = LazyLock::new(|| {
    let mut characters = characters_after("/?");
    characters.push('?');
    characters
});

fn text(
    characters: &'static [char],
    length: std::ops::Range<usize>,
) -> impl Strategy<Value = String> {
    vec(select(characters), length).prop_map(|characters| characters.into_iter().collect())
}

fn method() -> impl Strategy<Value = String> {
    const STANDARD: &[&str] = &[
        "GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "get",
    ];
    prop_oneof![
        select(STANDARD).prop_map(str::to_owned),
        "[A-Za-z0-9!#$%&'*+.^_`|~-]{1,12}",
    ]
}

fn host() -> impl Strategy<Value = String> {
    let name = prop_oneof![
        "[a-zA-Z0-9._~-]{1,20}",
        Just("[::1]".to_owned()),
        Just("[2001:DB8::7]".to_owned()),
    ];
    let port = prop_oneof![Just(None), (1..=u16::MAX).prop_map(Some)];
    (name, port).prop_map(|(name, port)| match port {
        Some(port) => format!("{name}:{port}"),
        None => name,
    })
}

/// Without the blanks at its ends, which are no part of a header on the wire.
fn trimmed(value: &[u8]) -> Vec<u8> {
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let start = value.iter().take_while(|byte| blank(byte)).count();
    let end = value.iter().rev().take_while(|byte| blank(byte)).count();
    value[start..value.len().max(start + end) - end].to_vec()
}

/// Bytes that a header can carry, tabs and everything beyond ASCII among them.
pub(crate) fn header_bytes(length: std::ops::Range<usize>) -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![8 => 0x20_u8..0x7f, 1 => Just(b'\t'), 1 => 0x80_u8..=0xff];
    vec(byte, length)
}

fn x_headers(count: std::ops::Range<usize>) -> impl Strategy<Value = BTreeMap<String, Vec<u8>>> {
    let name = "[a-z0-9]{1,5}(-[a-z]{1,3})?".prop_filter("has a meaning of its own", |name| {
        !["date", "nonce"].contains(&name.as_str())
    });
    btree_map(name, header_bytes(0..12), count)
}

fn nonce() -> impl Strategy<Value = String> {
    "[!#-9;-\\[\\]-~]{1,40}"
}

fn time() -> impl Strategy<Value = Timestamp> {
    // To the second before the last that a date can spell, so that there is a next one.
    (0_i64..253_402_300_799).prop_map(Timestamp::from_unix)
}

/// Any request.
pub(crate) fn any_request() -> impl Strategy<Value = Ingredients> {
    let head = (
        method(),
        text(&IN_PATH, 0..12),
        option::of(text(&IN_QUERY, 0..12)),
        host(),
    );
    let rest = (
        x_headers(0..6),
        option::of(header_bytes(0..16).prop_map(|value| trimmed(&value))),
        vec(any::<u8>(), 0..48),
        nonce(),
        time(),
    );
    (head, rest).prop_map(
        |((method, path, query, host), (x_headers, content_type, body, nonce, at))| Ingredients {
            method,
            path: format!("/{path}"),
            query,
            host,
            x_headers,
            content_type,
            body,
            nonce,
            at,
        },
    )
}

/// A request that has something of everything.
pub(crate) fn full_request() -> impl Strategy<Value = Ingredients> {
    let parts = (
        text(&IN_QUERY, 1..8),
        x_headers(1..3),
        "[a-z]{1,6}/[a-z]{1,6}",
        vec(any::<u8>(), 1..16),
    );
    (any_request(), parts).prop_map(|(request, (query, x_headers, content_type, body))| {
        Ingredients {
            query: Some(query),
            x_headers,
            content_type: Some(content_type.into_bytes()),
            body,
            ..request
        }
    })
}
