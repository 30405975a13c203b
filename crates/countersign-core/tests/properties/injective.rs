//! No two requests that are accepted share a string to sign.
//!
//! The fields are drawn from very small alphabets, so that a byte that could move from one field
//! to its neighbour unnoticed would soon be found to have done so (135). What the specifications
//! let two requests share is left out of the alphabets and has its tests in `ambiguities`.

use std::collections::HashMap;
use std::fmt::Debug;

use countersign_core::{AuthKey, Dialect, HmacAuth, Mac, Moxie, Origin, Scheme, UrlScheme};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use crate::common::{Request, SECRET, base64, key};

/// How many requests are compared with each other at a time.
const TOGETHER: std::ops::Range<usize> = 40..64;

const DATES: [&str; 2] = [
    "Thu, 27 Sep 2012 12:14:56 GMT",
    "Thu, 27 Sep 2012 12:14:57 GMT",
];
const MD5S: [&str; 4] = [
    "g26hErLKewirhYsLEW7mDg",
    "g26hErLKewirhYsLEW7mDg==",
    "1B2M2Y8AsgTpgAmY7PhCfg",
    "1B2M2Y8AsgTpgAmY7PhCfg==",
];

/// Fields are the same if and only if the texts are.
fn assert_one_text_each<F: Debug>(
    scheme: &dyn Scheme,
    all: &[F],
    build: impl Fn(&F) -> Request,
) -> Result<(), TestCaseError> {
    let mut fields_of = HashMap::new();
    let mut accepted = 0;
    for fields in all {
        let Some(text) = build(fields).canonical(scheme) else {
            continue;
        };
        accepted += 1;
        let fields = format!("{fields:?}");
        let before = fields_of.entry(text).or_insert_with(|| fields.clone());
        prop_assert_eq!(&*before, &fields, "two requests, one text");
    }
    let most = all.len() / 2;
    prop_assert!(
        accepted > most,
        "only {accepted} of {} requests are accepted",
        all.len()
    );
    Ok(())
}

fn method() -> impl Strategy<Value = &'static str> {
    select(&["A", "AB", "B", "a"][..])
}

fn target() -> impl Strategy<Value = String> {
    prop_oneof![9 => "/[ab/]{0,2}(\\?[ab?&]{1,2})?", 1 => Just("*".to_owned())]
}

/// With an empty query too, where the scheme tells it from none.
fn any_target() -> impl Strategy<Value = String> {
    prop_oneof![9 => "/[ab/]{0,2}(\\?[ab?&]{0,2})?", 1 => Just("*".to_owned())]
}

fn x_headers() -> impl Strategy<Value = Vec<(&'static str, String)>> {
    let names = select(&["x-mac-a", "x-mac-a-b", "x-mac-b"][..]);
    // Some values look like the beginning of the next line.
    let value = prop_oneof![3 => "[ab:-]{0,2}", 1 => "[ab]?x-mac-b:[ab]?"];
    btree_map(names, value, 0..3).prop_map(|headers| headers.into_iter().collect())
}

fn time() -> impl Strategy<Value = &'static str> {
    select(&["1", "11", "111"][..])
}

fn host() -> impl Strategy<Value = (&'static str, Option<u16>)> {
    (
        select(&["a", "a1", "b", "[::1]"][..]),
        option::of(select(&[1_u16, 11, 8080][..])),
    )
}

fn authority((host, port): (&str, Option<u16>)) -> String {
    port.map_or(host.to_owned(), |port| format!("{host}:{port}"))
}

fn with_x_headers(request: Request, headers: &[(&str, String)]) -> Request {
    headers.iter().fold(request, |request, (name, value)| {
        request.header(name, value)
    })
}

