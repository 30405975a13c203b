//! Audit lines.

use countersign_key_server::store::Scope;
use serde_json::json;

use crate::support::{Fault, NOW, Server};

#[tokio::test]
async fn bad_225_lines_say_who_did_what_to_which_and_what_became_of_it() {
    let server = Server::start().await;
    let admin = server.add_token("k3v9", Scope::Admin).await;
    let id = admin.create_mac().await;
    admin.get(&format!("/v1.0/creds/{id}")).await;
    admin.patch(&id, "{}").await;
    admin.delete(&id).await;
    let line = |request: u64, operation: &str, credential: Option<&str>, result: &str| {
        let mut line = json!({
            "time": NOW,
            "request": request,
            "caller": "k3v9",
            "address": "127.0.0.1",
            "operation": operation,
            "principal": "dave@example.com",
            "result": result,
        });
        if let Some(credential) = credential {
            line["credential"] = credential.into();
        }
        line
    };
    let id = Some(id.as_str());
    let expected = [
        line(1, "create", None, "begun"),
        line(1, "create", id, "done"),
        line(2, "read_secret", id, "done"),
        line(3, "patch", id, "begun"),
        line(3, "patch", id, "done"),
        line(4, "delete", id, "begun"),
        line(4, "delete", id, "done"),
    ];
    assert_eq!(server.audit.lines(), expected);
}

#[tokio::test]
async fn a_listing_names_those_whose_secrets_it_read() {
    let server = Server::start().await;
    let deleted = server.create_mac().await;
    let made = server.create("p", "basic").await;
    let handle = server
        .registry
        .disguise(made["basic"]["api_key"].as_str().unwrap());
    server.delete(&deleted).await;
    server.get("/v1.0/creds?deleted=true").await;
    let lines = server.audit.of("list");
    assert_eq!(lines[0]["credentials"], json!([handle.as_str()]));
}

#[tokio::test]
async fn what_is_refused_has_its_code_as_the_result() {
    let server = Server::with(|it| it, |registry| registry.max_active(Some(1))).await;
    server.create_mac().await;
    let body = r#"{"principal":"dave@example.com"}"#;
    server
        .post("/v1.0/creds", body)
        .await
        .is_problem(409, "limit_reached");
    let results: Vec<_> = server
        .audit
        .lines()
        .iter()
        .map(|it| it["result"].clone())
        .collect();
    assert_eq!(results, ["begun", "done", "begun", "limit_reached"]);
}

#[tokio::test]
async fn bad_226_without_an_audit_line_nothing_changes() {
    let server = Server::start().await;
    let id = server.create_mac().await;
    server.audit.fail_after(0);
    let calls = server.store.calls();
    for answer in [
        server.post("/v1.0/creds", r#"{"principal":"p"}"#).await,
        server.delete(&id).await,
        server.patch(&id, r#"{"state":"inactive"}"#).await,
        server.rotate(&id, r#"{"overlap_seconds":0}"#).await,
    ] {
        answer.is_problem(503, "audit_unavailable");
        assert!(!answer.header("retry-after").is_empty());
    }
    // Each of the last three read the record, and nothing was written.
    assert!(server.store.calls() - calls <= 5);
    server.audit.fail_after(1000);
    let all = server.get("/v1.0/creds?deleted=true").await.json();
    let all = all["creds"].as_array().unwrap();
    assert_eq!(all.len(), 1);
    assert_eq!(
        (&all[0]["state"], &all[0]["is_deleted"]),
        (&"active".into(), &false.into())
    );
}

#[tokio::test]
async fn bad_226_without_an_audit_line_no_secret_leaves() {
    let server = Server::start().await;
    let id = server.create_mac().await;
    let secret = server.get(&format!("/v1.0/creds/{id}")).await.json();
    let secret = secret["mac"]["mac_key"].as_str().unwrap().to_owned();
    server.audit.fail_after(0);
    for target in [
        format!("/v1.0/creds/{id}"),
        "/v1.0/creds?deleted=true".to_owned(),
    ] {
        let answer = server.get(&target).await;
        answer.is_problem(503, "audit_unavailable");
        assert!(!answer.text.contains(&secret));
    }
    // The line that says it was issued is missing: the new secret stays here too.
    server.audit.fail_after(1);
    let answer = server.post("/v1.0/creds", r#"{"principal":"p"}"#).await;
    answer.is_problem(503, "audit_unavailable");
}

#[tokio::test]
async fn bad_226_a_mutation_that_failed_has_a_line_that_says_so() {
    let server = Server::start().await;
    let id = server.create_mac().await;
    server.store.set(Fault::Stale);
    server.delete(&id).await.is_problem(503, "store_contended");
    let results: Vec<_> = server
        .audit
        .of("delete")
        .iter()
        .map(|it| it["result"].clone())
        .collect();
    assert_eq!(results, ["begun", "store_contended"]);
}

#[tokio::test]
async fn verifications_have_a_line_with_their_verdict() {
    let server = Server::start().await;
    let id = server.create_mac().await;
    for id in [id.as_str(), "983f8dd10d3b4519a18632d8df6f998d"] {
        let body =
            json!({"scheme": "mac", "id": id, "string_to_sign": "", "signature": "0".repeat(40)});
        server.post("/v1.0/verify", &body.to_string()).await;
    }
    let lines = server.audit.of("verify");
    assert_eq!(
        (&lines[0]["credential"], &lines[0]["result"]),
        (&id.into(), &"invalid".into())
    );
    let disguised = server.registry.disguise("983f8dd10d3b4519a18632d8df6f998d");
    assert_eq!(lines[1]["credential"], disguised.as_str());
}
