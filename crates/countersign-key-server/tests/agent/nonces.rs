//! A nonce does once.

use std::sync::Arc;

use countersign_key_server::seal::MasterKey;
use countersign_key_server::store::{CredentialStore, MemoryStore};
use serde_json::{Value, json};

use crate::support::{Agent, HOST, NAMESPACE, Server, at_once, hesitant, nonce, one_wins, sign};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_equal_requests_at_once_one_makes_a_key() {
    let master = MasterKey::generate().unwrap();
    let server = Server::over(hesitant(), &master, |settings| settings).await;
    let agent = server.agent("alice").await;
    let body = agent.create_key_body("ed25519", "first");
    let answers = at_once(64, |_| {
        let (agent, body) = (agent.clone(), body.clone());
        async move { agent.post("Crypto/CreateKey", &body).await }
    })
    .await;
    one_wins(&answers, 400, "nonce_reused");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_logins_at_once_with_one_nonce_one_is_taken() {
    let master = MasterKey::generate().unwrap();
    let server = Server::over(hesitant(), &master, |settings| settings).await;
    let agent = server.agent("alice").await;
    let body = agent.login_body();
    let answers = at_once(64, |_| {
        let (agent, body) = (agent.clone(), body.clone());
        async move { agent.post("Account/Login", &body).await }
    })
    .await;
    one_wins(&answers, 400, "nonce_reused");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_equal_requests_at_two_servers_of_one_store_one_is_taken() {
    let store = hesitant();
    let master = MasterKey::generate().unwrap();
    let one = Server::over(Arc::clone(&store) as _, &master, |settings| settings).await;
    let other = Server::over(store, &master, |settings| settings).await;
    let agent = one.agent("alice").await;
    let body = agent.create_key_body("ed25519", "first");
    let answers = at_once(32, |number| {
        let server = if number % 2 == 0 { &one } else { &other };
        let (server, jwt, body) = (server.clone(), agent.jwt.clone(), body.clone());
        async move {
            let path = "/Agent/Crypto/CreateKey";
            server.post(path, Some(&jwt), &body).await
        }
    })
    .await;
    one_wins(&answers, 400, "nonce_reused");
}

#[tokio::test]
async fn a_used_nonce_is_refused_after_a_restart_and_from_elsewhere() {
    let store: Arc<dyn CredentialStore> = Arc::new(MemoryStore::new());
    let master = MasterKey::generate().unwrap();
    let start = || Server::over(Arc::clone(&store), &master, |settings| settings);
    let mut agent = start().await.agent("alice").await;
    let (key, login) = (
        agent.create_key_body("ed25519", "first"),
        agent.login_body(),
    );
    agent.post("Crypto/CreateKey", &key).await.json();
    agent.post("Account/Login", &login).await.json();
    for server in [
        start().await,
        start().await.from("198.51.100.7"),
        agent.server.from("2001:db8::1"),
    ] {
        agent.server = server;
        for (resource, body) in [("Crypto/CreateKey", &key), ("Account/Login", &login)] {
            let answer = agent.post(resource, body).await;
            answer.refused(400, "nonce_reused");
        }
    }
}

#[tokio::test]
async fn a_wrong_request_signature_leaves_the_nonce_unused() {
    let agent = Server::start().await.agent("alice").await;
    let right = agent.create_key_body("ed25519", "first");
    let mut wrong = right.clone();
    wrong["requestSignature"] = json!(sign("another password", "anything"));
    for _ in 0..2 {
        let answer = agent.post("Crypto/CreateKey", &wrong).await;
        answer.refused(403, "wrong_signature");
    }
    agent.post("Crypto/CreateKey", &right).await.json();
}

#[tokio::test]
async fn a_nonce_of_a_login_is_used_for_a_key_too_and_the_other_way_round() {
    let agent = Server::start().await.agent("alice").await;
    for key_first in [true, false] {
        let nonce = nonce();
        let key = with_nonce(&agent, &nonce, if key_first { "one" } else { "two" });
        let signature = sign(&agent.password, &["alice", HOST, &nonce].join(":"));
        let login =
            json!({"userName": "alice", "nonce": nonce, "signature": signature, "seconds": 60});
        let mut calls = [("Crypto/CreateKey", key), ("Account/Login", login)];
        if !key_first {
            calls.reverse();
        }
        let [(first, body), (second, other)] = calls;
        agent.post(first, &body).await.json();
        agent
            .post(second, &other)
            .await
            .refused(400, "nonce_reused");
    }
}

/// A request to make a key with this nonce.
fn with_nonce(agent: &Agent, nonce: &str, id: &str) -> Value {
    let s1 = agent.s1("ed25519", id);
    let key_signature = sign("key", &s1);
    json!({
        "localName": "ed25519", "namespace": NAMESPACE, "id": id, "nonce": nonce,
        "requestSignature": sign(&agent.password, &format!("{s1}:{key_signature}:{nonce}")),
        "keySignature": key_signature,
    })
}

#[tokio::test]
async fn another_account_may_use_the_same_nonce() {
    let server = Server::start().await;
    let nonce = nonce();
    for user in ["alice", "bob"] {
        let agent = server.agent(user).await;
        let body = with_nonce(&agent, &nonce, "first");
        agent.post("Crypto/CreateKey", &body).await.json();
    }
}

#[tokio::test]
async fn a_refused_duplicate_has_used_its_nonce() {
    let agent = Server::start().await.agent("alice").await;
    agent.create_key("ed25519", "first").await.json();
    let again = agent.create_key_body("ed25519", "first");
    for code in ["key_exists", "nonce_reused"] {
        let answer = agent.post("Crypto/CreateKey", &again).await;
        answer.refused(400, code);
    }
}

fn text(body: &Value, name: &str) -> String {
    body[name].as_str().unwrap().to_owned()
}

/// A request to use the key `first` with this key signature, signed as `from` is.
fn use_of(from: &Value, key_signature: &str, input: &str, value: &str) -> Value {
    json!({
        "keyId": "first", "keySignature": key_signature, "nonce": from["nonce"], input: value,
        "requestSignature": from["requestSignature"],
    })
}

/// A request to make a key, signed as `from` is.
fn key_of(from: &Value, id: &str, key_signature: &str, nonce: &str) -> Value {
    json!({
        "localName": "x25519", "namespace": NAMESPACE, "id": id, "nonce": nonce,
        "keySignature": key_signature, "requestSignature": from["requestSignature"],
    })
}

/// A login, signed as `from` is.
fn login_of(from: &Value, nonce: &str) -> Value {
    let signature = &from["requestSignature"];
    json!({"userName": "alice", "nonce": nonce, "signature": signature, "seconds": 60})
}

/// What was signed for one resource, dressed up as a request to another.
#[tokio::test]
async fn a_signature_for_one_resource_passes_for_no_other() {
    let agent = Server::start().await.agent("alice").await;
    agent.create_key("x25519", "first").await.json();
    let public = agent.public_key("first").await.json()["key"].clone();
    let public = public.as_str().unwrap();
    let s1 = agent.s1("x25519", "first");

    let create = agent.create_key_body("x25519", "first");
    let data = agent.use_body("x25519", "first", "data", public);
    let middle = format!("shared-secret:{public}");
    let secret = agent.use_body("x25519", "first", "publicKey", &middle);
    let login = agent.login_body();

    let key_signature = text(&create, "keySignature");
    let after_host = s1.strip_prefix(&format!("alice:{HOST}:")).unwrap();
    let nonce_of = |from: &Value, middle: &str| {
        let nonce = text(from, "nonce");
        format!("{after_host}:{key_signature}:{middle}{nonce}")
    };
    let wrong = [
        (
            "Crypto/SignData",
            use_of(&create, &key_signature, "data", ""),
        ),
        (
            "Crypto/SignData",
            use_of(&create, &key_signature, "data", public),
        ),
        (
            "Crypto/SignData",
            use_of(&secret, &key_signature, "data", public),
        ),
        (
            "Crypto/GetSharedSecret",
            use_of(&create, &key_signature, "publicKey", ""),
        ),
        (
            "Crypto/GetSharedSecret",
            use_of(&data, &key_signature, "publicKey", public),
        ),
        (
            "Crypto/CreateKey",
            key_of(&data, "first", public, &text(&data, "nonce")),
        ),
        (
            "Crypto/CreateKey",
            key_of(&data, "first", &key_signature, &text(&data, "nonce")),
        ),
        ("Account/Login", login_of(&create, &text(&create, "nonce"))),
    ];
    let unreadable = [
        (
            "Crypto/SignData",
            use_of(&secret, &key_signature, "data", &middle),
        ),
        (
            "Crypto/CreateKey",
            key_of(
                &data,
                &format!("first:{key_signature}"),
                public,
                &text(&data, "nonce"),
            ),
        ),
        (
            "Crypto/CreateKey",
            key_of(
                &data,
                "first",
                &key_signature,
                &format!("{public}:{}", text(&data, "nonce")),
            ),
        ),
        ("Account/Login", login_of(&create, &nonce_of(&create, ""))),
        (
            "Account/Login",
            login_of(&data, &nonce_of(&data, &format!("{public}:"))),
        ),
    ];
    let mut address = 0;
    let wrong = wrong.map(|call| (call, (403, "wrong_signature")));
    let unreadable = unreadable.map(|call| (call, (400, "invalid_member")));
    for ((resource, body), (status, code)) in wrong.into_iter().chain(unreadable) {
        // Each from an address of its own, none of which guesses often.
        address += 1;
        let elsewhere = Agent {
            server: agent.server.from(&format!("198.51.100.{address}")),
            ..agent.clone()
        };
        let answer = elsewhere.post(resource, &body).await;
        answer.refused(status, code);
    }

    // All of them are right where they belong, and none has lost its nonce.
    agent.post("Account/Login", &login).await.json();
    agent.post("Crypto/GetSharedSecret", &secret).await.json();
    let signed = agent.post("Crypto/SignData", &data).await;
    signed.refused(400, "unsuitable_key");
    let made = agent.post("Crypto/CreateKey", &create).await;
    made.refused(400, "key_exists");
}
