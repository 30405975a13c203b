//! Taking over the original's database.

use countersign_core::Timestamp;
use countersign_key_server::credential::AuthScheme;
use countersign_key_server::maintenance::import::{ImportReport, Reason, import_yar};
use countersign_key_server::seal::Keyring;
use countersign_key_server::store::{CredentialStore as _, MemoryStore};
use serde_json::{Value, json};

use crate::couch_server::{CouchServer, Keeping};
use crate::support::{everything, id};

const API_KEY: &str = "983f8dd10d3b4519a18632d8df6f998d";

fn mac(identifier: &str, key: &str) -> Value {
    json!({"type": "creds_v1.0", "principal": "dave@example.com", "is_deleted": false,
        "mac": {"mac_algorithm": "hmac-sha-1", "mac_key": key, "mac_key_identifier": identifier}})
}

fn key(n: usize) -> String {
    format!("{n:0>43}")
}

fn put(server: &CouchServer, name: &str, document: &Value) {
    let (status, answer) = server.request("PUT", &format!("/yar/{name}"), &document.to_string());
    assert_eq!(status, 201, "{answer}");
}

fn yar_server() -> CouchServer {
    let server = CouchServer::start(Keeping::InMemory);
    assert_eq!(server.request("PUT", "/yar", "").0, 201);
    let views = json!({"views": {"all": {"map": "function (doc) { emit(doc._id, doc); }"}}});
    put(&server, "_design/creds", &views);
    server
}

async fn run(
    server: &CouchServer,
    store: &MemoryStore,
    keyring: &Keyring,
    now: i64,
) -> ImportReport {
    let now = Timestamp::from_unix(now);
    import_yar(&server.url("yar"), store, keyring, now)
        .await
        .unwrap()
}

#[tokio::test]
#[ignore = "needs pouchdb-server, which cargo xtask test installs"]
async fn every_credential_is_taken_over_once_and_every_other_document_is_accounted_for() {
    let server = yar_server();
    put(&server, "good", &mac("a55a", &key(1)));
    let mut deleted = mac("dead", &key(2));
    deleted["is_deleted"] = true.into();
    put(&server, "deleted", &deleted);
    let basic = json!({"type": "creds_v1.0", "principal": "eve", "basic": {"api_key": API_KEY}});
    put(&server, API_KEY, &basic);
    put(&server, "shared-1", &mac("first", &key(3)));
    put(&server, "shared-2", &mac("second", &key(3)));
    put(&server, "same-id", &mac("a55a", &key(4)));
    put(&server, "invalid%0A%1B", &mac("x", ""));
    put(&server, "session", &json!({"type": "session"}));

    let (store, keyring) = (MemoryStore::new(), Keyring::generate().unwrap());
    let report = run(&server, &store, &keyring, 1000).await;
    assert_eq!((report.created, report.already_there), (4, 0), "{report}");
    assert_eq!((report.conflicts, report.invalid, report.others), (2, 1, 2));
    let left: Vec<_> = report.left.iter().map(|it| it.document.as_str()).collect();
    assert_eq!(left, ["invalid\\n\\u{1b}", "same-id", "shared-2"]);
    assert!(matches!(report.left[0].reason, Reason::Invalid(_)));
    assert_eq!(report.left[1].reason, Reason::TakenId);
    assert_eq!(report.left[2].reason, Reason::SharedSecret);
    let shown = format!("{report:?} {report}");
    assert!(
        !shown.contains(API_KEY) && !shown.contains(&key(3)),
        "{shown}"
    );

    let good = store.get(&id("a55a")).await.unwrap().unwrap();
    let secret = keyring
        .open(&good.id, &good.principal, &good.sealed)
        .unwrap();
    assert_eq!(*secret, key(1).into_bytes());
    assert_eq!(
        (good.scheme, good.principal.as_str()),
        (AuthScheme::Mac, "dave@example.com")
    );
    assert_eq!(good.created_at.as_unix(), 1000);
    let dead = store.get(&id("dead")).await.unwrap().unwrap();
    assert_eq!(dead.life.deleted_at.map(Timestamp::as_unix), Some(1000));
    let basic = store
        .get(&keyring.handle_of(API_KEY))
        .await
        .unwrap()
        .unwrap();
    let secret = keyring
        .open(&basic.id, &basic.principal, &basic.sealed)
        .unwrap();
    assert_eq!(
        (basic.scheme, &**secret),
        (AuthScheme::Basic, API_KEY.as_bytes())
    );

    let before = store.list(&everything()).await.unwrap();
    let again = run(&server, &store, &keyring, 2000).await;
    assert_eq!((again.created, again.already_there), (0, 4), "{again}");
    assert_eq!(again.left, report.left);
    assert_eq!(store.list(&everything()).await.unwrap(), before);
}

#[tokio::test]
#[ignore = "needs pouchdb-server, which cargo xtask test installs"]
async fn what_is_there_is_never_overwritten_and_its_secrets_are_never_given_twice() {
    let server = yar_server();
    put(&server, "a", &mac("a55a", &key(1)));
    let (store, keyring) = (MemoryStore::new(), Keyring::generate().unwrap());
    assert_eq!(run(&server, &store, &keyring, 1000).await.created, 1);
    let kept = store.get(&id("a55a")).await.unwrap();

    let other = yar_server();
    put(&other, "other-secret", &mac("a55a", &key(2)));
    put(&other, "same-secret", &mac("b66b", &key(1)));
    let mut whose = mac("a55a", &key(1));
    whose["principal"] = "eve".into();
    put(&other, "other-principal", &whose);
    let report = run(&other, &store, &keyring, 2000).await;
    assert_eq!(
        (report.created, report.already_there, report.conflicts),
        (0, 0, 3)
    );
    assert_eq!(store.get(&id("a55a")).await.unwrap(), kept);
    assert_eq!(store.get(&id("b66b")).await.unwrap(), None);
}

#[tokio::test]
#[ignore = "needs pouchdb-server, which cargo xtask test installs"]
async fn many_pages_are_read_to_the_end_and_a_missing_database_is_an_error() {
    const DOCUMENTS: usize = 250;
    let server = yar_server();
    let documents: Vec<_> = (0..DOCUMENTS)
        .map(|n| mac(&format!("id-{n}"), &key(n)))
        .collect();
    let body = json!({ "docs": documents }).to_string();
    assert_eq!(server.request("POST", "/yar/_bulk_docs", &body).0, 201);
    let (store, keyring) = (MemoryStore::new(), Keyring::generate().unwrap());
    let report = run(&server, &store, &keyring, 1000).await;
    assert_eq!(report.created, u64::try_from(DOCUMENTS).unwrap());
    assert!(report.is_complete());
    let missing = server.url("nothing");
    let error = import_yar(&missing, &store, &keyring, Timestamp::from_unix(0)).await;
    assert!(
        error
            .unwrap_err()
            .to_string()
            .contains("no database nothing")
    );
}
