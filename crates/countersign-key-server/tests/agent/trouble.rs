//! Answers that tell nothing, stores that fail, and callers that go away.

use std::collections::BTreeSet;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use countersign_key_server::seal::MasterKey;
use countersign_key_server::store::{MemoryStore, StoreErrorKind};
use serde_json::{Value, json};

use crate::faulty::{Fault, Faulty};
use crate::support::{Agent, Answer, HOST, Server, hesitant, request};

#[track_caller]
fn are_the_same(answers: &[Answer]) {
    for answer in answers {
        answer.refused(403, "wrong_signature");
        assert_eq!(answer.headers, answers[0].headers);
        assert_eq!(answer.text, answers[0].text);
    }
}

#[tokio::test]
async fn an_unknown_account_is_answered_as_a_wrong_password() {
    let server = Server::start().await;
    let alice = Agent {
        password: "wrong".to_owned(),
        ..server.agent("alice").await
    };
    let nobody = server.from("198.51.100.1").stranger("nobody");
    are_the_same(&[alice.login().await, nobody.login().await]);
}

#[tokio::test]
async fn an_api_key_that_cannot_be_used_is_answered_as_a_wrong_secret() {
    let server = Server::start().await;
    let (api_key, secret) = server.api_key().await;
    let (deleted, its_secret) = server.api_key().await;
    let mut delete = request(&format!("/v1.0/creds/{deleted}"), None, "a/b", "");
    *delete.method_mut() = http::Method::DELETE;
    assert!(server.send(delete).await.status.is_success());
    let body = r#"{"principal":"dave","auth_scheme":"mac"}"#;
    let of_mac = server.send(request("/v1.0/creds", None, "application/json", body));
    let of_mac: Value = serde_json::from_str(&of_mac.await.text).unwrap();
    let text = |name: &str| of_mac["mac"][name].as_str().unwrap().to_owned();
    let (of_mac, mac_key) = (text("mac_key_identifier"), text("mac_key"));

    let mut answers = Vec::new();
    for (address, (api_key, secret)) in [
        (api_key.as_str(), "wrong"),
        ("unknown", secret.as_str()),
        (&deleted, &its_secret),
        (&of_mac, &mac_key),
        // What another account of the agent API signs with is no API key.
        ("alice", "password of alice"),
    ]
    .into_iter()
    .enumerate()
    {
        let server = server.from(&format!("198.51.100.{address}"));
        let stranger = server.stranger("alice");
        answers.push(stranger.create(api_key, secret).await);
    }
    are_the_same(&answers);
    server
        .stranger("alice")
        .create(&api_key, &secret)
        .await
        .json();
}

/// A request to every resource, which is right.
async fn one_of_each(agent: &Agent, api_key: &str, secret: &str) -> Vec<(&'static str, Value)> {
    let stranger = agent.server.stranger("bob");
    let public = agent.public_key("x").await.json()["key"].clone();
    let peer = format!("shared-secret:{}", public.as_str().unwrap());
    vec![
        ("Account/Create", stranger.create_body(api_key, secret)),
        ("Account/Login", agent.login_body()),
        ("Crypto/GetAlgorithms", json!({})),
        ("Crypto/CreateKey", agent.create_key_body("ed25519", "new")),
        ("Crypto/GetPublicKey", json!({"keyId": "x"})),
        (
            "Crypto/SignData",
            agent.use_body("ed25519", "s", "data", "AAAA"),
        ),
        (
            "Crypto/GetSharedSecret",
            agent.use_body("x25519", "x", "publicKey", &peer),
        ),
        ("Account/Refresh", json!({"seconds": 60})),
        ("Account/Logout", json!({})),
    ]
}

/// A store that can fail, and somebody with an account and two keys in it.
async fn fixture() -> (Arc<Faulty>, Agent, (String, String)) {
    let store = Arc::new(Faulty::new(MemoryStore::new()));
    let master = MasterKey::generate().unwrap();
    let server = Server::over(Arc::clone(&store) as _, &master, |settings| settings).await;
    let api_key = server.api_key().await;
    let agent = server.agent("alice").await;
    agent.create_key("x25519", "x").await.json();
    agent.create_key("ed25519", "s").await.json();
    (store, agent, api_key)
}

