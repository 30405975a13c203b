//! Idempotency keys that nobody remembers any more.

use countersign_key_server::store::couchdb::CouchStore;
use countersign_key_server::store::{
    Creation, CredentialStore as _, Idempotency, NewRecord, Record,
};

use crate::couch_server::{CouchServer, Keeping};
use crate::support::{at, record};

/// More than the creations after which old keys are looked for.
const CREATIONS: u8 = 70;

fn created_at(seconds: i64, key: u8) -> NewRecord {
    let idempotency = Idempotency {
        key: [key; 32],
        fingerprint: [0; 32],
        until: at(seconds + 100),
    };
    NewRecord {
        idempotency: Some(idempotency),
        ..NewRecord::from(Record {
            created_at: at(seconds),
            ..record(&format!("id-{key}"))
        })
    }
}

#[tokio::test]
#[ignore = "needs pouchdb-server, which cargo xtask test installs"]
async fn old_keys_are_removed_and_others_are_kept() {
    let server = CouchServer::start(Keeping::InMemory);
    let store = CouchStore::connect(&server.url("creds")).await.unwrap();
    let status = |key: u8| {
        let name = format!("{key:02x}").repeat(32);
        server
            .request("GET", &format!("/creds/idempotency%3A{name}"), "")
            .0
    };
    for key in 0..CREATIONS {
        // The first three are old when the last are made.
        let seconds = if key < 3 { 0 } else { 200 };
        let creation = store.create(created_at(seconds, key)).await.unwrap();
        assert_eq!(creation, Creation::Created);
    }
    assert_eq!(
        [0, 1, 2, 3, 4, 69].map(status),
        [404, 404, 404, 200, 200, 200]
    );
}
