//! Issuing credentials.

use std::collections::HashSet;

use axum::body::Body;
use http::{Method, Request};
use serde_json::json;

use crate::support::{NOW, Server, request};

const URL: &str = "/v1.0/creds";

#[tokio::test]
async fn every_scheme_has_its_member_and_no_other() {
    let server = Server::start().await;
    for (scheme, member, id, secret) in [
        ("basic", "basic", "api_key", "api_key"),
        ("mac", "mac", "mac_key_identifier", "mac_key"),
        ("auth-key", "auth_key", "account_id", "secret_key"),
        ("hmac-auth", "hmac_auth", "key_id", "key_data"),
        ("moxie", "moxie", "api_key", "shared_secret"),
        ("agent", "agent", "api_key", "secret"),
    ] {
        let made = server.create("dave@example.com", scheme).await;
        assert_eq!(made["principal"], "dave@example.com");
        assert_eq!(made["is_deleted"], false);
        assert_eq!(made["state"], "active");
        assert_eq!(made["created_at"], NOW);
        let members: HashSet<_> = made
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        let common = ["principal", "is_deleted", "state", "created_at", "links"];
        assert_eq!(members, common.into_iter().chain([member]).collect());
        let id = made[member][id].as_str().unwrap();
        let href = format!("http://127.0.0.1:8070/v1.0/creds/{id}");
        assert_eq!(made["links"]["self"]["href"], href);
        let length = if scheme == "basic" { 32 } else { 43 };
        assert_eq!(made[member][secret].as_str().unwrap().len(), length);
        let found = server.get(&format!("{URL}/{id}")).await;
        assert_eq!(found.json(), made);
        assert_eq!(found.header("etag"), "\"1\"");
        assert_eq!(found.header("location"), href);
    }
}

#[tokio::test]
async fn an_algorithm_is_chosen_where_the_scheme_has_one() {
    let server = Server::start().await;
    let create = |scheme: &str, algorithm: &str| {
        let body = json!({"principal": "p", "auth_scheme": scheme, "algorithm": algorithm});
        let body = body.to_string();
        let server = &server;
        async move { server.post(URL, &body).await }
    };
    let mac = create("mac", "hmac-sha-256").await.json();
    assert_eq!(mac["mac"]["mac_algorithm"], "hmac-sha-256");
    let hmac_auth = create("hmac-auth", "hmac-sha-1").await.json();
    assert_eq!(hmac_auth["hmac_auth"]["algorithm"], "hmac-sha-1");
    for scheme in ["basic", "auth-key", "moxie", "agent"] {
        let refused = create(scheme, "hmac-sha-1").await;
        refused.is_problem_of("invalid_member", "algorithm");
    }
    let refused = create("mac", "md5").await;
    refused.is_problem_of("invalid_member", "algorithm");
}

