//! The first start, and starts on what others have left.

use std::sync::{Arc, Mutex};

use countersign_key_server::store::couchdb::CouchStore;
use countersign_key_server::store::{CredentialStore as _, StoreErrorKind};
use serde_json::json;

use crate::couch_server::{CouchServer, Keeping};
use crate::stub::{Stub, respond};
use crate::support::{id, record};

const DESIGN: &str = "/creds/_design/countersign";

async fn kind_of_failure(url: &str) -> StoreErrorKind {
    CouchStore::connect(url).await.unwrap_err().kind()
}

#[tokio::test]
async fn a_missing_database_is_made_and_one_that_another_has_just_made_is_fine() {
    for made in [201, 202, 412] {
        let sent = Arc::new(Mutex::new(Vec::new()));
        let recorded = sent.clone();
        let stub = Stub::start(move |it, stream| {
            let line = format!("{} {}", it.method, it.target);
            recorded.lock().unwrap().push(line.clone());
            let before = recorded.lock().unwrap().contains(&"PUT /creds".to_owned());
            let missing = json!({"error": "not_found", "reason": "missing"});
            let (status, body) = match line.as_str() {
                "GET /" => (200, json!({"couchdb": "Welcome"})),
                "GET /creds" if before => (200, json!({"doc_count": 0})),
                "GET /creds" => (404, json!({"error": "not_found", "reason": "no_db_file"})),
                "PUT /creds" => (made, json!({"ok": true})),
                _ if it.method == "GET" => (404, missing),
                _ => (
                    201,
                    json!({"ok": true, "id": "_design/countersign", "rev": "1-a"}),
                ),
            };
            respond(stream, status, body.to_string())
        })
        .await;
        CouchStore::connect(&stub.url()).await.unwrap();
        let design = stub.sent().pop().unwrap();
        assert_eq!(
            (design.method.as_str(), design.target.as_str()),
            ("PUT", DESIGN)
        );
        assert_eq!(design.json()["version"], 2);
    }
}

#[tokio::test]
async fn bad_221_the_views_of_an_older_version_are_replaced_and_of_a_newer_one_are_refused() {
    let stub = Stub::couchdb().await;
    CouchStore::connect(&stub.url()).await.unwrap();
    let ours = stub.sent().pop().unwrap().json();
    for (version, expected) in [
        (json!(0), None),
        (json!(1), None),
        (json!(2), None),
        (json!(3), Some(StoreErrorKind::Incompatible)),
        (json!("2"), Some(StoreErrorKind::Incompatible)),
    ] {
        let is_older = [json!(0), json!(1)].contains(&version);
        let design = json!({"_id": "_design/countersign", "_rev": "7-a", "version": version});
        let stub = Stub::start(move |it, stream| {
            let (status, body) = match (it.method.as_str(), it.target.as_str()) {
                ("GET", "/") => (200, json!({"couchdb": "Welcome"})),
                ("GET", "/creds") => (200, json!({"doc_count": 5})),
                ("GET", _) => (200, design.clone()),
                _ => (
                    201,
                    json!({"ok": true, "id": "_design/countersign", "rev": "8-a"}),
                ),
            };
            respond(stream, status, body.to_string())
        })
        .await;
        let connected = CouchStore::connect(&stub.url()).await;
        assert_eq!(connected.err().map(|it| it.kind()), expected);
        let last = stub.sent().pop().unwrap();
        assert_eq!(last.method == "PUT", is_older);
        if is_older {
            let mut upgraded = last.json();
            assert_eq!(upgraded["_rev"], "7-a");
            upgraded.as_object_mut().unwrap().remove("_rev");
            assert_eq!(upgraded, ours);
        }
    }
}

#[tokio::test]
async fn what_is_no_couchdb_or_is_not_there_is_refused() {
    let other = Stub::always(200, r#"{"elasticsearch": true}"#).await;
    let kind = kind_of_failure(&other.url()).await;
    assert_eq!(kind, StoreErrorKind::Incompatible);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let closed = listener.local_addr().unwrap();
    drop(listener);
    let kind = kind_of_failure(&format!("{closed}/creds")).await;
    assert_eq!(kind, StoreErrorKind::Unavailable);
}

#[tokio::test]
#[ignore = "needs pouchdb-server, which cargo xtask test installs"]
async fn a_database_with_something_else_in_it_is_refused_and_stays_as_it_is() {
    let server = CouchServer::start(Keeping::InMemory);
    assert_eq!(server.request("PUT", "/creds", "").0, 201);
    let yar = r#"{"type": "creds_v1.0", "principal": "dave"}"#;
    assert_eq!(server.request("PUT", "/creds/a", yar).0, 201);
    let error = CouchStore::connect(&server.url("creds")).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Misconfigured);
    assert!(error.to_string().contains("import"), "{error}");
    let (_, info) = server.request("GET", "/creds", "");
    assert!(info.contains("\"doc_count\":1"), "{info}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "needs pouchdb-server, which cargo xtask test installs"]
async fn sixteen_first_starts_at_once_all_succeed() {
    let server = CouchServer::start(Keeping::InMemory);
    let starts: Vec<_> = (0..16)
        .map(|_| {
            let url = server.url("creds");
            tokio::spawn(async move { CouchStore::connect(&url).await.unwrap() })
        })
        .collect();
    for (n, start) in starts.into_iter().enumerate() {
        let store = start.await.unwrap();
        let name = format!("id-{n}");
        let _ = store.create(record(&name).into()).await.unwrap();
        assert!(store.get(&id(&name)).await.unwrap().is_some());
    }
}

#[tokio::test]
#[ignore = "needs pouchdb-server, which cargo xtask test installs"]
async fn a_database_that_is_deleted_is_neither_ready_nor_empty() {
    let server = CouchServer::start(Keeping::InMemory);
    let store = CouchStore::connect(&server.url("creds")).await.unwrap();
    let _ = store.create(record("a").into()).await.unwrap();
    store.ready().await.unwrap();
    assert_eq!(server.request("DELETE", "/creds", "").0, 200);
    let errors = [
        store.get(&id("a")).await.unwrap_err(),
        store.ready().await.unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    }
    // Somebody makes it anew: it is empty, and not ours.
    assert_eq!(server.request("PUT", "/creds", "").0, 201);
    assert!(store.ready().await.is_err());
}