#[track_caller]
fn is_unavailable(answer: &Answer) {
    answer.refused(503, "store_unavailable");
    let seconds = answer.headers["retry-after"].to_str().unwrap();
    assert!(seconds.parse::<u64>().unwrap() >= 1);
    assert!(!answer.text.contains("hunter2") && !answer.text.contains("broken"));
}

#[tokio::test]
async fn a_store_that_fails_is_told_and_nothing_is_lost() {
    let (store, agent, (api_key, secret)) = fixture().await;
    let calls = one_of_each(&agent, &api_key, &secret).await;
    for kind in [
        StoreErrorKind::Unavailable,
        StoreErrorKind::Damaged,
        StoreErrorKind::Incompatible,
        StoreErrorKind::Misconfigured,
    ] {
        store.set(Fault::Fails(kind));
        for (resource, body) in &calls {
            is_unavailable(&agent.post(resource, body).await);
        }
    }
    // No nonce was used, and no session ended.
    store.set(Fault::None);
    for (resource, body) in &calls[..7] {
        agent.post(resource, body).await.json();
    }
    agent.post("Account/Logout", &json!({})).await.json();
}

#[tokio::test(start_paused = true)]
async fn a_store_that_does_not_answer_is_told() {
    let (store, agent, (api_key, secret)) = fixture().await;
    let calls = one_of_each(&agent, &api_key, &secret).await;
    store.set(Fault::NeverAnswers);
    for (resource, body) in &calls {
        let answer = tokio::time::timeout(Duration::from_secs(30), agent.post(resource, body));
        is_unavailable(&answer.await.unwrap());
    }
}

/// Polls a call so many times and drops it; what it gave, if it was done.
async fn drop_after<F: Future>(polls: usize, call: F) -> Option<F::Output> {
    let mut call = pin!(call);
    let mut polled = 0;
    poll_fn(|context| {
        if polled == polls {
            return Poll::Ready(None);
        }
        polled += 1;
        call.as_mut().poll(context).map(Some)
    })
    .await
}

#[tokio::test]
async fn a_request_to_make_a_key_that_is_dropped_leaves_a_whole_key_or_none() {
    let master = MasterKey::generate().unwrap();
    let server = Server::over(hesitant(), &master, |settings| settings).await;
    let agent = server.agent("alice").await;
    let mut seen = BTreeSet::new();
    for polls in 0.. {
        let id = format!("after {polls}");
        let body = agent.create_key_body("ed25519", &id);
        let done = drop_after(polls, agent.post("Crypto/CreateKey", &body)).await;
        let kept = agent.public_key(&id).await;
        let again = agent.post("Crypto/CreateKey", &body).await;
        let outcome = match (kept.status.as_u16(), again.status.as_u16()) {
            (404, 200) => "nothing was done",
            (404, 400) => {
                again.refused(400, "nonce_reused");
                agent.create_key("ed25519", &id).await.json();
                "the nonce was used"
            }
            (200, 400) => {
                again.refused(400, "nonce_reused");
                "the key was made"
            }
            other => panic!("{other:?} after {polls} polls"),
        };
        // Whatever there is now is whole.
        agent.sign_data("ed25519", &id, b"data").await.json();
        seen.insert(outcome);
        if let Some(done) = done {
            done.json();
            assert_eq!(outcome, "the key was made");
            break;
        }
    }
    assert_eq!(seen.len(), 3, "{seen:?}");
}

#[tokio::test]
async fn a_request_for_another_host_is_refused_as_text() {
    let server = Server::with(|settings| settings.agent_hosts(["keys.example.org", HOST])).await;
    let agent = server.agent("alice").await;
    for host in ["localhost", "127.0.0.1", "keys.example.org:80", "", "a b"] {
        let body = agent.login_body().to_string();
        let mut request = request("/Agent/Account/Login", None, "application/json", &body);
        request.headers_mut().insert("host", host.parse().unwrap());
        let answer = agent.server.send(request).await;
        answer.refused(421, "foreign_host");
    }
    agent.login().await.json();
}
