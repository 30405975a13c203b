//! What is made of answers that CouchDB does not give, or should not.

use std::time::{Duration, Instant};

use countersign_key_server::store::couchdb::CouchStore;
use countersign_key_server::store::{
    Change, CredentialStore as _, Life, Revision, StoreError, StoreErrorKind,
};
use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::stub::{Sent, Stub, respond};
use crate::support::{everything, id, record, with_key};

/// A store on a stub that behaves until it is prepared, and then answers with `odd`.
async fn store_on<A, F>(odd: A) -> (Stub, CouchStore)
where
    A: Fn(Sent, TcpStream) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let stub = Stub::start(move |sent, stream| {
        let odd = odd.clone();
        async move {
            let body = match (sent.method.as_str(), sent.target.as_str()) {
                ("GET", "/") => json!({"couchdb": "Welcome"}),
                ("GET", "/creds") => json!({"doc_count": 1}),
                ("GET", "/creds/_design/countersign?conflicts=true") => {
                    json!({"_id": "_design/countersign", "_rev": "1-a", "version": 2})
                }
                _ => return odd(sent, stream).await,
            };
            respond(stream, 200, body.to_string()).await;
        }
    })
    .await;
    let store = CouchStore::connect(&stub.url()).await.unwrap();
    (stub, store)
}

/// What every kind of call makes of it.
async fn errors(store: &CouchStore) -> Vec<StoreError> {
    let change = Change::Life(Life::default());
    vec![
        store.get(&id("a")).await.unwrap_err(),
        store.list(&everything()).await.unwrap_err(),
        store.create(record("a").into()).await.unwrap_err(),
        store.create(with_key(record("a"), 1)).await.unwrap_err(),
        store
            .update(&id("a"), Revision::FIRST, change)
            .await
            .unwrap_err(),
        store.keyring().await.unwrap_err(),
        store.tokens().await.unwrap_err(),
        store.ready().await.unwrap_err(),
    ]
}

async fn all_are_unavailable(status: u16, body: &str) {
    let body = body.to_owned();
    let (_stub, store) = store_on(move |_, stream| respond(stream, status, body.clone())).await;
    for error in errors(&store).await {
        assert_eq!(
            error.kind(),
            StoreErrorKind::Unavailable,
            "{status}: {error}"
        );
    }
}

