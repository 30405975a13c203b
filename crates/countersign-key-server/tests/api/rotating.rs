//! Rotating credentials.

use axum::body::Body;
use http::{Method, Request};
use serde_json::json;

use crate::support::{Server, request};

#[tokio::test]
async fn the_old_one_goes_on_for_the_overlap_and_names_its_successor() {
    let server = Server::start().await;
    let body = json!({"principal": "p", "auth_scheme": "hmac-auth", "algorithm": "hmac-sha-256"});
    let old = server.post("/v1.0/creds", &body.to_string()).await.json();
    let id = old["hmac_auth"]["key_id"].as_str().unwrap();
    let answer = server.rotate(id, r#"{"overlap_seconds":3600}"#).await;
    assert_eq!(answer.status, 201);
    let new = answer.json();
    assert_eq!(new["principal"], "p");
    assert_eq!(new["hmac_auth"]["algorithm"], "hmac-sha-256");
    assert_ne!(new["hmac_auth"]["key_data"], old["hmac_auth"]["key_data"]);
    assert_eq!(new.get("expires_at"), None);
    let old = server.get(&format!("/v1.0/creds/{id}")).await.json();
    assert_eq!(old["rotated_to"], new["hmac_auth"]["key_id"]);
    assert_eq!(old["expires_at"], "2026-01-01T01:00:00Z");
    assert_eq!(old["state"], "active");
    let found = server.get(answer.header("location")).await;
    assert_eq!(found.json()["hmac_auth"], new["hmac_auth"]);
}

#[tokio::test]
async fn a_rotated_basic_credential_names_the_handle_of_its_successor() {
    let server = Server::start().await;
    let old = server.create("p", "basic").await;
    let api_key = old["basic"]["api_key"].as_str().unwrap();
    let new = server
        .rotate(api_key, r#"{"overlap_seconds":60}"#)
        .await
        .json();
    let new_key = new["basic"]["api_key"].as_str().unwrap();
    let old = server.get(&format!("/v1.0/creds/{api_key}")).await.json();
    assert_eq!(
        old["rotated_to"],
        server.registry.disguise(new_key).as_str()
    );
}

#[tokio::test]
async fn bad_227_an_overlap_is_ended_at_once_capped_or_refused() {
    let server = Server::start().await;
    for (overlap, end) in [
        ("0", "2025-12-31T23:59:59Z"),
        ("2592000", "2026-01-31T00:00:00Z"),
        ("1000000000", "2026-01-31T00:00:00Z"),
        ("18446744073709551615", "2026-01-31T00:00:00Z"),
    ] {
        let id = server.create_mac().await;
        let answer = server
            .rotate(&id, &format!("{{\"overlap_seconds\":{overlap}}}"))
            .await;
        assert_eq!(answer.status, 201, "{overlap}");
        let old = server.get(&format!("/v1.0/creds/{id}")).await.json();
        assert_eq!(old["expires_at"], end, "{overlap}");
    }
    let id = server.create_mac().await;
    for overlap in [
        "-1",
        "1.5",
        "\"60\"",
        "null",
        "1e3",
        "99999999999999999999",
        "[]",
    ] {
        let answer = server
            .rotate(&id, &format!("{{\"overlap_seconds\":{overlap}}}"))
            .await;
        answer.is_problem_of("invalid_member", "overlap_seconds");
    }
    let answer = server.rotate(&id, "{}").await;
    answer.is_problem_of("missing_member", "overlap_seconds");
}

#[tokio::test]
async fn an_earlier_end_stays() {
    let server = Server::start().await;
    let id = server.create_mac().await;
    server
        .patch(&id, r#"{"expires_at":"2026-01-01T00:10:00Z"}"#)
        .await;
    server.rotate(&id, r#"{"overlap_seconds":3600}"#).await;
    let old = server.get(&format!("/v1.0/creds/{id}")).await.json();
    assert_eq!(old["expires_at"], "2026-01-01T00:10:00Z");
}

#[tokio::test]
async fn only_an_active_credential_is_rotated_and_only_once() {
    let server = Server::start().await;
    let body = r#"{"overlap_seconds":60}"#;
    let rotated = server.create_mac().await;
    assert_eq!(server.rotate(&rotated, body).await.status, 201);
    let inactive = server.create_mac().await;
    server.patch(&inactive, r#"{"state":"inactive"}"#).await;
    let expired = server.create_mac().await;
    server
        .patch(&expired, r#"{"expires_at":"2025-01-01T00:00:00Z"}"#)
        .await;
    for id in [rotated, inactive, expired] {
        server
            .rotate(&id, body)
            .await
            .is_problem(409, "not_rotatable");
    }
    let deleted = server.create_mac().await;
    server.delete(&deleted).await;
    server
        .rotate(&deleted, body)
        .await
        .is_problem(404, "credential_unknown");
    server
        .rotate("nobody", body)
        .await
        .is_problem(404, "credential_unknown");
}

#[tokio::test]
async fn racing_rotations_make_one_successor() {
    let server = std::sync::Arc::new(Server::start().await);
    let id = server.create_mac().await;
    let mut racers = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let (server, id) = (std::sync::Arc::clone(&server), id.clone());
        racers.spawn(async move { server.rotate(&id, r#"{"overlap_seconds":60}"#).await.status });
    }
    let made = racers
        .join_all()
        .await
        .iter()
        .filter(|it| **it == 201)
        .count();
    let all = server.get("/v1.0/creds?deleted=true").await.json();
    assert_eq!((made, all["creds"].as_array().unwrap().len()), (1, 2));
}

#[tokio::test]
async fn bad_204_a_retried_rotation_gets_the_same_successor() {
    let server = Server::start().await;
    let id = server.create_mac().await;
    let rotate = |id: &str, body: &str| {
        let target = format!("/v1.0/creds/{id}/rotate");
        let mut request: Request<Body> = request(Method::POST, &target, Some(body));
        request
            .headers_mut()
            .insert("idempotency-key", "k".parse().unwrap());
        request
    };
    let body = r#"{"overlap_seconds":60}"#;
    let first = server.send(rotate(&id, body)).await;
    let again = server.send(rotate(&id, body)).await;
    assert_eq!((first.status.as_u16(), again.status.as_u16()), (201, 201));
    assert_eq!(first.json(), again.json());
    let other = server.send(rotate(&id, r#"{"overlap_seconds":61}"#)).await;
    other.is_problem(409, "idempotency_key_reused");
    // The old one may be gone when the retry comes.
    server.delete(&id).await;
    assert_eq!(server.send(rotate(&id, body)).await.json(), first.json());
}

#[tokio::test]
async fn bad_203_the_replaced_credential_is_not_counted() {
    let server = Server::with(|it| it, |registry| registry.max_active(Some(1))).await;
    let id = server.create_mac().await;
    let answer = server.rotate(&id, r#"{"overlap_seconds":60}"#).await;
    assert_eq!(answer.status, 201, "{answer:?}");
}
