//! Who may do what.

use std::net::SocketAddr;

use axum::body::Body;
use countersign_core::Timestamp;
use countersign_key_server::api::{Access, ApiSettings};
use countersign_key_server::store::{CredentialStore as _, Scope, TokenId};
use http::{Method, Request};
use serde_json::json;

use crate::support::{Server, request};

/// One request of each operation that needs a token.
fn operations(id: &str) -> Vec<(Method, String, Option<&'static str>)> {
    let item = format!("/v1.0/creds/{id}");
    vec![
        (Method::GET, item.clone(), None),
        (Method::GET, "/v1.0/creds?principal=p".to_owned(), None),
        (
            Method::POST,
            "/v1.0/creds".to_owned(),
            Some(r#"{"principal":"p"}"#),
        ),
        (Method::PATCH, item.clone(), Some("{}")),
        (
            Method::POST,
            format!("{item}/rotate"),
            Some(r#"{"overlap_seconds":9}"#),
        ),
        (Method::DELETE, item, None),
        (
            Method::POST,
            "/v1.0/verify".to_owned(),
            Some(
                r#"{"scheme":"moxie","id":"a","string_to_sign":"","signature":"0000000000000000000000000000000000000000"}"#,
            ),
        ),
        (Method::GET, "/metrics".to_owned(), None),
    ]
}

async fn statuses(server: &Server, id: &str) -> Vec<u16> {
    let mut statuses = Vec::new();
    for (method, target, body) in operations(id) {
        let answer = server.send(request(method, &target, body)).await;
        statuses.push(answer.status.as_u16());
    }
    statuses
}

#[tokio::test]
async fn bad_199_without_a_valid_token_nothing_is_answered() {
    let server = Server::with_settings(|it| it.access(Access::TokensOnly)).await;
    assert_eq!(statuses(&server, "a").await, [401; 8]);
    let admin = server.add_token("admin", Scope::Admin).await;
    assert_eq!(statuses(&server, "a").await, [401; 8]);
    let other = admin.with_token("other");
    let refused = other.get("/v1.0/creds?deleted=true").await;
    refused.is_problem(401, "token_required");
    assert_eq!(
        refused.header("www-authenticate"),
        "Bearer realm=\"key server\""
    );
    for value in [
        "",
        "Bearer",
        "Bearer ",
        "Basic admin-secret-token",
        "admin-secret-token",
        "Bearer admin-secret-toke",
        "Bearer admin-secret-token2",
        "Bearer ADMIN-SECRET-TOKEN",
        "Bearer admin-secret-token, Bearer x",
        "Bearer \u{e9}",
    ] {
        let request = Request::get("/v1.0/creds?deleted=true").header(
            "authorization",
            http::HeaderValue::from_bytes(value.as_bytes()).unwrap(),
        );
        let answer = server.send(request.body(Body::empty()).unwrap()).await;
        answer.is_problem(401, "token_required");
    }
    let twice = Request::get("/v1.0/creds?deleted=true")
        .header("authorization", "Bearer admin-secret-token")
        .header("authorization", "Bearer admin-secret-token");
    let twice = server.send(twice.body(Body::empty()).unwrap()).await;
    twice.is_problem(401, "token_required");
    let long = server.with_token(&"x".repeat(100_000));
    long.get("/v1.0/creds?deleted=true")
        .await
        .is_problem(401, "token_required");
}

#[tokio::test(start_paused = true)]
async fn bad_199_access_is_controlled_from_the_first_token_on_even_when_all_are_revoked() {
    let server = Server::start().await;
    assert_eq!(server.get("/v1.0/creds?deleted=true").await.status, 200);
    let admin = server.add_token("a", Scope::Admin).await;
    tokio::time::advance(std::time::Duration::from_secs(1)).await;
    server
        .get("/v1.0/creds?deleted=true")
        .await
        .is_problem(401, "token_required");
    assert_eq!(admin.get("/v1.0/creds?deleted=true").await.status, 200);
    let id = TokenId::parse("a").unwrap();
    server
        .store
        .revoke_token(&id, Timestamp::from_unix(1))
        .await
        .unwrap();
    tokio::time::advance(std::time::Duration::from_secs(1)).await;
    for caller in [&server, &admin] {
        let answer = caller.get("/v1.0/creds?deleted=true").await;
        answer.is_problem(401, "token_required");
    }
}

#[tokio::test]
async fn bad_199_access_is_never_open_on_an_address_that_others_reach() {
    for listener in ["192.0.2.1:8070", "0.0.0.0:8070", "[::]:8070"] {
        let listener: SocketAddr = listener.parse().unwrap();
        let server = Server::with_settings(|it| {
            let _ = it;
            ApiSettings::new(listener)
        })
        .await;
        let answer = server.get("/v1.0/creds?deleted=true").await;
        answer.is_problem(401, "token_required");
    }
}

#[tokio::test]
async fn bad_199_each_scope_does_its_own_and_no_more() {
    let server = Server::start().await;
    let admin = server.add_token("admin", Scope::Admin).await;
    let lookup = server.add_token("lookup", Scope::Lookup).await;
    let verify = server.add_token("verify", Scope::Verify).await;
    let id = admin.create_mac().await;
    assert_eq!(
        statuses(&lookup, &id).await,
        [200, 403, 403, 403, 403, 403, 403, 404]
    );
    assert_eq!(
        statuses(&verify, &id).await,
        [200, 403, 403, 403, 403, 403, 200, 404]
    );
    assert_eq!(
        statuses(&admin, &id).await,
        [200, 200, 201, 200, 201, 200, 200, 404]
    );
}

#[tokio::test]
async fn bad_205_a_secret_is_shown_to_those_only_whose_scope_allows_it() {
    let server = Server::start().await;
    let admin = server.add_token("admin", Scope::Admin).await;
    let lookup = server.add_token("lookup", Scope::Lookup).await;
    let verify = server.add_token("verify", Scope::Verify).await;
    let made = admin.create("p", "basic").await;
    let api_key = made["basic"]["api_key"].as_str().unwrap();
    let id = admin.create_mac().await;
    let mac = format!("/v1.0/creds/{id}");
    assert!(lookup.get(&mac).await.json()["mac"]["mac_key"].is_string());
    let without = verify.get(&mac).await.json();
    let member = json!({"mac_algorithm": "hmac-sha-1", "mac_key_identifier": id});
    assert_eq!(without["mac"], member);

    let basic = format!("/v1.0/creds/{api_key}");
    assert_eq!(lookup.get(&basic).await.json()["basic"]["api_key"], api_key);
    let without = verify.get(&basic).await;
    assert_eq!(without.json()["basic"], json!({}));
    let shown = format!("{} {:?}", without.text, without.headers);
    assert!(!shown.contains(api_key), "{shown}");
    let handle = server.registry.disguise(api_key);
    assert!(without.header("location").ends_with(handle.as_str()));
}

#[tokio::test]
async fn what_is_for_probers_and_readers_of_the_documentation_needs_no_token() {
    let server = Server::with_settings(|it| it.access(Access::TokensOnly)).await;
    for path in ["/livez", "/readyz", "/openapi.json"] {
        assert_eq!(server.get(path).await.status, 200, "{path}");
    }
    server.get("/elsewhere").await.is_problem(404, "not_found");
}

#[tokio::test]
async fn metrics_are_served_where_they_are_rendered_and_to_any_token() {
    let server = Server::with_settings(|it| it.metrics(|| "up 1\n".to_owned())).await;
    let answer = server.get("/metrics").await;
    assert_eq!(
        (answer.status.as_u16(), answer.text.as_str()),
        (200, "up 1\n")
    );
    assert!(
        answer
            .header("content-type")
            .starts_with("text/plain; version=0.0.4")
    );
    let guarded = Server::with_settings(|it| {
        it.metrics(|| "up 1\n".to_owned())
            .access(Access::TokensOnly)
    })
    .await;
    let verify = guarded.add_token("v", Scope::Verify).await;
    guarded
        .get("/metrics")
        .await
        .is_problem(401, "token_required");
    assert_eq!(verify.get("/metrics").await.status, 200);
    let without = Server::start().await;
    without.get("/metrics").await.is_problem(404, "not_found");
}
