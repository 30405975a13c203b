//! Stores that fail, are slow, or hold what cannot be read.

use std::time::Duration;

use countersign_key_server::credential::CredentialId;
use countersign_key_server::seal::Sealed;
use countersign_key_server::store::{
    Change, CredentialStore as _, Revision, Scope, StoreErrorKind,
};
use http::Method;

use crate::support::{Answer, Fault, Server, request};

const KINDS: [StoreErrorKind; 4] = [
    StoreErrorKind::Unavailable,
    StoreErrorKind::Damaged,
    StoreErrorKind::Incompatible,
    StoreErrorKind::Misconfigured,
];

/// The answers of every route that needs the store.
async fn answers(server: &Server) -> Vec<Answer> {
    let json = |method, target, body| request(method, target, Some(body));
    let requests = [
        request(Method::GET, "/v1.0/creds/abc", None),
        request(Method::GET, "/v1.0/creds/abc?deleted=true", None),
        request(Method::GET, "/v1.0/creds?principal=p", None),
        request(Method::GET, "/v1.0/creds/?deleted=true", None),
        json(Method::POST, "/v1.0/creds", r#"{"principal":"p"}"#),
        json(Method::POST, "/v1.0/creds/", r#"{"principal":"p"}"#),
        json(Method::PATCH, "/v1.0/creds/abc", "{}"),
        json(
            Method::POST,
            "/v1.0/creds/abc/rotate",
            r#"{"overlap_seconds":0}"#,
        ),
        request(Method::DELETE, "/v1.0/creds/abc", None),
        json(
            Method::POST,
            "/v1.0/verify",
            r#"{"scheme":"mac","id":"abc","string_to_sign":"","signature":"0000000000000000000000000000000000000000"}"#,
        ),
        request(Method::GET, "/readyz", None),
    ];
    let mut answers = Vec::new();
    for request in requests {
        answers.push(server.send(request).await);
    }
    answers
}

fn all_unavailable(answers: &[Answer]) {
    for answer in answers {
        answer.is_problem(503, "store_unavailable");
        let seconds: u64 = answer.header("retry-after").parse().unwrap();
        assert!(seconds >= 1);
        assert!(!answer.text.contains("hunter2") && !answer.text.contains("broken"));
    }
}

#[tokio::test]
async fn bad_220_a_store_that_fails_is_503_on_every_route_and_the_server_lives() {
    let server = Server::start().await;
    // Tokens are known for a second: what fails below is the operation itself.
    assert_eq!(server.get("/v1.0/creds?principal=p").await.status, 200);
    for kind in KINDS {
        server.store.set(Fault::Fails(kind));
        all_unavailable(&answers(&server).await);
        assert_eq!(server.get("/livez").await.status, 200);
    }
    server.store.set(Fault::None);
    assert_eq!(server.get("/readyz").await.status, 200);
    let all = server.get("/v1.0/creds?deleted=true").await.json();
    assert_eq!(
        all["creds"].as_array().unwrap().len(),
        0,
        "something was half done"
    );
}

#[tokio::test(start_paused = true)]
async fn bad_220_a_store_that_never_answers_is_503_in_time() {
    let server = Server::start().await;
    server.store.set(Fault::NeverAnswers);
    let begun = tokio::time::Instant::now();
    all_unavailable(&answers(&server).await);
    assert!(begun.elapsed() < Duration::from_secs(60));
    assert_eq!(server.get("/livez").await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn bad_220_when_the_tokens_cannot_be_read_nobody_is_let_in() {
    let server = Server::start().await;
    let admin = server.add_token("a", Scope::Admin).await;
    assert_eq!(admin.get("/v1.0/creds?deleted=true").await.status, 200);
    tokio::time::advance(Duration::from_secs(1)).await;
    server.store.set(Fault::Fails(StoreErrorKind::Unavailable));
    for caller in [&server, &admin] {
        let answer = caller.get("/v1.0/creds?deleted=true").await;
        answer.is_problem(503, "store_unavailable");
    }
    server.store.set(Fault::None);
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(admin.get("/v1.0/creds?deleted=true").await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn bad_220_a_dead_store_is_asked_for_the_tokens_once_a_second() {
    let server = std::sync::Arc::new(Server::start().await);
    server.store.set(Fault::NeverAnswers);
    let calls = server.store.calls();
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..100 {
        let server = std::sync::Arc::clone(&server);
        callers.spawn(async move { server.get("/v1.0/creds/abc").await.status.as_u16() });
    }
    assert!(callers.join_all().await.iter().all(|it| *it == 503));
    assert_eq!(server.store.calls() - calls, 1);
}

#[tokio::test]
async fn a_change_that_is_always_too_late_is_given_up() {
    let server = Server::start().await;
    let id = server.create_mac().await;
    server.store.set(Fault::Stale);
    for answer in [
        server.delete(&id).await,
        server.patch(&id, r#"{"state":"inactive"}"#).await,
        server.rotate(&id, r#"{"overlap_seconds":0}"#).await,
    ] {
        answer.is_problem(503, "store_contended");
    }
    server.store.set(Fault::Taken);
    let answer = server.post("/v1.0/creds", r#"{"principal":"p"}"#).await;
    answer.is_problem(503, "store_contended");
}

#[tokio::test]
async fn a_secret_that_does_not_open_is_503_and_never_404_or_garbage() {
    let server = Server::start().await;
    let id = server.create_mac().await;
    let key = CredentialId::parse(id.as_str()).unwrap();
    let sealed = server.store.get(&key).await.unwrap().unwrap().sealed;
    let mut bytes = sealed.as_bytes().to_vec();
    *bytes.last_mut().unwrap() ^= 1;
    let change = Change::Sealed(Sealed::from_bytes(bytes));
    let _ = server
        .store
        .update(&key, Revision::FIRST, change)
        .await
        .unwrap();
    let body = format!(
        r#"{{"scheme":"mac","id":"{id}","string_to_sign":"","signature":"{}"}}"#,
        "0".repeat(40)
    );
    for answer in [
        server.get(&format!("/v1.0/creds/{id}")).await,
        server.get("/v1.0/creds?principal=dave@example.com").await,
        server.post("/v1.0/verify", &body).await,
    ] {
        answer.is_problem(503, "credential_unreadable");
        assert!(!answer.header("retry-after").is_empty());
    }
    // It can still be deleted.
    assert_eq!(server.delete(&id).await.status, 200);
}

#[tokio::test]
async fn bad_228_a_store_that_cannot_note_uses_does_not_keep_a_lookup_waiting() {
    let server = Server::start().await;
    let id = server.create_mac().await;
    assert_eq!(server.get(&format!("/v1.0/creds/{id}")).await.status, 200);
    server.store.set(Fault::Fails(StoreErrorKind::Unavailable));
    server.registry.close().await;
    server.store.set(Fault::None);
    assert_eq!(server.get(&format!("/v1.0/creds/{id}")).await.status, 200);
}
