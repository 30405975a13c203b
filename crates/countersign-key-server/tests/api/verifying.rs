//! Verifying for callers that hold no secrets.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use countersign_key_server::store::Scope;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

use crate::support::Server;

const MESSAGE: &[u8] = b"GET\n/users?page=2\n";
const TIME: &[u8] = b"1348748096";
const URL: &str = "/v1.0/verify";

fn hmac_sha256(key: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(MESSAGE);
    mac.finalize().into_bytes().to_vec()
}

fn body(scheme: &str, id: &str, signature: &str) -> Value {
    json!({
        "scheme": scheme,
        "id": id,
        "string_to_sign": STANDARD.encode(MESSAGE),
        "signature": signature,
    })
}

fn hmac_sha1(key: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha1>::new_from_slice(key).unwrap();
    mac.update(MESSAGE);
    mac.finalize().into_bytes().to_vec()
}

/// An `hmac-auth` credential with SHA-256: its id and its right signature.
async fn signed(server: &Server) -> (String, String) {
    let new = json!({"principal": "p", "auth_scheme": "hmac-auth", "algorithm": "hmac-sha-256"});
    let made = server.post("/v1.0/creds", &new.to_string()).await.json();
    let made = &made["hmac_auth"];
    let signature = hmac_sha256(made["key_data"].as_str().unwrap().as_bytes());
    let id = made["key_id"].as_str().unwrap().to_owned();
    (id, STANDARD.encode(signature))
}

