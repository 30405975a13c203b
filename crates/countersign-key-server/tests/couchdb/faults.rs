//! A server that is killed, stopped and started again while it is used.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use countersign_key_server::store::couchdb::CouchStore;
use countersign_key_server::store::{
    Change, Creation, CredentialStore as _, Life, Record, Revision, StoreErrorKind, Update,
};

use crate::couch_server::{CouchServer, Keeping};
use crate::support::{at, everything, id, record, with_key};

/// How long it may take until something happens that must.
const PATIENCE: Duration = Duration::from_secs(30);

async fn until(what: &str, mut is: impl AsyncFnMut() -> bool) {
    let start = Instant::now();
    while !is().await {
        assert!(
            start.elapsed() < PATIENCE,
            "it never came to be that {what}"
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "needs pouchdb-server, which cargo xtask test installs"]
async fn what_was_acknowledged_survives_kill_9_and_the_store_recovers_alone() {
    const WRITERS: usize = 8;
    const ROUNDS: usize = 3;
    let mut server = CouchServer::start(Keeping::OnDisk);
    let store = CouchStore::connect(&server.url("creds")).await.unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let (done, failed) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let (store, stop) = (store.clone(), stop.clone());
            let (done, failed) = (done.clone(), failed.clone());
            tokio::spawn(async move {
                let mut acknowledged: Vec<Record> = Vec::new();
                let mut n = 0_u32;
                while !stop.load(Ordering::Relaxed) {
                    n += 1;
                    let new = record(&format!("{writer}-{n}"));
                    match write(&store, new).await {
                        Ok(written) => {
                            acknowledged.push(written);
                            done.fetch_add(1, Ordering::Relaxed);
                        }
                        Err(kind) => {
                            assert_eq!(kind, StoreErrorKind::Unavailable);
                            failed.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                    // Whatever was acknowledged is found, or it is said that it cannot be told.
                    if let Some(last) = acknowledged.last() {
                        match store.get(&last.id).await {
                            Ok(found) => assert_eq!(found.as_ref(), Some(last)),
                            Err(error) => assert_eq!(error.kind(), StoreErrorKind::Unavailable),
                        }
                    }
                }
                acknowledged
            })
        })
        .collect();
    for _ in 0..ROUNDS {
        let (before, failures) = (done.load(Ordering::Relaxed), failed.load(Ordering::Relaxed));
        until("writing works", async || {
            done.load(Ordering::Relaxed) > before + 20
        })
        .await;
        server.kill_9();
        until("writing fails", async || {
            failed.load(Ordering::Relaxed) > failures
        })
        .await;
        assert!(store.ready().await.is_err());
        server.restart();
        until("it recovers alone", async || store.ready().await.is_ok()).await;
    }
    stop.store(true, Ordering::Relaxed);
    let mut acknowledged = 0;
    for writer in writers {
        for expected in writer.await.unwrap() {
            acknowledged += 1;
            let found = store.get(&expected.id).await.unwrap();
            assert_eq!(found, Some(expected));
        }
    }
    assert!(acknowledged > ROUNDS * 20, "{acknowledged}");
}

/// Creates a credential and changes it; gives it as it was acknowledged.
async fn write(store: &CouchStore, new: Record) -> Result<Record, StoreErrorKind> {
    let created = store.create(new.clone().into()).await;
    assert_eq!(created.map_err(|error| error.kind())?, Creation::Created);
    let life = Life {
        expires_at: Some(at(1)),
        ..Life::default()
    };
    let change = Change::Life(life);
    let updated = store.update(&new.id, Revision::FIRST, change).await;
    match updated.map_err(|error| error.kind())? {
        Update::Updated(record) => Ok(record),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "needs pouchdb-server, which cargo xtask test installs"]
async fn bad_204_a_creation_that_a_crash_cut_off_is_finished_by_its_retry() {
    let mut server = CouchServer::start(Keeping::OnDisk);
    let store = CouchStore::connect(&server.url("creds")).await.unwrap();
    for key in 0..20 {
        let new = with_key(record(&format!("first-{key}")), key);
        let first = tokio::spawn({
            let (store, new) = (store.clone(), new.clone());
            async move { store.create(new).await }
        });
        // Somewhere within the creation: the later, the further it has come.
        tokio::time::sleep(Duration::from_micros(300 * u64::from(key))).await;
        if key % 5 == 0 {
            server.kill_9();
            server.restart();
        } else {
            server.pause();
            server.resume();
        }
        let first = first.await.unwrap();
        let other = with_key(record(&format!("second-{key}")), key);
        let mut retried = store.create(other.clone()).await;
        while let Err(error) = &retried {
            assert_eq!(error.kind(), StoreErrorKind::Unavailable);
            retried = store.create(other.clone()).await;
        }
        let kept = match retried.unwrap() {
            Creation::Created => {
                assert!(first.is_err(), "the first was acknowledged");
                other.record
            }
            Creation::Repeated { id, fingerprint } => {
                assert_eq!((id, fingerprint), (new.record.id.clone(), [key; 32]));
                new.record
            }
            refused => panic!("{refused:?}"),
        };
        assert_eq!(store.get(&kept.id).await.unwrap(), Some(kept));
    }
    let page = store.list(&everything()).await.unwrap();
    assert_eq!(page.records.len(), 20, "a key made two, or none");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "needs pouchdb-server, which cargo xtask test installs"]
async fn a_server_that_hangs_is_unavailable_in_time_and_then_goes_on() {
    let server = CouchServer::start(Keeping::InMemory);
    let store = CouchStore::connect(&server.url("creds")).await.unwrap();
    let _ = store.create(record("a").into()).await.unwrap();
    server.pause();
    let start = Instant::now();
    let error = store.get(&id("a")).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    assert!(start.elapsed() < Duration::from_secs(12));
    server.resume();
    until("it goes on", async || store.get(&id("a")).await.is_ok()).await;
}
