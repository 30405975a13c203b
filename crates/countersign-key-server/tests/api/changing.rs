//! State, expiry and preconditions.

use axum::body::Body;
use http::{Method, Request};
use serde_json::json;

use crate::support::{Answer, Server, request};

async fn patch_if(server: &Server, id: &str, body: &str, tag: &str) -> Answer {
    let mut request: Request<Body> =
        request(Method::PATCH, &format!("/v1.0/creds/{id}"), Some(body));
    request
        .headers_mut()
        .insert("if-match", tag.parse().unwrap());
    server.send(request).await
}

#[tokio::test]
async fn state_and_expiry_change_and_the_answer_shows_no_secret() {
    let server = Server::start().await;
    let id = server.create_mac().await;
    let patched = server.patch(&id, r#"{"state":"inactive"}"#).await;
    assert_eq!(
        (patched.status.as_u16(), patched.header("etag")),
        (200, "\"2\"")
    );
    assert_eq!(patched.json()["state"], "inactive");
    assert_eq!(patched.json()["mac"].get("mac_key"), None);
    let patched = server
        .patch(&id, r#"{"expires_at":"2027-01-01T02:00:00.5+02:00"}"#)
        .await;
    assert_eq!(patched.json()["expires_at"], "2027-01-01T00:00:00Z");
    assert_eq!(patched.json()["state"], "inactive");
    let both = server
        .patch(&id, r#"{"state":"active","expires_at":null}"#)
        .await;
    assert_eq!(both.json()["state"], "active");
    assert_eq!(both.json().get("expires_at"), None);
    let same = server.patch(&id, "{}").await;
    assert_eq!((same.status.as_u16(), same.header("etag")), (200, "\"4\""));
    assert_eq!(
        server
            .get(&format!("/v1.0/creds/{id}"))
            .await
            .header("etag"),
        "\"4\""
    );
}

#[tokio::test]
async fn bad_200_a_change_that_cannot_be_is_refused_by_the_name_of_the_member() {
    let server = Server::start().await;
    let id = server.create_mac().await;
    for (body, code, member) in [
        (r#"{"state":"Active"}"#, "invalid_member", "state"),
        (r#"{"state":null}"#, "invalid_member", "state"),
        (
            r#"{"expires_at":"tomorrow"}"#,
            "invalid_member",
            "expires_at",
        ),
        (
            r#"{"expires_at":1767225600}"#,
            "invalid_member",
            "expires_at",
        ),
        (
            r#"{"expires_at":"2027-13-01T00:00:00Z"}"#,
            "invalid_member",
            "expires_at",
        ),
        (r#"{"principal":"eve"}"#, "unknown_member", "principal"),
        (r#"{"is_deleted":false}"#, "unknown_member", "is_deleted"),
        (
            r#"{"state":"active","state":"active"}"#,
            "duplicate_member",
            "state",
        ),
    ] {
        server.patch(&id, body).await.is_problem_of(code, member);
    }
    assert_eq!(
        server
            .get(&format!("/v1.0/creds/{id}"))
            .await
            .header("etag"),
        "\"1\""
    );
}

#[tokio::test]
async fn what_does_not_exist_or_was_deleted_does_not_change() {
    let server = Server::start().await;
    let id = server.create_mac().await;
    server.delete(&id).await;
    for id in [&id, "nobody"] {
        let answer = server.patch(id, r#"{"state":"active"}"#).await;
        answer.is_problem(404, "credential_unknown");
    }
}

#[tokio::test]
async fn bad_230_a_stale_change_is_refused() {
    let server = Server::start().await;
    let id = server.create_mac().await;
    let inactive = r#"{"state":"inactive"}"#;
    assert_eq!(patch_if(&server, &id, inactive, "\"1\"").await.status, 200);
    for stale in ["\"1\"", "\"7\"", "W/\"2\"", "\"x\"", "\"02\""] {
        let answer = patch_if(&server, &id, "{}", stale).await;
        answer.is_problem(412, "revision_stale");
    }
    assert_eq!(
        patch_if(&server, &id, "{}", "\"1\", \"2\"").await.status,
        200
    );
    assert_eq!(patch_if(&server, &id, "{}", "*").await.status, 200);
    let answer = patch_if(&server, &id, "{}", "2").await;
    answer.is_problem(400, "invalid_header");
}

#[tokio::test]
async fn bad_230_deleting_and_rotating_heed_the_revision_too() {
    let server = Server::start().await;
    let id = server.create_mac().await;
    let with = |method, target: &str, body: Option<&str>| {
        let mut request = request(method, target, body);
        request
            .headers_mut()
            .insert("if-match", "\"9\"".parse().unwrap());
        request
    };
    let url = format!("/v1.0/creds/{id}");
    let deleted = server.send(with(Method::DELETE, &url, None)).await;
    deleted.is_problem(412, "revision_stale");
    let body = r#"{"overlap_seconds":0}"#;
    let rotated = server
        .send(with(Method::POST, &format!("{url}/rotate"), Some(body)))
        .await;
    rotated.is_problem(412, "revision_stale");
    assert_eq!(server.get(&url).await.header("etag"), "\"1\"");
}

#[tokio::test]
async fn racing_changes_are_all_made() {
    let server = std::sync::Arc::new(Server::start().await);
    let id = server.create_mac().await;
    let mut racers = tokio::task::JoinSet::new();
    for number in 0..16 {
        let (server, id) = (std::sync::Arc::clone(&server), id.clone());
        racers.spawn(async move {
            let body = json!({"expires_at": format!("2030-01-01T00:00:{number:02}Z")});
            server.patch(&id, &body.to_string()).await.status.as_u16()
        });
    }
    assert!(racers.join_all().await.iter().all(|it| *it == 200));
    assert_eq!(
        server
            .get(&format!("/v1.0/creds/{id}"))
            .await
            .header("etag"),
        "\"17\""
    );
}