async fn verdict(server: &Server, body: &Value) -> Value {
    let answer = server.post(URL, &body.to_string()).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

#[tokio::test]
async fn a_right_signature_is_valid_in_every_spelling() {
    let server = Server::start().await;
    let (id, signature) = signed(&server).await;
    let bytes = STANDARD.decode(&signature).unwrap();
    let hex: Vec<_> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let hex = hex.concat();
    for signature in [
        &signature,
        &STANDARD_NO_PAD.encode(&bytes),
        &hex,
        &hex.to_uppercase(),
    ] {
        let body = body("hmac-auth-sha256", &id, signature);
        assert_eq!(
            verdict(&server, &body).await,
            json!({"valid": true, "principal": "p"})
        );
    }
    server.registry.close().await;
    let used = server.get(&format!("/v1.0/creds/{id}")).await.json();
    assert_eq!(used["last_used_at"], crate::support::NOW);
}

#[tokio::test]
async fn each_scheme_derives_its_key_as_it_prescribes() {
    let server = Server::start().await;
    let auth_key = server.create("p", "auth-key").await;
    let secret = auth_key["auth_key"]["secret_key"]
        .as_str()
        .unwrap()
        .as_bytes();
    let id = auth_key["auth_key"]["account_id"].as_str().unwrap();
    for (scheme, kind, key) in [
        ("auth-key", "sha256_text_secret", [TIME, secret].concat()),
        ("auth-key-v1", "sha256_secret_text", [secret, TIME].concat()),
        ("auth-key-v2", "sha256_secret_text", [secret, TIME].concat()),
        ("auth-key-v3", "sha256_secret_text", [secret, TIME].concat()),
    ] {
        let signature = STANDARD.encode(hmac_sha256(&Sha256::digest(key)));
        let mut body = body(scheme, id, &signature);
        body["derivation"] = json!({"kind": kind, "text": STANDARD.encode(TIME)});
        assert_eq!(verdict(&server, &body).await["valid"], true, "{scheme}");
        body["derivation"] = json!({"text": STANDARD.encode("1348748097")});
        assert_eq!(verdict(&server, &body).await["valid"], false, "{scheme}");
    }

    let new = json!({"principal": "p", "auth_scheme": "mac", "algorithm": "hmac-sha-256"});
    let mac = server.post("/v1.0/creds", &new.to_string()).await.json();
    let (id, key) = (&mac["mac"]["mac_key_identifier"], &mac["mac"]["mac_key"]);
    let (id, key) = (id.as_str().unwrap(), key.as_str().unwrap());
    let decoded = STANDARD.encode(hmac_sha256(&URL_SAFE_NO_PAD.decode(key).unwrap()));
    let raw = STANDARD.encode(hmac_sha256(key.as_bytes()));
    for (scheme, signature, valid) in [
        ("mac", &decoded, true),
        ("mac", &raw, false),
        ("mac-draft", &raw, true),
        ("mac-draft", &decoded, false),
    ] {
        let body = body(scheme, id, signature);
        assert_eq!(verdict(&server, &body).await["valid"], valid, "{scheme}");
    }
}

#[tokio::test]
async fn the_schemes_of_sha_1_verify_with_it() {
    let server = Server::start().await;
    for (auth_scheme, member, id, secret) in [
        ("hmac-auth", "hmac_auth", "key_id", "key_data"),
        ("moxie", "moxie", "api_key", "shared_secret"),
        ("mac", "mac", "mac_key_identifier", "mac_key"),
    ] {
        let made = server.create("p", auth_scheme).await;
        let (id, secret) = (
            made[member][id].as_str().unwrap(),
            made[member][secret].as_str().unwrap(),
        );
        let key = match auth_scheme {
            "mac" => URL_SAFE_NO_PAD.decode(secret).unwrap(),
            _ => secret.as_bytes().to_vec(),
        };
        let right = body(auth_scheme, id, &STANDARD_NO_PAD.encode(hmac_sha1(&key)));
        assert_eq!(
            verdict(&server, &right).await["valid"],
            true,
            "{auth_scheme}"
        );
        let longer = body(auth_scheme, id, &STANDARD.encode(hmac_sha256(&key)));
        assert_eq!(
            verdict(&server, &longer).await["valid"],
            false,
            "{auth_scheme}"
        );
    }
}

#[tokio::test]
async fn bad_213_every_no_is_the_same_and_no_answer_has_a_mac_in_it() {
    let server = Server::start().await;
    let (id, signature) = signed(&server).await;
    let good = body("hmac-auth-sha256", &id, &signature);
    let mut wrong_message = good.clone();
    wrong_message["string_to_sign"] = STANDARD.encode("other").into();
    let zeros = STANDARD.encode([0; 32]);
    let mac = server.create_mac().await;
    let basic = server.create("p", "basic").await;
    let api_key = basic["basic"]["api_key"].as_str().unwrap();
    let handle = server.registry.disguise(api_key).to_string();
    for (why, body) in [
        ("another text", wrong_message),
        ("another signature", body("hmac-auth-sha256", &id, &zeros)),
        (
            "a signature of another length",
            body("hmac-auth-sha256", &id, &"0".repeat(40)),
        ),
        (
            "an unknown id",
            body("hmac-auth-sha256", "nobody", &signature),
        ),
        (
            "an id that cannot be",
            body("hmac-auth-sha256", "a b\u{e9}\n", &signature),
        ),
        ("an empty id", body("hmac-auth-sha256", "", &signature)),
        ("another scheme", body("hmac-auth", &id, &signature)),
        (
            "a scheme of another kind",
            body("moxie", &id, &"0".repeat(40)),
        ),
        ("another kind of credential", body("mac", &id, &signature)),
        (
            "another algorithm than the credential's",
            body("mac", &mac, &zeros),
        ),
        ("an api key", body("mac", api_key, &zeros)),
        ("a handle", body("mac", &handle, &zeros)),
    ] {
        let answer = server.post(URL, &body.to_string()).await;
        assert_eq!(
            (answer.status.as_u16(), answer.text.as_str()),
            (200, r#"{"valid":false}"#),
            "{why}"
        );
    }
    assert_eq!(verdict(&server, &good).await["valid"], true);
    assert!(!server.audit.text().contains(api_key));
}

#[tokio::test]
async fn bad_213_an_api_key_of_the_agent_api_verifies_no_signature_of_any_scheme() {
    let server = Server::start().await;
    let made = server.create("p", "agent").await;
    let id = made["agent"]["api_key"].as_str().unwrap();
    let secret = made["agent"]["secret"].as_str().unwrap().as_bytes();
    let decoded = URL_SAFE_NO_PAD.decode(secret).unwrap();
    let (before, after) = ([TIME, secret].concat(), [secret, TIME].concat());
    for (scheme, signature) in [
        ("auth-key", hmac_sha256(&Sha256::digest(before))),
        ("auth-key-v3", hmac_sha256(&Sha256::digest(after))),
        ("hmac-auth", hmac_sha1(secret)),
        ("hmac-auth-sha256", hmac_sha256(secret)),
        ("moxie", hmac_sha1(secret)),
        ("mac", hmac_sha1(&decoded)),
        ("mac-draft", hmac_sha1(secret)),
    ] {
        let mut body = body(scheme, id, &STANDARD.encode(signature));
        if scheme.starts_with("auth-key") {
            body["derivation"] = json!({"text": STANDARD.encode(TIME)});
        }
        let said = verdict(&server, &body).await;
        assert_eq!(said, json!({"valid": false}), "{scheme}");
    }
    server.registry.close().await;
    let unused = server.get(&format!("/v1.0/creds/{id}")).await.json();
    assert_eq!(unused.get("last_used_at"), None, "{unused}");
}

#[tokio::test]
async fn bad_211_a_credential_that_may_not_be_used_verifies_nothing_from_then_on() {
    let server = Server::start().await;
    let (id, signature) = signed(&server).await;
    let body = body("hmac-auth-sha256", &id, &signature);
    let valid = async || verdict(&server, &body).await["valid"].as_bool().unwrap();
    assert!(valid().await);
    server.patch(&id, r#"{"state":"inactive"}"#).await;
    assert!(!valid().await);
    server
        .patch(
            &id,
            r#"{"state":"active","expires_at":"2026-01-01T00:00:00Z"}"#,
        )
        .await;
    assert!(valid().await, "the last second counts");
    server.clock.advance(1);
    assert!(!valid().await);
    server.patch(&id, r#"{"expires_at":null}"#).await;
    assert!(valid().await);
    assert_eq!(
        server.rotate(&id, r#"{"overlap_seconds":0}"#).await.status,
        201
    );
    assert!(
        !valid().await,
        "without an overlap the old one ends at once"
    );

    let (id, signature) = signed(&server).await;
    let other = self::body("hmac-auth-sha256", &id, &signature);
    assert_eq!(verdict(&server, &other).await["valid"], true);
    server.delete(&id).await;
    assert_eq!(verdict(&server, &other).await, json!({"valid": false}));
}

#[tokio::test]
async fn bad_200_a_request_to_verify_that_cannot_be_right_is_refused() {
    let server = Server::start().await;
    let good = body("hmac-auth", "id", &"0".repeat(40));
    let refuse = async |name: &str, value: Value, code: &str, member: &str| {
        let mut body = good.clone();
        body[name] = value;
        let answer = server.post(URL, &body.to_string()).await;
        answer.is_problem_of(code, member);
    };
    for scheme in ["basic", "HMAC-AUTH", "", "hmac-auth-md5"] {
        refuse("scheme", scheme.into(), "invalid_member", "scheme").await;
    }
    for signature in ["", "AAAA", "zz", "Q7N5qsQoQgAv62aXbnTBOaZvPH8\n"] {
        refuse("signature", signature.into(), "invalid_member", "signature").await;
    }
    refuse(
        "string_to_sign",
        "a b".into(),
        "invalid_member",
        "string_to_sign",
    )
    .await;
    refuse("id", 1.into(), "invalid_member", "id").await;
    refuse("audience", "x".into(), "unknown_member", "audience").await;
    refuse("derivation", "raw".into(), "invalid_member", "derivation").await;
    for (derivation, code, member) in [
        (json!({"kind": "base64url"}), "invalid_member", "kind"),
        (
            json!({"algorithm": "hmac-sha-256"}),
            "invalid_member",
            "algorithm",
        ),
        (json!({"algorithm": "md5"}), "invalid_member", "algorithm"),
        (json!({"text": "AAAA"}), "invalid_member", "text"),
        (json!({"secret": "x"}), "unknown_member", "secret"),
    ] {
        refuse("derivation", derivation, code, member).await;
    }
    refuse("scheme", "auth-key".into(), "missing_member", "text").await;
    for name in ["scheme", "id", "string_to_sign", "signature"] {
        let mut body = good.clone();
        body.as_object_mut().unwrap().remove(name);
        let answer = server.post(URL, &body.to_string()).await;
        answer.is_problem_of("missing_member", name);
    }
}

#[tokio::test]
async fn bad_214_a_token_for_something_else_does_not_verify() {
    let server = Server::start().await;
    let lookup = server.add_token("lookup", Scope::Lookup).await;
    let verify = server.add_token("verify", Scope::Verify).await;
    let body = body("hmac-auth", "id", &"0".repeat(40)).to_string();
    lookup
        .post(URL, &body)
        .await
        .is_problem(403, "scope_insufficient");
    server
        .post(URL, &body)
        .await
        .is_problem(401, "token_required");
    assert_eq!(verify.post(URL, &body).await.status, 200);
}
