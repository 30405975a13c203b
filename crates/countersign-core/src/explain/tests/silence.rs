//! No explanation shows an expected signature or the secret.

use super::*;
use crate::{
    AuthKey, Basic, Dialect, Head, HmacAuth, Mac, Moxie, MoxieCanonical, Signature, ToSign, Window,
};

/// Everything that can be got out of an explanation, as text.
fn everything(explanation: &Explanation) -> String {
    let mut all = format!("{explanation} {explanation:?} {explanation:#?}");
    all.push_str(explanation.verdict().sentence());
    if let Some(text) = explanation.string_to_sign() {
        all.push_str(&text.lines().concat());
        all.push_str(&String::from_utf8_lossy(text.as_bytes()));
        all.push_str(&hex(text.as_bytes()));
    }
    if let Some(comparison) = explanation.comparison() {
        all.push_str(&comparison.to_string());
    }
    for finding in explanation.findings() {
        all.push_str(&finding.to_string());
    }
    all
}

/// The ways in which bytes may be written.
fn spellings(bytes: &[u8]) -> Vec<String> {
    vec![
        hex(bytes),
        hex(bytes).to_uppercase(),
        unpadded(bytes),
        URL_SAFE_NO_PAD.encode(bytes),
        format!("{bytes:?}").trim_matches(['[', ']']).to_owned(),
        base64(hex(bytes)),
    ]
}

fn schemes() -> Vec<(Box<dyn Scheme>, SigningKey)> {
    let sha256_key = || key().algorithm(crate::Algorithm::Sha256);
    let as_documented = Moxie::default().canonical_form(MoxieCanonical::AsDocumented);
    vec![
        (Box::new(AuthKey::default()), key()),
        (Box::new(AuthKey::dialect(Dialect::V1)), key()),
        (Box::new(AuthKey::dialect(Dialect::V2)), key()),
        (Box::new(AuthKey::dialect(Dialect::V3)), key()),
        (Box::new(HmacAuth::sha1()), key()),
        (Box::new(HmacAuth::sha256()), key()),
        (Box::new(Moxie::default()), key()),
        (Box::new(as_documented), key()),
        (Box::new(Mac::yar()), key()),
        (Box::new(Mac::yar()), sha256_key()),
        (Box::new(Mac::draft()), key()),
        (Box::new(Mac::draft()), sha256_key()),
    ]
}

/// The signature that `sent` should have had.
fn expected(sent: &Sent, scheme: &dyn Scheme, key: &SigningKey) -> Signature {
    let head = Head::new(
        &sent.method,
        &sent.target,
        Version::HTTP_11,
        &sent.headers,
        &sent.origin,
    );
    let head = head.unwrap();
    let claim = scheme.claim(&head).unwrap().unwrap();
    let derivation = trials::derivation(&claim).unwrap();
    let algorithm = scheme.signing_algorithm(key.own_algorithm());
    key.sign(derivation, algorithm, |text| {
        scheme.canonical(&head, &claim, text);
    })
    .unwrap()
}

#[test]
fn bad_56_and_189_no_explanation_shows_an_expected_signature_or_the_secret() {
    for (scheme, key) in schemes() {
        let post = Sent::new("POST", "/users/7?b=2&a=1").body("hello");
        let mut headers = post.headers.clone();
        ToSign::new(&post.method, &post.target, NOW)
            .nonce("n-1")
            .body(&post.body)
            .sign(&*scheme, &key, &mut headers)
            .unwrap();
        let right = Sent { headers, ..post };
        let near = Sent {
            target: "/users/7".parse().unwrap(),
            ..right.clone()
        };
        let far = Sent {
            target: "/elsewhere?q".parse().unwrap(),
            ..right.clone()
        };
        for sent in [right, near, far] {
            let signature = expected(&sent, &*scheme, &key);
            let question = sent.question().at(NOW.plus(10_000));
            let theirs = b"POST\n/users/7\n";
            for question in [question.clone(), question.their_text(theirs)] {
                let explanation = question.against(&*scheme, &key);
                let shown = everything(&explanation) + &format!("{question:?} {question:#?}");
                assert!(
                    shown.contains("/users/7") || shown.contains("/elsewhere"),
                    "{shown}"
                );
                for spelling in spellings(signature.as_bytes()) {
                    assert!(!shown.contains(&spelling), "{scheme:?}: {shown}");
                }
                for secret in [SECRET.as_bytes(), &url_decoded(SECRET)] {
                    for spelling in spellings(secret) {
                        assert!(!shown.contains(&spelling), "{scheme:?}: {shown}");
                    }
                }
                assert!(!shown.contains(SECRET), "{scheme:?}: {shown}");
            }
        }
    }
}

#[test]
fn an_api_key_which_is_a_secret_is_not_shown_either() {
    const API_KEY: &str = "5f4149f8057a4903af1805e74c2e1d20";
    let key = Basic::key(API_KEY, "dave".to_owned()).unwrap();
    for user in [API_KEY, "5f4149f8057a4903af1805e74c2e1d21"] {
        let value = format!("Basic {}", base64(format!("{user}:")));
        let sent = Sent::new("GET", "/a").header("authorization", &value);
        let shown = everything(&sent.question().against(&Basic, &key));
        assert!(!shown.contains("5f4149f8057a"), "{shown}");
    }
}

#[test]
fn the_debug_of_a_question_shows_no_header() {
    let sent = Sent::new("GET", "/a").header("authorization", "0123456789abcdef");
    let policy = Policy {
        window: Window::NARROW,
        ..Policy::default()
    };
    let shown = format!("{:?}", sent.question().policy(policy));
    assert!(!shown.contains("0123456789abcdef"), "{shown}");
}
