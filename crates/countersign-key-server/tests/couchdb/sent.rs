//! What CouchDB is sent. What stands in for it in the other tests would put up with more.

use countersign_key_server::store::couchdb::CouchStore;
use countersign_key_server::store::{
    Change, Creation, CredentialStore as _, Life, Listing, Revision, Rotation, Update, Which,
};
use serde_json::{Value, json};

use crate::stub::{Sent, Stub, decoded};
use crate::support::{at, everything, id, record, with_key};

/// An id with everything that means something in a path, a query or JSON.
const ODD_ID: &str = "../../a?b=\"c\"#%2F&{}[]+;:\\'<>|^`~";

fn writes(sent: &[Sent]) -> Vec<&Sent> {
    sent.iter().filter(|it| it.method != "GET").collect()
}

/// Does everything there is to do once.
async fn everything_once(stub: &Stub) {
    let store = CouchStore::connect(&stub.url()).await.unwrap();
    let odd = record(ODD_ID);
    let created = store.create(with_key(odd.clone(), 1)).await.unwrap();
    assert_eq!(created, Creation::Created);
    assert_eq!(store.get(&odd.id).await.unwrap(), Some(odd.clone()));
    store.touch(&[(odd.id.clone(), at(1))]).await.unwrap();
    let updated = store
        .update(&odd.id, Revision::FIRST, Change::Life(Life::default()))
        .await;
    assert!(matches!(updated.unwrap(), Update::Updated(_)));
    let rotated = store
        .rotate(
            &odd.id,
            Revision::from_number(2),
            Life::default(),
            with_key(record("successor"), 2),
        )
        .await;
    assert_eq!(rotated.unwrap(), Rotation::Rotated);
    // A creation that finds its id taken forgets its idempotency key again.
    let taken = store.create(with_key(odd.clone(), 3)).await.unwrap();
    assert_eq!(taken, Creation::IdTaken);
    for principal in [None, Some(odd.principal)] {
        let listing = Listing {
            principal,
            which: Which::Present,
            ..everything()
        };
        assert_eq!(store.list(&listing).await.unwrap().records.len(), 2);
    }
    assert!(store.put_keyring(b"ring", None).await.unwrap());
    assert!(
        store
            .put_keyring(b"ring", Some(Revision::FIRST))
            .await
            .unwrap()
    );
    store.ready().await.unwrap();
    store.close().await;
}

#[tokio::test]
async fn every_change_of_a_document_names_the_revision_it_is_for() {
    let stub = Stub::couchdb().await;
    everything_once(&stub).await;
    let sent = stub.sent();
    let mut seen: Vec<String> = Vec::new();
    for it in writes(&sent) {
        let (path, query) = it.target.split_once('?').unwrap_or((&it.target, ""));
        match it.method.as_str() {
            "PUT" => {
                let again = seen.contains(&path.to_owned());
                // The one that finds its id taken is as if it were the first.
                let is_refused = it.json().get("_rev").is_none() && again;
                assert!(!is_refused || path.contains("credential"), "{it:?}");
                seen.push(path.to_owned());
            }
            "DELETE" => assert_eq!(decoded(query), "rev=1-0+a"),
            "POST" if path == "/creds/_bulk_docs" => {
                for document in it.json()["docs"].as_array().unwrap() {
                    assert!(document["_rev"].is_string(), "{it:?}");
                }
            }
            "POST" => assert_eq!(path, "/creds/_all_docs"),
            other => panic!("{other}"),
        }
    }
    let is = |method: &str| sent.iter().filter(|it| it.method == method).count();
    assert!(is("PUT") >= 10 && is("DELETE") == 1 && is("POST") == 2);
    assert!(
        !sent.iter().any(|it| it.target.contains("rev=1-0+")),
        "a plus is a space"
    );
}

#[tokio::test]
async fn an_id_stays_one_part_of_the_path() {
    let stub = Stub::couchdb().await;
    everything_once(&stub).await;
    let odd: Vec<Sent> = stub
        .sent()
        .into_iter()
        .filter(|it| it.target.starts_with("/creds/credential"))
        .filter(|it| !it.target.contains("successor"))
        .collect();
    assert!(odd.len() > 5);
    for it in odd {
        let (path, _) = it.target.split_once('?').unwrap_or((&it.target, ""));
        let id = path.strip_prefix("/creds/").unwrap();
        assert!(
            id.bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"%-_~".contains(&b)),
            "{id}"
        );
        assert_eq!(decoded(id), format!("credential:{ODD_ID}"));
    }
}

#[tokio::test]
async fn the_keys_of_views_are_json_and_the_view_is_brought_up_to_date() {
    let stub = Stub::couchdb().await;
    everything_once(&stub).await;
    let views: Vec<Sent> = stub
        .sent()
        .into_iter()
        .filter(|it| it.target.contains("/_view/present"))
        .collect();
    assert_eq!(views.len(), 2);
    for it in views {
        let (_, query) = it.target.split_once('?').unwrap();
        let query: Vec<(&str, String)> = query
            .split('&')
            .map(|pair| pair.split_once('=').unwrap())
            .map(|(name, value)| (name, decoded(value)))
            .collect();
        let key = |name: &str| -> Option<Value> {
            let (_, text) = query.iter().find(|(it, _)| *it == name)?;
            Some(serde_json::from_str(text).unwrap())
        };
        assert_eq!(key("update"), Some(json!(true)));
        assert_eq!(key("include_docs"), Some(json!(true)));
        let start = key("startkey").unwrap();
        match start.as_array().unwrap().as_slice() {
            [order, id] => assert_eq!((order, id), (&json!(0), &json!(""))),
            [hash, order, _] => {
                assert!(hash.as_str().is_some_and(|it| it.len() == 64));
                assert_eq!(*order, json!(0));
                assert_eq!(key("endkey"), Some(json!([hash, {}])));
            }
            _ => panic!("{start}"),
        }
    }
}

#[tokio::test]
async fn bodies_are_plain_json_and_no_path_ends_with_a_slash() {
    let stub = Stub::couchdb().await;
    everything_once(&stub).await;
    for it in stub.sent() {
        let kind = it.headers.get("content-type").map(String::as_str);
        let expected = (!it.body.is_empty()).then_some("application/json");
        assert_eq!(kind, expected, "{it:?}");
        assert_eq!(it.headers["accept"], "application/json");
        let path = it.target.split('?').next().unwrap();
        assert!(path == "/" || !path.ends_with('/'), "{path}");
        if it.method != "GET" {
            assert_eq!(it.headers["x-couch-full-commit"], "true");
        }
    }
}

#[tokio::test]
async fn the_password_is_sent_with_every_request_and_without_one_nothing_is() {
    let stub = Stub::couchdb().await;
    let url = stub.url().replace("//", "//admin:p%40ss@");
    let store = CouchStore::connect(&url).await.unwrap();
    assert_eq!(store.get(&id("a")).await.unwrap(), None);
    for it in stub.sent() {
        assert_eq!(it.headers["authorization"], "Basic YWRtaW46cEBzcw==");
    }
    let stub = Stub::couchdb().await;
    everything_once(&stub).await;
    let sent = stub.sent();
    assert!(
        sent.iter()
            .all(|it| !it.headers.contains_key("authorization"))
    );
}

#[tokio::test]
async fn a_secret_is_sent_sealed_and_a_principal_never_in_a_path() {
    let stub = Stub::couchdb().await;
    everything_once(&stub).await;
    for it in stub.sent() {
        assert!(!decoded(&it.target).contains("dave"), "{}", it.target);
    }
}
