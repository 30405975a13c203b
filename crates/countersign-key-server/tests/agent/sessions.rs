//! Sessions: how long they last, and that nobody makes their own.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_core::Timestamp;
use countersign_key_server::maintenance::{open_keyring, rekey};
use countersign_key_server::seal::MasterKey;
use countersign_key_server::store::{CredentialStore, EntryId, EntryKind, MemoryStore};
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::HeaderValue;
use serde_json::{Value, json};
use sha2::{Sha256, Sha512};

use crate::support::{Agent, Answer, NOW, Server, at_once, hesitant, one_wins, request};

const DAY: i64 = 24 * 3600;

impl Agent {
    /// The same, in another session.
    fn with(&self, jwt: impl Into<String>) -> Self {
        Self {
            jwt: jwt.into(),
            ..self.clone()
        }
    }

    /// Something that needs a session.
    async fn ask(&self) -> Answer {
        self.post("Crypto/GetAlgorithms", &json!({})).await
    }

    async fn refresh(&self, seconds: u64) -> Answer {
        let body = json!({"seconds": seconds});
        self.post("Account/Refresh", &body).await
    }

    async fn logout(&self) -> Answer {
        self.post("Account/Logout", &json!({})).await
    }

    async fn logged_in(&self) -> Self {
        let said = self.login().await.json();
        self.with(said["jwt"].as_str().unwrap())
    }

    async fn refreshed(&self, seconds: u64) -> (Self, i64) {
        let said = self.refresh(seconds).await.json();
        let expires = said["expires"].as_i64().unwrap();
        (self.with(said["jwt"].as_str().unwrap()), expires)
    }
}

#[track_caller]
fn needs_a_session(answer: &Answer) {
    answer.refused(401, "session_required");
    let challenge = answer.headers["www-authenticate"].to_str().unwrap();
    assert!(challenge.starts_with("Bearer "), "{challenge}");
}

async fn alice() -> Agent {
    Server::start().await.agent("alice").await
}

#[tokio::test]
async fn a_session_lasts_as_long_as_was_asked_for() {
    let agent = alice().await.logged_in().await;
    agent.server.clock.advance(599);
    agent.ask().await.json();
    agent.server.clock.advance(1);
    needs_a_session(&agent.ask().await);
    needs_a_session(&agent.refresh(60).await);
    needs_a_session(&agent.logout().await);
}

#[tokio::test]
async fn a_session_lasts_from_a_second_to_an_hour() {
    let agent = alice().await;
    for seconds in [
        json!(0),
        json!(3601),
        json!(-1),
        json!("60s"),
        json!("60"),
        json!(1.5),
        json!(null),
    ] {
        for (resource, mut body) in [
            ("Account/Login", agent.login_body()),
            ("Account/Refresh", json!({})),
        ] {
            body["seconds"] = seconds.clone();
            let answer = agent.post(resource, &body).await;
            answer.refused(400, "invalid_member");
        }
    }
    let (agent, expires) = agent.refreshed(1).await;
    assert_eq!(expires, NOW + 1);
    let expires = agent.refreshed(3600).await.1;
    assert_eq!(expires, NOW + 3600);
}