#[tokio::test]
async fn bad_200_a_body_that_cannot_be_right_is_refused_by_the_name_of_the_member() {
    let server = Server::start().await;
    for (body, code, member) in [
        ("{}", "missing_member", "principal"),
        (r#"{"principal":""}"#, "invalid_member", "principal"),
        (r#"{"principal":null}"#, "invalid_member", "principal"),
        (r#"{"principal":["a"]}"#, "invalid_member", "principal"),
        (r#"{"principal":"a\u0000"}"#, "invalid_member", "principal"),
        (
            r#"{"principal":"a\r\nX: y"}"#,
            "invalid_member",
            "principal",
        ),
        (r#"{"principal":"a","foo":1}"#, "unknown_member", "foo"),
        (
            r#"{"principal":"a","principal":"b"}"#,
            "duplicate_member",
            "principal",
        ),
        (
            r#"{"principal":"a","auth_scheme":null}"#,
            "invalid_member",
            "auth_scheme",
        ),
    ] {
        server.post(URL, body).await.is_problem_of(code, member);
    }
    let long = json!({"principal": "p".repeat(10_000)}).to_string();
    let refused = server.post(URL, &long).await;
    refused.is_problem_of("invalid_member", "principal");
    assert!(refused.text.len() < 1000);
    let everybody = server.get("/v1.0/creds?deleted=true").await;
    assert_eq!(everybody.json(), json!({"creds": []}));
}

#[tokio::test]
async fn bad_200_the_name_of_a_member_is_shown_escaped_and_cut() {
    let server = Server::start().await;
    let name = "<script>\"\n\u{1b}".to_owned() + &"\u{1f511}".repeat(1000);
    let refused = server.post(URL, &json!({(&name): 1}).to_string()).await;
    let cut: String = name.chars().take(64).collect();
    refused.is_problem_of("unknown_member", &cut);
    assert!(!refused.text.contains('\n') && !refused.text.contains('\u{1b}'));
}

#[tokio::test]
async fn bad_201_too_much_too_deep_and_what_is_not_json_is_refused() {
    let server = Server::start().await;
    let just_too_large = "x".repeat(64 * 1024 + 1);
    server
        .post(URL, &just_too_large)
        .await
        .is_problem(413, "body_too_large");
    server
        .post(URL, &"x".repeat(10 << 20))
        .await
        .is_problem(413, "body_too_large");
    server
        .post(URL, "dave_was_here")
        .await
        .is_problem(400, "invalid_json");
    server.post(URL, "").await.is_problem(400, "invalid_json");
    let deep = format!("{{\"principal\":{}", "{\"a\":".repeat(10_000));
    server
        .post(URL, &deep)
        .await
        .is_problem(400, "invalid_json");
    for media_type in ["text/plain", "application/json; charset=latin1"] {
        let request = Request::post(URL).header("content-type", media_type);
        let request = request.body(Body::from(r#"{"principal":"p"}"#)).unwrap();
        server
            .send(request)
            .await
            .is_problem(415, "unsupported_media_type");
    }
    let without = Request::post(URL).body(Body::from("{}")).unwrap();
    server
        .send(without)
        .await
        .is_problem(415, "unsupported_media_type");
    let twice = Request::post(URL)
        .header("content-type", "application/json")
        .header("content-type", "application/json");
    let twice = twice.body(Body::from(r#"{"principal":"p"}"#)).unwrap();
    server
        .send(twice)
        .await
        .is_problem(415, "unsupported_media_type");
}

#[tokio::test]
async fn bad_201_a_body_that_breaks_off_is_refused() {
    let server = Server::start().await;
    let broken = broken_body();
    let request = Request::post(URL).header("content-type", "application/json");
    let answer = server.send(request.body(broken).unwrap()).await;
    answer.is_problem(400, "body_incomplete");
}

/// A body that fails before its end.
fn broken_body() -> Body {
    struct Broken;
    impl http_body::Body for Broken {
        type Data = bytes::Bytes;
        type Error = std::io::Error;

        fn poll_frame(
            self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Result<http_body::Frame<Self::Data>, Self::Error>>> {
            std::task::Poll::Ready(Some(Err(std::io::ErrorKind::ConnectionReset.into())))
        }
    }
    Body::new(Broken)
}

#[tokio::test]
async fn bad_202_an_unknown_scheme_is_refused_with_a_list_of_the_known() {
    let server = Server::start().await;
    let refused = server
        .post(URL, r#"{"principal":"a","auth_scheme":"MAC"}"#)
        .await;
    refused.is_problem_of("invalid_member", "auth_scheme");
    let detail = refused.json()["detail"].as_str().unwrap().to_owned();
    assert!(
        detail.contains("basic, mac, auth-key, hmac-auth, moxie, agent"),
        "{detail}"
    );
}

#[tokio::test]
async fn bad_203_a_principal_has_as_many_active_credentials_as_it_may() {
    let server = Server::with(|it| it, |registry| registry.max_active(Some(2))).await;
    let body = r#"{"principal":"p"}"#;
    let (one, two, three) = tokio::join!(
        server.post(URL, body),
        server.post(URL, body),
        server.post(URL, body)
    );
    let mut statuses = [one.status, two.status, three.status];
    statuses.sort_unstable();
    assert_eq!(statuses.map(|it| it.as_u16()), [201, 201, 409]);
    server
        .post(URL, body)
        .await
        .is_problem(409, "limit_reached");
    let first = server.get("/v1.0/creds?principal=p").await.json();
    let id = first["creds"][0]["basic"]["api_key"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(server.delete(&id).await.status, 200);
    assert_eq!(server.post(URL, body).await.status, 201);
}

fn with_key(key: &str, body: &str) -> Request<Body> {
    let mut request = request(Method::POST, URL, Some(body));
    request
        .headers_mut()
        .insert("idempotency-key", key.parse().unwrap());
    request
}

#[tokio::test]
async fn bad_204_a_retry_with_the_same_key_gets_the_same_credential() {
    let server = Server::start().await;
    let body = r#"{"principal":"p","auth_scheme":"mac"}"#;
    let first = server.send(with_key("k1", body)).await;
    // Written differently it is the same request.
    let again = r#" {"auth_scheme" : "mac", "principal": "p"} "#;
    let second = server.send(with_key("k1", again)).await;
    assert_eq!((first.status.as_u16(), second.status.as_u16()), (201, 201));
    assert_eq!(first.json(), second.json());
    assert_eq!(first.header("location"), second.header("location"));
    let other = server.send(with_key("k1", r#"{"principal":"q"}"#)).await;
    other.is_problem(409, "idempotency_key_reused");
    let other_key = server.send(with_key("k2", body)).await;
    assert_ne!(other_key.json(), first.json());

    server.clock.advance(24 * 60 * 60 + 1);
    let next_day = server.send(with_key("k1", body)).await;
    assert_eq!(next_day.status, 201);
    assert_ne!(next_day.json()["mac"], first.json()["mac"]);
}

#[tokio::test]
async fn bad_204_racing_retries_get_one_credential() {
    let server = std::sync::Arc::new(Server::start().await);
    let mut racers = tokio::task::JoinSet::new();
    for _ in 0..32 {
        let server = std::sync::Arc::clone(&server);
        racers.spawn(async move {
            let answer = server.send(with_key("k", r#"{"principal":"p"}"#)).await;
            assert_eq!(answer.status, 201);
            answer.json()["basic"]["api_key"]
                .as_str()
                .unwrap()
                .to_owned()
        });
    }
    let keys: HashSet<_> = racers.join_all().await.into_iter().collect();
    assert_eq!(keys.len(), 1);
    let listed = server.get("/v1.0/creds?principal=p").await.json();
    assert_eq!(listed["creds"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn bad_204_a_key_belongs_to_its_caller() {
    use countersign_key_server::store::Scope;
    let server = Server::start().await;
    let one = server.add_token("one", Scope::Admin).await;
    let other = server.add_token("other", Scope::Admin).await;
    let body = r#"{"principal":"p"}"#;
    let (first, second) = (
        one.send(with_key("k", body)).await,
        other.send(with_key("k", body)).await,
    );
    assert_ne!(first.json()["basic"], second.json()["basic"]);
}

#[tokio::test]
async fn bad_204_a_retry_after_the_deletion_shows_no_secret() {
    let server = Server::start().await;
    let body = r#"{"principal":"p","auth_scheme":"mac"}"#;
    let first = server.send(with_key("k", body)).await.json();
    let id = first["mac"]["mac_key_identifier"].as_str().unwrap();
    server.delete(id).await;
    let again = server.send(with_key("k", body)).await.json();
    assert_eq!(again["is_deleted"], true);
    assert_eq!(again["mac"].get("mac_key"), None);
}

#[tokio::test]
async fn bad_204_a_key_that_is_none_is_refused() {
    let server = Server::start().await;
    for key in ["", "a b", &"k".repeat(256)] {
        let refused = server.send(with_key(key, r#"{"principal":"p"}"#)).await;
        refused.is_problem(400, "invalid_header");
        assert_eq!(refused.json()["header"], "Idempotency-Key");
    }
}
