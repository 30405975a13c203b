//! Requests against those of the original's client, byte for byte.

use serde_json::Value;

use super::request::Use;
use super::signature::{KeyTexts, signature};
use super::*;
use crate::connection::BaseUrl;

const VECTORS: &str = include_str!("../../../countersign-key-server/tests/vectors/create-key.json");

/// The nonce of the first vector.
const NONCE: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

fn vectors() -> Value {
    serde_json::from_str(VECTORS).unwrap()
}

fn golden(operation: &str) -> Vec<Value> {
    let all = vectors()["golden"].as_array().unwrap().clone();
    let found: Vec<_> = all.into_iter().filter(|it| it["op"] == operation).collect();
    assert!(!found.is_empty());
    found
}

fn password(text: &Value) -> Password {
    Password::new(text.as_str().unwrap()).unwrap()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// The body of a vector as it was sent: its members in the order of the file, without the blanks
/// of the file.
fn body_as_sent(vector: &Value) -> String {
    let bodies = VECTORS.split("\"body\": ").skip(1);
    let mut bodies = bodies.filter_map(|rest| Some(&rest[..=rest.find('}')?]));
    let body = bodies.find(|body| {
        serde_json::from_str::<Value>(body).is_ok_and(|it| it == vector["request"]["body"])
    });
    let lines = body.unwrap().lines();
    lines
        .map(|line| line.trim().replacen("\": ", "\":", 1))
        .collect()
}

fn host_of(vector: &Value) -> String {
    let url = text(&vector["request"]["url"]);
    let (base, _) = url.split_once("/Agent/").unwrap();
    let base = BaseUrl::parse(base, crate::connection::PlainHttp::LoopbackOnly).unwrap();
    let path = base.below(&format!("Agent/{}", url.split_once("/Agent/").unwrap().1));
    assert_eq!(path.as_str(), url);
    assert_eq!(base.host(), vector["host"]);
    base.host()
}

fn written(body: Body) -> String {
    String::from_utf8(body.unwrap().to_vec()).unwrap()
}

#[test]
fn signatures_of_keys_and_requests_are_those_of_the_originals_client() {
    for vector in golden("CreateKey") {
        let body = &vector["request"]["body"];
        let texts = KeyTexts {
            user_name: text(&vector["userName"]),
            host: text(&vector["host"]),
            local_name: text(&vector["localName"]),
            namespace: text(&vector["namespace"]),
            id: text(&vector["id"]),
        };
        let key_signature = texts.key_signature(&password(&vector["keyPassword"]));
        assert_eq!(*key_signature, body["keySignature"]);
        let account = password(&vector["accountPassword"]);
        let nonce = text(&body["nonce"]);
        let signature = texts.request_signature(&account, &key_signature, &[], nonce);
        assert_eq!(*signature, body["requestSignature"]);
    }
}

#[test]
fn bodies_that_make_a_key_are_those_of_the_originals_client_byte_for_byte() {
    let mut compared = 0;
    for vector in golden("CreateKey") {
        let account = Account::new(
            text(&vector["userName"]),
            password(&vector["accountPassword"]),
        );
        let (name, id) = (text(&vector["localName"]), text(&vector["id"]));
        let key = Key::new(name, id, password(&vector["keyPassword"]));
        let (Ok(account), Ok(key)) = (account, key) else {
            // The original's client sends what can be read in two ways; this one does not.
            assert!(text(&vector["userName"]).contains(':'));
            continue;
        };
        let key = key.namespace(text(&vector["namespace"])).unwrap();
        let nonce = text(&vector["request"]["body"]["nonce"]);
        let body = request::create_key(&account, &key, &host_of(&vector), nonce);
        assert_eq!(written(body), body_as_sent(&vector));
        compared += 1;
    }
    assert_eq!(compared, 2);
}

#[test]
fn the_body_of_a_login_is_that_of_the_originals_client_byte_for_byte() {
    for vector in golden("Login") {
        let account = Account::new(text(&vector["userName"]), password(&vector["password"]));
        let nonce = text(&vector["request"]["body"]["nonce"]);
        let body = request::login(&account.unwrap(), &host_of(&vector), nonce, 3600);
        assert_eq!(written(body), body_as_sent(&vector));
    }
}

fn new_account() -> NewAccount {
    let password = Password::new("account password").unwrap();
    let account = Account::new("TestUser", password).unwrap();
    NewAccount::new(account, "a@example.org").unwrap()
}

#[test]
fn the_creation_of_an_account_is_signed_with_the_secret_of_the_api_key() {
    let vectors = vectors();
    let vector = &vectors["computed"][0];
    let api_key = ApiKey::new("APIKEY", text(&vector["secret"])).unwrap();
    let body = request::create_account(&new_account(), &api_key, "lab.tagroot.io", NONCE, 60);
    let signature = text(&vector["signature"]);
    let expected = format!(
        r#"{{"userName":"TestUser","eMail":"a@example.org","password":"account password","apiKey":"APIKEY","nonce":"{NONCE}","signature":"{signature}","seconds":60}}"#
    );
    assert_eq!(written(body), expected);
}

#[test]
fn a_phone_number_is_signed_between_the_address_and_the_password() {
    let api_key = ApiKey::new("APIKEY", "API SECRET").unwrap();
    let new = new_account().phone_number("+46").unwrap();
    let body = written(request::create_account(&new, &api_key, "h", NONCE, 60));
    let parts = ["TestUser", "h", "a@example.org", "+46", "account password"];
    let secret = Password::new("API SECRET").unwrap();
    let expected = signature(&secret, &[&parts[..], &["APIKEY", NONCE]].concat());
    assert!(body.contains(&*expected), "{body}");
    assert!(body.contains(r#""eMail":"a@example.org","phoneNr":"+46","password""#));
}

#[test]
fn what_a_key_is_used_on_is_signed_between_the_key_signature_and_the_nonce() {
    let account = new_account().account().clone();
    let key = Key::new("x25519", "k", Password::new("key password").unwrap()).unwrap();
    let texts = "TestUser:h:x25519:urn:nf:iot:e2e:1.0:k";
    let key_signature = signature(key.password(), &[texts]);
    for (asked, member, rest) in [
        (Use::Sign(b"data"), "data", "ZGF0YQ=="),
        (Use::Agree(b"data"), "publicKey", "shared-secret:ZGF0YQ=="),
    ] {
        let body = written(request::use_key(&account, &key, "h", NONCE, asked));
        let signed = [texts, &key_signature, rest, NONCE];
        let signature = signature(account.password(), &signed);
        let expected = format!(
            r#"{{"keyId":"k","keySignature":"{}","nonce":"{NONCE}","{member}":"ZGF0YQ==","requestSignature":"{}"}}"#,
            *key_signature, *signature
        );
        assert_eq!(body, expected);
    }
}

#[test]
fn what_could_be_read_in_two_ways_is_refused_before_it_is_sent() {
    let password = || Password::new("p").unwrap();
    for bad in ["", "a:b", ":"] {
        assert!(Account::new(bad, password()).is_err());
        assert!(Key::new(bad, "id", password()).is_err());
        assert!(Key::new("ed448", bad, password()).is_err());
        assert!(ApiKey::new(bad, "secret").is_err());
        assert!(NewAccount::new(new_account().account().clone(), bad).is_err());
        assert!(new_account().phone_number(bad).is_err());
    }
    assert!(ApiKey::new("id", "").is_err());
    let key = Key::new("ed448", "id", password()).unwrap();
    assert!(key.namespace("").is_err());
}

#[test]
fn bad_57_no_debug_shows_a_password_or_a_token() {
    let new = new_account();
    let key = Key::new("ed448", "id", Password::new("key password").unwrap()).unwrap();
    let api_key = ApiKey::new("APIKEY", "API SECRET").unwrap();
    let session = Session::new("tok", countersign_core::Timestamp::from_unix(0)).unwrap();
    let secret = SharedSecret(zeroize::Zeroizing::new(b"shared".to_vec()));
    let shown = format!(
        "{new:?} {:?} {key:?} {api_key:?} {session:?} {secret:?}",
        new.account()
    );
    for hidden in [
        "account password",
        "key password",
        "API SECRET",
        "tok",
        "shared\"",
        "115, 104",
    ] {
        assert!(!shown.contains(hidden), "{shown}");
    }
    assert!(
        shown.contains("TestUser") && shown.contains("APIKEY"),
        "{shown}"
    );
}