#[tokio::test]
async fn a_refresh_ends_the_session_before_it() {
    let old = alice().await;
    let (new, _) = old.refreshed(60).await;
    needs_a_session(&old.ask().await);
    needs_a_session(&old.refresh(60).await);
    new.ask().await.json();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_refreshes_at_once_one_is_done() {
    let master = MasterKey::generate().unwrap();
    let server = Server::over(hesitant(), &master, |settings| settings).await;
    let agent = server.agent("alice").await;
    let answers = at_once(16, |_| {
        let agent = agent.clone();
        async move { agent.refresh(60).await }
    })
    .await;
    one_wins(&answers, 401, "session_required");
}

#[tokio::test]
async fn a_session_is_refreshed_for_a_day_and_then_needs_the_password() {
    let mut agent = alice().await;
    let mut refreshes = 0;
    loop {
        let (next, expires) = agent.refreshed(3600).await;
        agent = next;
        refreshes += 1;
        let now = NOW + 1800 * i64::from(refreshes);
        assert!(expires <= NOW + DAY, "{expires}");
        agent.server.clock.set(Timestamp::from_unix(now));
        if now >= NOW + DAY - 1800 {
            break;
        }
    }
    // In the last half hour a session is no longer than that.
    let (agent, expires) = agent.refreshed(3600).await;
    assert_eq!(expires, NOW + DAY);
    agent.server.clock.advance(1799);
    let (agent, expires) = agent.refreshed(3600).await;
    assert_eq!(expires, NOW + DAY);
    agent.server.clock.advance(1);
    needs_a_session(&agent.ask().await);
    needs_a_session(&agent.refresh(3600).await);
    agent.login().await.json();
}

#[tokio::test]
async fn a_logout_ends_this_session_and_no_other() {
    let one = alice().await;
    let other = one.logged_in().await;
    assert_eq!(one.logout().await.json(), json!({}));
    needs_a_session(&one.ask().await);
    needs_a_session(&one.logout().await);
    other.ask().await.json();
}

#[tokio::test]
async fn an_ended_session_stays_ended_after_a_restart_and_the_others_go_on() {
    let store: Arc<dyn CredentialStore> = Arc::new(MemoryStore::new());
    let master = MasterKey::generate().unwrap();
    let start = || Server::over(Arc::clone(&store), &master, |settings| settings);
    let one = start().await.agent("alice").await;
    let other = one.logged_in().await;
    one.logout().await.json();
    let server = start().await;
    let at = |agent: &Agent| Agent {
        server: server.clone(),
        ..agent.clone()
    };
    needs_a_session(&at(&one).ask().await);
    at(&other).ask().await.json();
    at(&other).logout().await.json();
    needs_a_session(&other.ask().await);
}

#[tokio::test]
async fn ended_sessions_are_forgotten_when_they_would_be_over_anyway() {
    let store = Arc::new(MemoryStore::new());
    let master = MasterKey::generate().unwrap();
    let server = Server::over(Arc::clone(&store) as _, &master, |settings| settings).await;
    let mut agent = server.agent("alice").await;
    // Somebody who never logs out.
    for _ in 0..20 {
        agent = agent.refreshed(3600).await.0;
        agent.server.clock.advance(1800);
    }
    let entries = store.entries(None, 1000).await.unwrap();
    let ended = entries.iter();
    let ended = ended.filter(|it| it.id.kind == EntryKind::EndedSession);
    assert!(ended.count() <= 3);
}

fn base64(json: &Value) -> String {
    URL_SAFE_NO_PAD.encode(json.to_string())
}

fn payload(jwt: &str) -> Value {
    let payload = jwt.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

fn hs256(key: &[u8], text: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(text.as_bytes());
    URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
}

fn hs512(key: &[u8], text: &str) -> String {
    let mut mac = Hmac::<Sha512>::new_from_slice(key).unwrap();
    mac.update(text.as_bytes());
    URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
}

#[tokio::test]
async fn a_token_that_the_server_did_not_sign_is_no_session() {
    let store = Arc::new(MemoryStore::new());
    let master = MasterKey::generate().unwrap();
    let server = Server::over(Arc::clone(&store) as _, &master, |settings| settings).await;
    let (alice, bob) = (server.agent("alice").await, server.agent("bob").await);
    let foreign = Server::start().await.agent("alice").await;

    let keyring = open_keyring(&*store, &master).await.unwrap().unwrap();
    let id = EntryId::new(EntryKind::TokenKey, "", "1");
    let sealed = store.entry(&id).await.unwrap().unwrap();
    let key = keyring.open_entry(&id, &sealed).unwrap();

    let claims = payload(&alice.jwt);
    let header = |algorithm: &str| base64(&json!({"alg": algorithm, "typ": "JWT"}));
    let text =
        |algorithm: &str, claims: &Value| format!("{}.{}", header(algorithm), base64(claims));
    let right = text("HS256", &claims);
    // What is signed with the very key is a session, so what follows fails by its one fault.
    let own = format!("{right}.{}", hs256(&key, &right));
    alice.with(&own).ask().await.json();

    let parts: Vec<&str> = alice.jwt.split('.').collect();
    let [first, second, third] = parts[..] else {
        panic!("{parts:?}")
    };
    let mut longer = claims.clone();
    longer["exp"] = json!(NOW + 10 * DAY);
    let mut other = claims.clone();
    other["sub"] = json!("bob");
    let with_hs512 = text("HS512", &claims);
    let mut forged = vec![
        foreign.jwt.clone(),
        format!("{right}.{}", hs256(b"another key", &right)),
        format!("{right}.{}", hs256(b"", &right)),
        format!("{first}.{}.{third}", base64(&longer)),
        format!("{first}.{}.{third}", base64(&other)),
        format!("{first}.{second}.{}", bob.jwt.split('.').nth(2).unwrap()),
        format!("{first}.{second}."),
        format!("{first}.{second}"),
        format!("{}.{third}", alice.jwt),
        format!("{with_hs512}.{}", hs512(&key, &with_hs512)),
        format!("{}.{}", text("RS256", &claims), third),
        "a.b.c".to_owned(),
        "..".to_owned(),
        String::new(),
        "x".repeat(100_000),
    ];
    for none in ["none", "None", "NONE", "nOnE", ""] {
        let text = text(none, &claims);
        forged.push(format!("{text}."));
        forged.push(format!("{text}.{}", hs256(&key, &text)));
    }
    for jwt in forged {
        needs_a_session(&alice.with(&jwt).ask().await);
    }
    alice.ask().await.json();
}

#[tokio::test]
async fn a_session_is_shown_once_and_as_a_bearer_token() {
    let agent = alice().await;
    let jwt = agent.jwt.as_str();
    let bearer = format!("Bearer {jwt}");
    for (values, is_taken) in [
        (vec![bearer.clone()], true),
        (vec![format!("bearer {jwt}")], true),
        (vec![], false),
        (vec![jwt.to_owned()], false),
        (vec![format!("Basic {jwt}")], false),
        (vec!["Bearer ".to_owned()], false),
        (vec![bearer.clone(), bearer], false),
    ] {
        let path = "/Agent/Crypto/GetAlgorithms";
        let mut request = request(path, None, "application/json", "{}");
        for value in values {
            let value = HeaderValue::from_str(&value).unwrap();
            request.headers_mut().append("authorization", value);
        }
        let answer = agent.server.send(request).await;
        if is_taken {
            answer.json();
        } else {
            needs_a_session(&answer);
        }
    }
}

#[tokio::test]
async fn every_resource_but_creation_and_login_needs_a_session() {
    let agent = alice().await;
    agent.create_key("x25519", "x").await.json();
    let nobody = agent.with("a.b.c");
    let secret = agent.use_body("x25519", "x", "publicKey", "shared-secret:AAAA");
    for (resource, body) in [
        ("Account/Refresh", json!({"seconds": 60})),
        ("Account/Logout", json!({})),
        ("Crypto/GetAlgorithms", json!({})),
        (
            "Crypto/CreateKey",
            agent.create_key_body("ed25519", "first"),
        ),
        ("Crypto/GetPublicKey", json!({"keyId": "x"})),
        (
            "Crypto/SignData",
            agent.use_body("x25519", "x", "data", "AAAA"),
        ),
        ("Crypto/GetSharedSecret", secret),
    ] {
        needs_a_session(&nobody.post(resource, &body).await);
    }
    nobody.login().await.json();
}

#[tokio::test]
async fn a_stolen_session_makes_and_uses_no_key() {
    let agent = alice().await;
    agent.create_key("ed25519", "hers").await.json();
    let thief = Agent {
        password: "a guess at the password".to_owned(),
        ..agent.clone()
    };
    let answer = thief.create_key("ed25519", "his").await;
    answer.refused(403, "wrong_signature");
    let body = thief.use_body("ed25519", "hers", "data", "AAAA");
    let answer = thief.post("Crypto/SignData", &body).await;
    answer.refused(403, "wrong_signature");
    agent.public_key("his").await.refused(404, "key_unknown");
}

#[tokio::test]
async fn a_session_makes_no_requests_for_another_account() {
    let server = Server::start().await;
    let (alice, bob) = (server.agent("alice").await, server.agent("bob").await);
    // Alice's request in Bob's session is checked with Bob's name and password.
    let body = alice.create_key_body("ed25519", "first");
    let answer = alice.with(&bob.jwt).post("Crypto/CreateKey", &body).await;
    answer.refused(403, "wrong_signature");
    let answer = alice.public_key("first").await;
    answer.refused(404, "key_unknown");
}

#[tokio::test]
async fn accounts_keys_sessions_and_used_nonces_outlive_a_new_master_key() {
    let store = Arc::new(MemoryStore::new());
    let (old, new) = (
        MasterKey::generate().unwrap(),
        MasterKey::generate().unwrap(),
    );
    let server = Server::over(Arc::clone(&store) as _, &old, |settings| settings).await;
    let agent = server.agent("alice").await;
    let body = agent.create_key_body("ed25519", "first");
    agent.post("Crypto/CreateKey", &body).await.json();
    let public = agent.public_key("first").await.json();
    let signature = agent.sign_data("ed25519", "first", b"data").await.json();

    let report = rekey(&*store, &old, &new).await.unwrap();
    assert_eq!(report.damaged_count, 0, "{report:?}");
    let keyring = open_keyring(&*store, &new).await.unwrap().unwrap();
    for entry in store.entries(None, 1000).await.unwrap() {
        assert!(keyring.is_current(&entry.sealed), "{entry:?}");
    }
    let server = Server::over(store, &new, |settings| settings).await;
    let agent = Agent { server, ..agent };
    assert_eq!(agent.public_key("first").await.json(), public);
    let again = agent.sign_data("ed25519", "first", b"data").await.json();
    assert_eq!(again, signature);
    let answer = agent.post("Crypto/CreateKey", &body).await;
    answer.refused(400, "nonce_reused");
    agent.login().await.json();
}
