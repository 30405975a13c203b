//! What is found without a MAC, and what cannot be read at all.

use md5::Md5;

use super::*;
use crate::{AuthKey, Basic, HmacAuth, Mac, SchemeId, ToSign, Window};

fn signed(sent: Sent, scheme: &dyn Scheme, key: &SigningKey) -> Sent {
    let mut headers = sent.headers.clone();
    ToSign::new(&sent.method, &sent.target, NOW)
        .nonce("n-1")
        .body(&sent.body)
        .sign(scheme, key, &mut headers)
        .unwrap();
    Sent { headers, ..sent }
}

fn get() -> Sent {
    signed(Sent::new("GET", "/a"), &HmacAuth::sha1(), &key())
}

fn findings(question: &Explain<'_>, key: &SigningKey) -> Vec<Finding> {
    question.against(&HmacAuth::sha1(), key).findings().to_vec()
}

#[test]
fn a_time_outside_the_window_is_reported_with_its_distance() {
    let sent = get();
    let at = |seconds| findings(&sent.question().at(NOW.plus(seconds)), &key());
    assert_eq!(at(300), []);
    assert_eq!(at(301), [Finding::TimestampExpired { age: 301 }]);
    assert_eq!(at(-61), [Finding::TimestampInFuture { ahead: 61 }]);
    let narrow = Policy {
        window: Window::NARROW,
        ..Policy::default()
    };
    let found = findings(&sent.question().at(NOW.plus(31)).policy(narrow), &key());
    assert_eq!(found, [Finding::TimestampExpired { age: 31 }]);
    assert!(found[0].to_string().contains("31 s ago"));
}

#[test]
fn what_the_policy_refuses_is_reported() {
    let strict = Policy {
        nonce: crate::NonceRule::Required,
        ..Policy::default()
    };
    let sent = get();
    let found = findings(&sent.question().at(NOW).policy(strict), &key());
    assert_eq!(found, [Finding::Refused(Reason::MissingNonce)]);
}

#[test]
fn a_key_that_may_not_sign_this_is_reported_though_its_signature_matches() {
    let sent = get();
    let pinned = key().schemes([SchemeId::MOXIE]);
    assert_eq!(
        findings(&sent.question(), &pinned),
        [Finding::KeyPinnedElsewhere]
    );
    let expired = key().not_after(NOW.plus(-1));
    assert_eq!(
        findings(&sent.question().at(NOW), &expired),
        [Finding::KeyExpired]
    );
    let early = key().not_before(NOW.plus(1));
    assert_eq!(
        findings(&sent.question().at(NOW), &early),
        [Finding::KeyNotYetValid]
    );
    let other = SigningKey::new("other-id", SECRET, "dave").unwrap();
    assert_eq!(findings(&sent.question(), &other), [Finding::OtherKeyId]);
}

#[test]
fn dates_that_differ_are_reported() {
    let sent = get().header("x-date", OTHER_DATE);
    assert_eq!(findings(&sent.question(), &key()), [Finding::DatesDiffer]);
    let wiki = signed(Sent::new("GET", "/a"), &AuthKey::default(), &key());
    let moved = wiki.header("date", OTHER_DATE);
    let found = moved.explained(&AuthKey::default());
    assert_eq!(found.findings(), [Finding::DatesDiffer]);
}

#[test]
fn a_missing_body_and_an_empty_object_are_told_apart() {
    let post = |body: &str| {
        signed(
            Sent::new("POST", "/a").body(body),
            &HmacAuth::sha1(),
            &key(),
        )
    };
    let sent = post("{}").body("");
    let expected = [Finding::BodyDoesNotMatch, Finding::DigestOfEmptyObject];
    assert_eq!(findings(&sent.question(), &key()), expected);
    let md5_of_nothing = unpadded(Md5::digest(""));
    let sent = post("").header("content-md5", &md5_of_nothing).body("{}");
    let expected = [Finding::BodyDoesNotMatch, Finding::DigestOfEmptyBody];
    assert_eq!(findings(&sent.question(), &key()), expected);
    let unsigned = post("").body("{}");
    assert_eq!(
        findings(&unsigned.question(), &key()),
        [Finding::BodyNotSigned]
    );
}

#[test]
fn bad_163_a_reserialised_body_is_reported_under_every_scheme_that_signs_bodies() {
    let schemes: [&dyn Scheme; 3] = [&AuthKey::default(), &HmacAuth::sha1(), &Mac::yar()];
    for scheme in schemes {
        let post = Sent::new("POST", "/a").header("content-type", "application/json");
        let sent = signed(post.body(r#"{"a": 1}"#), scheme, &key()).body(r#"{"a":1}"#);
        let explanation = sent.explained(scheme);
        assert!(matches!(explanation.verdict(), Verdict::Matches));
        let expected = [Finding::BodyDoesNotMatch, Finding::BodyReserialised];
        assert_eq!(explanation.findings(), expected, "{scheme:?}");
    }
}

#[test]
fn the_same_text_on_both_sides_leaves_the_secret() {
    let sent = get();
    let text = sent.explained(&HmacAuth::sha1());
    let text = text.string_to_sign().unwrap().as_bytes();
    let question = sent.question().their_text(text);
    let explanation = question.against(&HmacAuth::sha1(), &key_with("quite another secret"));
    assert!(matches!(explanation.verdict(), Verdict::NoNearMiss));
    assert_eq!(explanation.comparison(), Some(&Comparison::Same));
    let shown = explanation.to_string();
    assert!(shown.contains("The texts are the same"), "{shown}");
}

#[test]
fn a_request_without_credentials_is_unreadable() {
    let explanation = Sent::new("GET", "/a").explained(&HmacAuth::sha1());
    let refusal = explanation.verdict().refusal().unwrap();
    assert_eq!(refusal.reason(), Reason::MissingCredentials);
    assert!(explanation.string_to_sign().is_none());
    assert!(
        explanation
            .to_string()
            .starts_with("hmac-auth: missing_credentials\n")
    );
}

#[test]
fn a_request_that_the_scheme_refuses_for_more_than_its_spelling_is_unreadable() {
    let sent = get().header("content-md5", "no digest");
    let explanation = sent.explained(&HmacAuth::sha1());
    assert_eq!(explanation.verdict().code(), "unreadable");
    assert!(explanation.to_string().contains("invalid_digest"));
}

#[test]
fn a_scheme_that_sends_its_secret_is_right_or_wrong() {
    let key = Basic::key("5f4149f8057a4903af1805e74c2e1d20", "dave".to_owned()).unwrap();
    let with = |user: &str| {
        let value = format!("Basic {}", base64(format!("{user}:")));
        let sent = Sent::new("GET", "/a").header("authorization", &value);
        sent.question().against(&Basic, &key)
    };
    let right = with("5f4149f8057a4903af1805e74c2e1d20");
    assert!(matches!(right.verdict(), Verdict::Matches));
    assert_eq!((right.findings().len(), right.trials()), (0, 0));
    let wrong = with("5f4149f8057a4903af1805e74c2e1d21");
    assert!(matches!(wrong.verdict(), Verdict::NoNearMiss));
    assert_eq!(wrong.findings(), [Finding::OtherKeyId]);
}
