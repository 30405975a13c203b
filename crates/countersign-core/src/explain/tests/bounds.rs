//! What an explanation costs, and that nothing sent can break it.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::{AuthKey, Basic, Dialect, HmacAuth, Mac, Moxie, MoxieCanonical, ToSign};

fn schemes() -> Vec<Box<dyn Scheme>> {
    vec![
        Box::new(AuthKey::default()),
        Box::new(AuthKey::dialect(Dialect::V1)),
        Box::new(AuthKey::dialect(Dialect::V2)),
        Box::new(AuthKey::dialect(Dialect::V3)),
        Box::new(HmacAuth::sha1()),
        Box::new(HmacAuth::sha256().base_path("/a%2fB").unwrap()),
        Box::new(Moxie::default()),
        Box::new(Moxie::default().canonical_form(MoxieCanonical::AsDocumented)),
        Box::new(Mac::yar()),
        Box::new(Mac::draft()),
        Box::new(Basic),
    ]
}

/// A request for which nearly every mistake gives a text of its own.
fn rich(secret: &str, scheme: &dyn Scheme) -> Sent {
    let sent = Sent::new("Post", "/a%2fB//c/%2E/d@e/?z=%2f+1&Y=a%20b:c&x=%C3%A9")
        .header("host", "API.example.org:8443")
        .header("content-type", "text/plain; charset=utf-8")
        .header("x-forwarded-host", "www.example.org")
        .header("x-forwarded-prefix", "/mount")
        .header("x-original-uri", "/1?x")
        .header("x-forwarded-uri", "/2?x")
        .header("x-envoy-original-path", "/3?x")
        .header("x-original-url", "/4?x")
        .header("x-mac-z", "a  b")
        .header("x-mac-a", "0")
        .header("x-mac-a-b", "")
        .body("{ \"a\": 1 }\n");
    let mut headers = sent.headers.clone();
    ToSign::new(&sent.method, &sent.target, NOW)
        .nonce("N-1")
        .body(&sent.body)
        .sign(scheme, &key_with(secret), &mut headers)
        .unwrap();
    Sent { headers, ..sent }
}

/// The same with dates that contradict each other.
fn muddled(secret: &str, scheme: &dyn Scheme) -> Sent {
    rich(secret, scheme)
        .header("date", DATE)
        .header("x-date", OTHER_DATE)
        .header("x-mac-date", "Thu, 27 Sep 2012 12:14:58 GMT")
}

/// A secret that is Base64, and white space beside it.
const ODD_SECRET: &str = " 'QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE' ";

const OTHER_SECRET: &str = "EY-lCQsS2iY04RAk-QUYll2hVFtsytx6LV0cZ7cg_-E";

fn signing_schemes() -> impl Iterator<Item = Box<dyn Scheme>> {
    let all = schemes().into_iter();
    all.filter(|scheme| scheme.id() != crate::SchemeId::BASIC)
}

#[test]
fn bad_190_an_unrelated_signature_fits_nothing_within_the_bound() {
    assert_eq!(Explain::MAX_TRIALS, 64);
    for scheme in signing_schemes() {
        let sent = muddled(OTHER_SECRET, &*scheme);
        // yar's profile cannot use the odd one at all.
        let secrets = [SECRET, ODD_SECRET].into_iter();
        let usable = secrets.take(if scheme.id() == crate::SchemeId::MAC {
            1
        } else {
            2
        });
        for secret in usable {
            let question = sent.question().at(NOW).their_text(b"unrelated");
            let explanation = question.against(&*scheme, &key_with(secret));
            assert!(
                matches!(explanation.verdict(), Verdict::NoNearMiss),
                "{explanation}"
            );
            let trials = explanation.trials();
            assert!(trials > 30, "{scheme:?} {trials}");
            // Fewer than the bound: nothing was left out even here.
            assert!(trials < Explain::MAX_TRIALS, "{scheme:?} {trials}");
        }
    }
}

#[test]
fn their_text_is_tried_after_everything_else() {
    for scheme in signing_schemes() {
        let sent = rich(SECRET, &*scheme);
        let ours = sent.explained(&*scheme);
        assert!(matches!(ours.verdict(), Verdict::Matches), "{ours}");
        let text = ours.string_to_sign().unwrap().as_bytes().to_vec();
        let other = Sent {
            target: "/a%2fB/other?q".parse().unwrap(),
            ..sent
        };
        let question = other.question().their_text(&text);
        let explanation = question.against(&*scheme, &key());
        let found = explanation.verdict().near_miss();
        assert_eq!(found, Some(NearMiss::TheirText), "{explanation}");
    }
}

