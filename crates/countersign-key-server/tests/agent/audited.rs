//! What agents do is written down before it is done, without their secrets.

use std::collections::BTreeSet;

use countersign_key_server::audit::AuditLog;
use serde_json::json;

use crate::sink::Sink;
use crate::support::{Agent, Server, sign};

/// A server that writes its audit lines here.
async fn audited() -> (Server, Sink) {
    let sink = Sink::default();
    let log = AuditLog::to_writer(sink.clone());
    let server = Server::with(|settings| settings.audit(log)).await;
    (server, sink)
}

/// What became of the requests of this operation, whoever sent them.
fn results(sink: &Sink, operation: &str) -> Vec<(String, String)> {
    let text = |it: &serde_json::Value| it.as_str().unwrap().to_owned();
    let lines = sink.of(operation).into_iter();
    lines
        .map(|line| (text(&line["caller"]), text(&line["result"])))
        .collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = expected.iter();
    owned
        .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
        .collect()
}

#[tokio::test]
async fn whatever_is_begun_has_a_line_before_and_one_after() {
    let (server, sink) = audited().await;
    let agent = server.agent("alice").await;
    let done = pairs(&[("alice", "begun"), ("alice", "done")]);
    assert_eq!(results(&sink, "agent_create_account"), done);
    agent.create_key("ed25519", "first").await.json();
    assert_eq!(results(&sink, "agent_create_key"), done);
    agent
        .create_key("ed25519", "first")
        .await
        .refused(400, "key_exists");
    assert_eq!(
        results(&sink, "agent_create_key")[2..],
        pairs(&[("alice", "begun"), ("alice", "key_exists")])
    );
    agent.sign_data("ed25519", "first", b"data").await.json();
    assert_eq!(results(&sink, "agent_sign"), done);
    let lines = sink.of("agent_sign");
    assert_eq!(lines[0]["credential"], "first");
    assert_eq!(lines[0]["request"], lines[1]["request"]);
    agent.login().await.json();
    assert_eq!(results(&sink, "agent_login"), done);
    let body = json!({"seconds": 60});
    agent.post("Account/Refresh", &body).await.json();
    assert_eq!(results(&sink, "agent_refresh"), done);
}

#[tokio::test]
async fn a_wrong_signature_has_a_line() {
    let (server, sink) = audited().await;
    let agent = server.agent("alice").await;
    let guesser = Agent {
        password: "wrong".to_owned(),
        ..agent
    };
    guesser.login().await.refused(403, "wrong_signature");
    let answer = guesser.create_key("ed25519", "first").await;
    answer.refused(403, "wrong_signature");
    let wrong = pairs(&[("alice", "wrong_signature")]);
    assert_eq!(results(&sink, "agent_login"), wrong);
    assert_eq!(results(&sink, "agent_create_key"), wrong);
}

#[tokio::test]
async fn what_cannot_be_written_down_is_not_done() {
    let (server, sink) = audited().await;
    let agent = server.agent("alice").await;
    let body = agent.create_key_body("ed25519", "first");
    sink.fail_after(0);
    for (resource, body) in [
        ("Crypto/CreateKey", body.clone()),
        ("Account/Login", agent.login_body()),
        ("Account/Refresh", json!({"seconds": 60})),
        ("Account/Logout", json!({})),
    ] {
        let answer = agent.post(resource, &body).await;
        answer.refused(503, "audit_unavailable");
    }
    // Neither the nonce is used nor the session over.
    sink.fail_after(1000);
    agent.public_key("first").await.refused(404, "key_unknown");
    agent.post("Crypto/CreateKey", &body).await.json();
}

#[tokio::test]
async fn no_line_holds_a_secret() {
    let (server, sink) = audited().await;
    let agent = server.agent("alice").await;
    agent.create_key("ed25519", "first").await.json();
    agent.sign_data("ed25519", "first", b"data").await.json();
    let text = sink.text();
    let key_signature = sign("key first", &agent.s1("ed25519", "first"));
    for secret in [&agent.password, &agent.jwt, &key_signature, "key first"] {
        assert!(!text.contains(secret), "{secret}");
    }
    let operations: BTreeSet<String> = sink
        .lines()
        .iter()
        .map(|line| line["operation"].as_str().unwrap().to_owned())
        .collect();
    assert!(operations.len() >= 4, "{operations:?}");
}
