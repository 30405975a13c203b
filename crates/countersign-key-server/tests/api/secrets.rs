//! After a busy run no secret is anywhere but in the answers that are meant to have it.

use std::fmt::Write as _;

use countersign_key_server::store::{Scope, StoreErrorKind};
use metrics_util::debugging::DebuggingRecorder;
use serde_json::{Value, json};

use crate::support::{Fault, Server, Sink};

const SECRETS: [(&str, &str, &str); 6] = [
    ("basic", "basic", "api_key"),
    ("mac", "mac", "mac_key"),
    ("auth-key", "auth_key", "secret_key"),
    ("hmac-auth", "hmac_auth", "key_data"),
    ("moxie", "moxie", "shared_secret"),
    ("agent", "agent", "secret"),
];

const IDS: [(&str, &str); 5] = [
    ("mac", "mac_key_identifier"),
    ("auth_key", "account_id"),
    ("hmac_auth", "key_id"),
    ("moxie", "api_key"),
    ("agent", "api_key"),
];

/// Does everything, well and badly; gives the secrets, and the bodies of all refusals.
async fn busy_run(server: &Server) -> (Vec<String>, String) {
    let (mut secrets, mut refusals) = (Vec::new(), String::new());
    let mut keep = |answer: crate::support::Answer| {
        if !answer.status.is_success() {
            writeln!(refusals, "{} {:?}", answer.text, answer.headers).unwrap();
        }
        answer
    };
    for (scheme, member, name) in SECRETS {
        let made = server.create("dave@example.com", scheme).await;
        let secret = made[member][name].as_str().unwrap().to_owned();
        let id = match IDS.iter().find(|(it, _)| *it == member) {
            Some((_, id)) => made[member][*id].as_str().unwrap().to_owned(),
            None => secret.clone(),
        };
        secrets.push(secret.clone());
        let target = format!("/v1.0/creds/{id}");
        keep(server.get(&target).await);
        keep(server.get(&format!("{target}?principal={secret}")).await);
        keep(server.get(&format!("/v1.0/creds/{secret}")).await);
        keep(server.get("/v1.0/creds?principal=dave@example.com").await);
        keep(server.patch(&id, r#"{"state":"inactive"}"#).await);
        keep(server.rotate(&id, r#"{"overlap_seconds":0}"#).await);
        keep(server.patch(&id, r#"{"state":"active"}"#).await);
        let body = json!({"scheme": "mac", "id": secret, "string_to_sign": "", "signature": "0".repeat(40)});
        keep(server.post("/v1.0/verify", &body.to_string()).await);
        let body = json!({"principal": "p", "auth_scheme": secret});
        keep(server.post("/v1.0/creds", &body.to_string()).await);
        keep(server.with_token(&secret).get(&target).await);
        server.store.set(Fault::Fails(StoreErrorKind::Unavailable));
        keep(server.get(&target).await);
        keep(server.delete(&id).await);
        server.store.set(Fault::Stale);
        keep(server.delete(&id).await);
        server.store.set(Fault::None);
        keep(server.delete(&id).await);
        keep(server.delete(&secret).await);
        keep(server.get(&target).await);
        let rotated: Value = server.rotate(&id, r#"{"overlap_seconds":0}"#).await.json();
        assert_eq!(rotated["code"], "credential_unknown");
    }
    (secrets, refusals)
}

#[test]
fn bad_224_and_225_no_secret_is_in_logs_audit_lines_metrics_or_refusals() {
    let log = Sink::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let run = || {
        runtime.block_on(async {
            let server = Server::start().await;
            let admin = server.add_token("admin", Scope::Admin).await;
            let found = busy_run(&admin).await;
            (found, server.audit.text())
        })
    };
    let ((mut secrets, refusals), audit) = tracing::subscriber::with_default(subscriber, || {
        metrics::with_local_recorder(&recorder, run)
    });
    secrets.push("admin-secret-token".to_owned());
    secrets.push("hunter2-of-the-client".to_owned());
    let metrics = format!("{:?}", snapshotter.snapshot().into_vec());
    let logged = log.text();
    // Each place must have something in it, or nothing was looked at.
    assert!(logged.contains("the store failed"), "{logged}");
    assert!(metrics.contains("countersign_key_server_requests_total"));
    assert!(metrics.contains("countersign_key_server_request_seconds"));
    assert!(metrics.contains("countersign_key_server_store_errors_total"));
    assert!(audit.contains("read_secret") && refusals.contains("store_unavailable"));
    for secret in &secrets {
        for (place, text) in [
            ("log", &logged),
            ("audit", &audit),
            ("metrics", &metrics),
            ("refusals", &refusals),
        ] {
            assert!(!text.contains(secret.as_str()), "{place} has {secret}");
        }
    }
    assert!(
        !metrics.contains("dave@example.com"),
        "a metric is labelled by principal"
    );
}

#[tokio::test]
async fn bad_57_nothing_that_is_shown_for_debugging_shows_a_secret() {
    let server = Server::start().await;
    let made = server.create("p", "basic").await;
    let api_key = made["basic"]["api_key"].as_str().unwrap();
    let answer = server.get(&format!("/v1.0/creds/{api_key}")).await;
    let shown = format!("{:?} {:?}", server.registry, answer.headers);
    assert!(!shown.contains(api_key), "{shown}");
}