fn header() -> impl Strategy<Value = (String, Vec<u8>)> {
    let name = prop_oneof![
        "(date|x-date|x-mac-date|x-mac-nonce|x-mac-a|host|x-moxie-key|x-hmac-nonce)",
        "(content-md5|content-type|content-encoding|x-forwarded-host|x-original-uri)",
        "(x-forwarded-prefix|x-mac-content-md5)",
    ];
    let byte = prop_oneof![32..=126_u8, 128..=255_u8, Just(b'\t')];
    let value = prop_oneof![
        vec(byte, 0..40),
        Just(DATE.into()),
        Just(b"api.example.org:8080".to_vec()),
        "/[a-z%/?.]{0,12}".prop_map(String::into_bytes),
    ];
    (name, value)
}

fn credential() -> impl Strategy<Value = String> {
    let signature = prop_oneof![
        "[0-9a-f]{40}",
        "[A-Za-z0-9+/]{27}=",
        "[A-Za-z0-9_-]{43}",
        "[A-Za-z0-9+/]{42}A=",
        "[ -~]{0,60}",
    ];
    (signature, 0..7_u8).prop_map(|(signature, form)| match form {
        0 => signature,
        1 => format!("MAC example-id:{signature}"),
        2 => format!("MAC 1348748096000:example-id:{signature}"),
        3 => format!("MAC 1348748096:example-id:r:{signature}"),
        4 => format!("example-id:{signature}"),
        5 => format!(r#"MAC id="example-id", ts="1348748096", nonce="n", mac="{signature}""#),
        _ => format!("Basic {signature}"),
    })
}

proptest! {
    #[test]
    fn nothing_that_is_sent_breaks_an_explanation(
        method in "(GET|post|X-Y)",
        target in "(\\*|/|/a%2fB/[a-z%0-9~/.:]{0,9}|/[a-zA-Z%0-9~/.:]{0,20}|http://h[a-z]{0,3}:8/x)",
        query in proptest::option::of("[a-z=&+%0-9?/]{0,16}"),
        headers in vec(header(), 0..8),
        credential in credential(),
        body in vec(any::<u8>(), 0..40),
        theirs in proptest::option::of(vec(any::<u8>(), 0..80)),
        secret in prop_oneof![vec(any::<u8>(), 1..50), Just(ODD_SECRET.into()), Just(SECRET.into())],
        now in any::<i64>(),
        signed in any::<bool>(),
    ) {
        let target = query.map_or(target.clone(), |query| format!("{target}?{query}"));
        let Ok(target) = target.parse::<Uri>() else {
            return Ok(());
        };
        let mut sent = Sent::new(&method, "/").header("authorization", &credential);
        sent = sent.header("auth-key", &credential).header("hmac-auth", &credential);
        sent = sent.header("date", DATE).header("x-mac-date", DATE);
        sent = sent.header("x-hmac-nonce", "n-1").header("x-moxie-key", "example-id");
        sent.target = target;
        sent.body = body;
        for (name, value) in headers {
            let name: HeaderName = name.parse().unwrap();
            let repeated = value.len() % 4 == 3;
            let value = HeaderValue::from_bytes(&value).unwrap();
            if repeated {
                sent.headers.append(name, value);
            } else {
                sent.headers.insert(name, value);
            }
        }
        for scheme in schemes() {
            // Signed if it can be, so that more than the parsers is reached.
            let mut sent = sent.clone();
            if signed {
                let key = key();
                let _ = ToSign::new(&sent.method, &Uri::from_static("/a%2fB/c?d"), NOW)
                    .nonce("n-1")
                    .sign(&*scheme, &key, &mut sent.headers);
            }
            let mut question = sent.question().at(Timestamp::from_unix(now));
            if let Some(theirs) = &theirs {
                question = question.their_text(theirs);
            }
            let explanation = question.against(&*scheme, &key_with(&secret));
            prop_assert!(explanation.trials() <= Explain::MAX_TRIALS);
            let shown = format!("{explanation}{explanation:?}");
            prop_assert!(shown.chars().all(|c| c == '\n' || !c.is_control()));
        }
    }
}