proptest! {
    #[test]
    fn bad_135_auth_key_as_the_wiki_has_it(all in vec(
        (
            method(),
            target(),
            x_headers(),
            select(&DATES[..]),
            option::of(select(&MD5S[..])),
            option::of("[ab]{1,2}"),
        ),
        TOGETHER,
    )) {
        assert_one_text_each(&AuthKey::default(), &all, |fields| {
            let (method, target, headers, date, md5, nonce) = fields;
            let mut request = with_x_headers(Request::new(method, target), headers)
                .header("date", DATES[0])
                .header("x-mac-date", date)
                .header("auth-key", format!("MAC id:{}", base64([0; 32])));
            if let Some(md5) = md5 {
                request = request.header("x-mac-content-md5", md5);
            }
            if let Some(nonce) = nonce {
                request = request.header("x-mac-nonce", nonce);
            }
            request
        })?;
    }

    #[test]
    fn bad_135_auth_key_v1_and_v2(all in vec(
        (method(), target(), x_headers(), time(), option::of("[1a]{1,2}")),
        TOGETHER,
    )) {
        for dialect in [Dialect::V1, Dialect::V2] {
            assert_one_text_each(&AuthKey::dialect(dialect), &all, |fields| {
                let (method, target, headers, ts, nonce) = fields;
                let request = with_x_headers(Request::new(method, target), headers)
                    .header("auth-key", format!("MAC {ts}:id:{}", base64([0; 32])));
                match nonce {
                    Some(nonce) => request.header("x-mac-nonce", nonce),
                    None => request,
                }
            })?;
        }
    }

    #[test]
    fn bad_135_auth_key_v3(all in vec(
        (method(), target(), x_headers(), time(), "[1a]{1,2}"),
        TOGETHER,
    )) {
        assert_one_text_each(&AuthKey::dialect(Dialect::V3), &all, |fields| {
            let (method, target, headers, ts, id) = fields;
            with_x_headers(Request::new(method, target), headers)
                .header("auth-key", format!("MAC {ts}:id:{id}:{}", base64([0; 32])))
        })?;
    }

    #[test]
    fn bad_135_names_and_values_of_x_headers(all in vec(x_headers(), TOGETHER)) {
        for dialect in [Dialect::V1, Dialect::V2] {
            assert_one_text_each(&AuthKey::dialect(dialect), &all, |headers| {
                with_x_headers(Request::new("GET", "/"), headers)
                    .header("auth-key", format!("MAC 1:id:{}", base64([0; 32])))
            })?;
        }
    }

    #[test]
    fn bad_135_hmac_auth(all in vec(
        (method(), any_target(), select(&DATES[..]), option::of(select(&MD5S[..]))),
        TOGETHER,
    )) {
        for (scheme, bytes) in [(HmacAuth::sha1(), 20), (HmacAuth::sha256(), 32)] {
            assert_one_text_each(&scheme, &all, |(method, target, date, md5)| {
                let request = Request::new(method, target)
                    .header("date", date)
                    .header("hmac-auth", format!("id:{}", base64(vec![0; bytes])));
                match md5 {
                    Some(md5) => request.header("content-md5", md5),
                    None => request,
                }
            })?;
        }
    }

    #[test]
    fn bad_135_moxie_as_built(all in vec(
        (method(), any_target(), host(), any::<bool>(), select(&DATES[..]), "[abA]{1,2}"),
        TOGETHER,
    )) {
        assert_one_text_each(&Moxie::default(), &all, |(method, target, host, tls, date, nonce)| {
            let scheme = if *tls { UrlScheme::Https } else { UrlScheme::Http };
            Request::new(method, target)
                .set("host", authority(*host))
                .origin(Origin::served_over(scheme))
                .header("date", date)
                .header("x-hmac-nonce", nonce)
                .header("x-moxie-key", "id")
                .header("authorization", "0".repeat(40))
        })?;
    }

    #[test]
    fn bad_135_mac_as_yar_has_it(all in vec(
        (
            method(),
            any_target(),
            host(),
            time(),
            "[1a]{1,2}",
            option::of(select(&["a", "b"][..])),
        ),
        TOGETHER,
    )) {
        assert_one_text_each(&Mac::yar(), &all, |(method, target, host, ts, nonce, ext)| {
            let ext = ext.map_or(String::new(), |digit| digit.repeat(40));
            let mac = "0".repeat(40);
            Request::new(method, target).set("host", authority(*host)).header(
                "authorization",
                format!(r#"MAC id="id", ts="{ts}", nonce="{nonce}", ext="{ext}", mac="{mac}""#),
            )
        })?;
    }

    #[test]
    fn bad_135_mac_as_the_draft_has_it(all in vec(
        (method(), any_target(), host(), time(), "[1a]{1,2}", "[1aA ]{0,2}"),
        TOGETHER,
    )) {
        assert_one_text_each(&Mac::draft(), &all, |(method, target, host, ts, nonce, ext)| {
            let mac = base64([0; 20]);
            Request::new(method, target).set("host", authority(*host)).header(
                "authorization",
                format!(r#"MAC id="id", ts="{ts}", nonce="{nonce}", ext="{ext}", mac="{mac}""#),
            )
        })?;
    }

    /// A response is never taken for a request, as no method is empty.
    #[test]
    fn a_request_and_a_response_of_auth_key_never_share_a_text(
        method in method(), target in target(), headers in x_headers(), answered in x_headers(),
    ) {
        use countersign_core::ResponseForm::{ThreeLineFeeds, TwoLineFeeds};
        for dialect in [Dialect::Wiki, Dialect::V1, Dialect::V2, Dialect::V3] {
            let scheme = AuthKey::dialect(dialect);
            let key = key("id", SECRET);
            let request = with_x_headers(Request::new(method, &target), &headers);
            let request = request.signed(&scheme, &key).canonical(&scheme).expect("claimed");
            let response = with_x_headers(Request::new(method, "/"), &answered);
            for form in [ThreeLineFeeds, TwoLineFeeds] {
                let text = scheme.response_string(&response.headers, "1", form).expect("text");
                prop_assert!(text.starts_with(b"\n") && !request.starts_with(b"\n"));
            }
        }
    }
}
