//! Looking credentials up.

use http::Method;
use percent_encoding::percent_encode_byte;
use serde_json::json;

use crate::support::Server;

#[tokio::test]
async fn a_deleted_credential_is_found_only_when_asked_for_and_without_its_secret() {
    let server = Server::start().await;
    let id = server.create_mac().await;
    let url = format!("/v1.0/creds/{id}");
    let before = server.get(&format!("{url}?deleted=true")).await.json();
    assert!(before["mac"]["mac_key"].is_string());
    assert_eq!(server.delete(&id).await.status, 200);
    server.get(&url).await.is_problem(404, "credential_unknown");
    let off = server.get(&format!("{url}?deleted=false")).await;
    off.is_problem(404, "credential_unknown");
    let tombstone = server.get(&format!("{url}?deleted=true")).await.json();
    assert_eq!(tombstone["is_deleted"], true);
    let member = json!({"mac_algorithm": "hmac-sha-1", "mac_key_identifier": id});
    assert_eq!(tombstone["mac"], member);
}

#[tokio::test]
async fn bad_212_a_deleted_basic_credential_is_called_by_its_handle() {
    let server = Server::start().await;
    let made = server.create("p", "basic").await;
    let api_key = made["basic"]["api_key"].as_str().unwrap();
    server.delete(api_key).await;
    for target in [
        format!("/v1.0/creds/{api_key}?deleted=true"),
        "/v1.0/creds?principal=p&deleted=true".to_owned(),
        "/v1.0/creds/?deleted=true".to_owned(),
    ] {
        let answer = server.get(&target).await;
        assert!(answer.text.contains("/v1.0/creds/basic-"), "{answer:?}");
        assert!(answer.text.contains("\"basic\":{}"), "{answer:?}");
        let shown = format!("{} {:?}", answer.text, answer.headers);
        assert!(!shown.contains(api_key), "{target}: {shown}");
    }
}

#[tokio::test]
async fn a_basic_credential_is_found_by_its_api_key_and_by_its_handle() {
    let server = Server::start().await;
    let made = server.create("p", "basic").await;
    let api_key = made["basic"]["api_key"].as_str().unwrap();
    let handle = server.registry.disguise(api_key);
    let by_handle = server.get(&format!("/v1.0/creds/{handle}")).await;
    assert_eq!(by_handle.json(), made);
    // Its handle's handle is nobody's.
    let other = server.registry.disguise(handle.as_str());
    let unknown = server.get(&format!("/v1.0/creds/{other}")).await;
    unknown.is_problem(404, "credential_unknown");
}

#[tokio::test]
async fn bad_206_ids_that_nobody_has_are_unknown_whatever_they_look_like() {
    let server = Server::start().await;
    let id = server.create_mac().await;
    for other in [
        id.to_uppercase(),
        format!("{id}%20"),
        format!("{id}%00"),
        "%2e%2e%2fadmin".to_owned(),
        "'%20OR%201=1--".to_owned(),
        "%22%7D,_design%2Fx".to_owned(),
        "caf%C3%A9".to_owned(),
        "a".repeat(10_000),
    ] {
        let answer = server.get(&format!("/v1.0/creds/{other}")).await;
        answer.is_problem(404, "credential_unknown");
    }
    for broken in ["%ff", "%", "a%4", "%zz"] {
        let answer = server.get(&format!("/v1.0/creds/{broken}")).await;
        answer.is_problem(400, "invalid_path");
    }
    let escaped: Vec<_> = id.bytes().map(percent_encode_byte).collect();
    let escaped = escaped.concat();
    assert_eq!(
        server.get(&format!("/v1.0/creds/{escaped}")).await.status,
        200
    );
}

#[tokio::test]
async fn an_id_and_a_principal_are_not_asked_for_together() {
    let server = Server::start().await;
    let id = server.create_mac().await;
    let answer = server
        .get(&format!("/v1.0/creds/{id}?principal=dave@example.com"))
        .await;
    answer.is_problem(400, "invalid_parameter");
    assert_eq!(answer.json()["parameter"], "principal");
}

#[tokio::test]
async fn deleted_is_true_or_false() {
    let server = Server::start().await;
    let id = server.create_mac().await;
    for value in ["", "=", "=TRUE", "=1", "=yes", "=true%20"] {
        let answer = server
            .get(&format!("/v1.0/creds/{id}?deleted{value}"))
            .await;
        answer.is_problem(400, "invalid_parameter");
        let answer = server
            .get(&format!("/v1.0/creds?principal=p&deleted{value}"))
            .await;
        answer.is_problem(400, "invalid_parameter");
    }
    let twice = server
        .get(&format!("/v1.0/creds/{id}?deleted=true&deleted=true"))
        .await;
    twice.is_problem(400, "repeated_parameter");
}

#[tokio::test]
async fn bad_210_deleting_again_changes_nothing_and_deleting_nothing_is_404() {
    let server = Server::start().await;
    let id = server.create_mac().await;
    for _ in 0..2 {
        let answer = server.delete(&id).await;
        assert_eq!((answer.status.as_u16(), answer.text.as_str()), (200, ""));
        server.clock.advance(60);
    }
    server
        .delete("nobody")
        .await
        .is_problem(404, "credential_unknown");
    let results: Vec<_> = server
        .audit
        .of("delete")
        .iter()
        .map(|it| it["result"].clone())
        .collect();
    assert_eq!(
        results,
        ["begun", "done", "begun", "done", "credential_unknown"]
    );
}

#[tokio::test]
async fn a_lookup_is_noted_as_the_last_use() {
    let server = Server::start().await;
    let id = server.create_mac().await;
    let url = format!("/v1.0/creds/{id}");
    assert_eq!(server.get(&url).await.json().get("last_used_at"), None);
    server.registry.close().await;
    let noted = server.get(&url).await.json();
    assert_eq!(noted["last_used_at"], crate::support::NOW);
}

#[tokio::test]
async fn methods_that_a_path_does_not_have_are_refused_with_a_list_of_those_it_has() {
    let server = Server::start().await;
    let id = server.create_mac().await;
    let item = format!("/v1.0/creds/{id}");
    let rotate = format!("{item}/rotate");
    let paths = [
        "/v1.0/creds",
        "/v1.0/creds/",
        &item,
        &rotate,
        "/v1.0/verify",
        "/livez",
        "/readyz",
        "/metrics",
        "/openapi.json",
    ];
    for path in paths {
        // That Allow lists the described methods is checked with every answer.
        for method in [Method::PUT, Method::HEAD, Method::OPTIONS, Method::TRACE] {
            let answer = server.ask(method.clone(), path).await;
            assert_eq!(answer.status, 405, "{method} {path}");
        }
    }
    for (method, path) in [
        (Method::POST, item.as_str()),
        (Method::DELETE, "/v1.0/creds"),
        (Method::PATCH, "/v1.0/creds/"),
        (Method::GET, rotate.as_str()),
        (Method::GET, "/v1.0/verify"),
    ] {
        server
            .ask(method, path)
            .await
            .is_problem(405, "method_not_allowed");
    }
}

#[tokio::test]
async fn paths_that_there_are_not_are_not_found() {
    let server = Server::start().await;
    for path in [
        "/",
        "/v1.0",
        "/v1.0/creds/a/",
        "/v1.0/creds/a/b",
        "/v1/creds",
        "/v1.0//creds",
        "/debug",
    ] {
        server.get(path).await.is_problem(404, "not_found");
    }
}