#[tokio::test]
async fn a_failing_server_is_unavailable() {
    all_are_unavailable(
        500,
        r#"{"error":"internal_server_error","reason":"enospc"}"#,
    )
    .await;
    all_are_unavailable(503, "<html>busy</html>").await;
    all_are_unavailable(429, "").await;
    all_are_unavailable(202, r#"{"ok":true,"id":"credential:a","rev":"1-a"}"#).await;
}

#[tokio::test]
async fn what_is_no_couchdb_never_means_that_something_is_not_there() {
    all_are_unavailable(200, "<html>Welcome to the wireless network</html>").await;
    all_are_unavailable(200, "").await;
    all_are_unavailable(200, "null").await;
    all_are_unavailable(200, "[[[").await;
    all_are_unavailable(404, "<html>not found</html>").await;
    all_are_unavailable(404, "").await;
    all_are_unavailable(404, r#""missing""#).await;
    all_are_unavailable(409, "conflict").await;
    all_are_unavailable(418, r#"{"error":"not_found","reason":"missing"}"#).await;
}

#[tokio::test]
async fn a_database_that_is_gone_does_not_mean_that_its_credentials_never_were() {
    for reason in [
        "no_db_file",
        "Database does not exist.",
        "missing_named_view",
    ] {
        let body = json!({"error": "not_found", "reason": reason}).to_string();
        all_are_unavailable(404, &body).await;
    }
}

#[tokio::test]
async fn a_missing_document_is_missing() {
    for reason in ["missing", "deleted"] {
        let body = json!({"error": "not_found", "reason": reason}).to_string();
        let (_stub, store) = store_on(move |_, stream| respond(stream, 404, body.clone())).await;
        assert_eq!(store.get(&id("a")).await.unwrap(), None);
        assert!(
            store.list(&everything()).await.is_err(),
            "a view is never missing"
        );
    }
}

#[tokio::test]
async fn bad_216_a_document_that_is_not_as_it_was_written_is_damaged() {
    let good = json!({"_id": "credential:a", "_rev": "1-a", "type": "credential", "format": 1,
        "id": "a", "creation": "00", "order": 1, "principal": "dave", "principal_hash": "00",
        "scheme": "mac", "algorithm": "hmac-sha-256", "created_at": 1, "state": "active",
        "sealed": "AAAA", "revision": 1});
    let kind_of = async |body: serde_json::Value| {
        let body = body.to_string();
        let (_stub, store) = store_on(move |_, stream| respond(stream, 200, body.clone())).await;
        store.get(&id("a")).await.map_err(|error| error.kind())
    };
    assert!(kind_of(good.clone()).await.unwrap().is_some());
    for (member, value) in [
        ("_id", json!("credential:b")),
        ("id", json!("b")),
        ("type", json!("keyring")),
        ("type", json!("creds_v1.0")),
        ("principal", json!("")),
        ("principal", json!(null)),
        ("scheme", json!("magic")),
        ("algorithm", json!("md5")),
        ("created_at", json!("yesterday")),
        ("state", json!("deleted")),
        ("deleted_at", json!(false)),
        ("sealed", json!("*")),
        ("revision", json!(-1)),
        ("rotated_to", json!("a b")),
        ("_conflicts", json!(["1-b"])),
    ] {
        let mut bad = good.clone();
        bad[member] = value;
        assert_eq!(kind_of(bad).await, Err(StoreErrorKind::Damaged), "{member}");
    }
    let mut newer = good;
    newer["format"] = json!(2);
    assert_eq!(kind_of(newer).await, Err(StoreErrorKind::Incompatible));
}

#[tokio::test]
async fn bad_216_an_endless_answer_is_given_up() {
    let (_stub, store) = store_on(|_, mut stream: TcpStream| async move {
        let head = "HTTP/1.1 200 X\r\nContent-Length: 1073741824\r\n\r\n{\"a\":\"";
        let _ = stream.write_all(head.as_bytes()).await;
        let chunk = vec![b'a'; 1 << 16];
        let mut written = 0_usize;
        while stream.write_all(&chunk).await.is_ok() {
            written += chunk.len();
            // 8 MB are read; buffers on the way hold some more.
            assert!(written < 64 << 20, "it is read to the end");
        }
    })
    .await;
    let error = store.get(&id("a")).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_unavailable() {
    for part in [
        "",
        "HTTP/1.1 200 X\r\nContent-Le",
        "HTTP/1.1 404 X\r\nContent-Length: 41\r\n\r\n{\"error\":\"not_found\",\"reason\":\"missing\"",
        "HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"_id",
        "SSH-2.0-OpenSSH_9.2\r\n",
    ] {
        let (stub, store) = store_on(move |_, mut stream: TcpStream| async move {
            let _ = stream.write_all(part.as_bytes()).await;
        })
        .await;
        for error in errors(&store).await {
            assert_eq!(
                error.kind(),
                StoreErrorKind::Unavailable,
                "{part:?}: {error}"
            );
        }
        let posts = stub.sent().into_iter().filter(|it| it.method == "PUT");
        // The two creations; what may have been taken is not sent again.
        assert_eq!(posts.count(), 2, "{part:?}");
    }
}

#[tokio::test]
async fn a_server_that_says_nothing_is_given_up_in_time() {
    let (_stub, store) = store_on(|_, stream: TcpStream| async move {
        let _stream = stream;
        std::future::pending::<()>().await;
    })
    .await;
    let start = Instant::now();
    let (one, two) = (id("a"), id("b"));
    let (get, again) = tokio::join!(store.get(&one), store.get(&two));
    for error in [get.unwrap_err(), again.unwrap_err()] {
        assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    }
    assert!(start.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Stub::always(404, r#"{"error":"not_found","reason":"missing"}"#).await;
    let target = format!("http://{}/creds/credential%3Aa", elsewhere.address);
    let (_stub, store) = store_on(move |_, mut stream: TcpStream| {
        let head = format!("HTTP/1.1 301 X\r\nLocation: {target}\r\nContent-Length: 0\r\n\r\n");
        async move {
            let _ = stream.write_all(head.as_bytes()).await;
        }
    })
    .await;
    for error in errors(&store).await {
        assert_eq!(error.kind(), StoreErrorKind::Unavailable, "{error}");
    }
    assert!(elsewhere.sent().is_empty());
}

#[tokio::test]
async fn a_refused_password_is_told_of_but_not_told() {
    let body =
        r#"{"error":"hunter2","reason":"wrong password hunter2 for Basic YWRtaW46aHVudGVyMg=="}"#;
    for status in [401, 403, 500] {
        let (stub, store) =
            store_on(move |_, stream| respond(stream, status, body.to_owned())).await;
        let url = stub.url().replace("//", "//admin:hunter2@");
        let with_password = CouchStore::connect(&url).await.unwrap();
        for error in errors(&store)
            .await
            .into_iter()
            .chain(errors(&with_password).await)
        {
            if status != 500 {
                assert_eq!(error.kind(), StoreErrorKind::Misconfigured);
            }
            let shown = format!("{error} {error:?} {with_password:?}");
            assert!(
                !shown.contains("hunter2") && !shown.contains("YWRtaW"),
                "{shown}"
            );
        }
    }
    let stub = Stub::always(401, body).await;
    let url = stub.url().replace("//", "//admin:hunter2@");
    let error = CouchStore::connect(&url).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Misconfigured);
    assert!(!format!("{error} {error:?}").contains("hunter2"));
}
