//! The database goes away and comes back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use countersign_core::Timestamp;
use countersign_key_server::credential::CredentialId;
use countersign_key_server::store::postgres::{CALL_TIMEOUT, MAX_CONNECTIONS, PostgresStore};
use countersign_key_server::store::{
    Change, Creation, CredentialStore as _, Life, Revision, StoreErrorKind, Update,
};
use tokio::task::JoinSet;

use crate::postgres_server::PostgresServer;
use crate::support::{
    Holding, PATIENCE, assert_recovers, assert_refused, demanding, id, record, refusal,
};

/// What a call may take longer than it should, on a busy machine.
const SLACK: Duration = Duration::from_secs(3);

const WRITERS: usize = 8;

/// What the writers were told.
#[derive(Default)]
struct Told {
    acknowledged: AtomicUsize,
    failed: AtomicUsize,
    enough: AtomicBool,
}

impl Told {
    async fn more(&self, count: &AtomicUsize, how_many: usize) {
        let (begun, before) = (Instant::now(), count.load(Ordering::Relaxed));
        while count.load(Ordering::Relaxed) < before + how_many {
            assert!(begun.elapsed() < PATIENCE, "the writers are stuck");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

/// Creates and deletes until it is enough; the credentials whose creation, and those whose
/// deletion was acknowledged.
async fn write(
    writer: usize,
    store: Arc<PostgresStore>,
    told: Arc<Told>,
) -> (Vec<CredentialId>, Vec<CredentialId>) {
    let (mut created, mut deleted) = (Vec::new(), Vec::new());
    let mut number = 0;
    while !told.enough.load(Ordering::Relaxed) {
        number += 1;
        let name = id(&format!("{writer}-{number}"));
        let creation = store.create(record(name.as_str()).into()).await;
        match creation {
            Ok(creation) => {
                assert_eq!(creation, Creation::Created);
                created.push(name.clone());
                told.acknowledged.fetch_add(1, Ordering::Relaxed);
            }
            Err(error) => {
                assert_eq!(error.kind(), StoreErrorKind::Unavailable, "{error}");
                told.failed.fetch_add(1, Ordering::Relaxed);
                continue;
            }
        }
        let life = Life {
            deleted_at: Some(Timestamp::from_unix(1_700_000_001)),
            ..Life::default()
        };
        match store
            .update(&name, Revision::FIRST, Change::Life(life))
            .await
        {
            Ok(update) => {
                assert!(matches!(update, Update::Updated(_)), "{update:?}");
                deleted.push(name);
            }
            Err(error) => assert_eq!(error.kind(), StoreErrorKind::Unavailable, "{error}"),
        }
    }
    (created, deleted)
}

#[ignore = "needs PostgreSQL, which cargo xtask test installs"]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn bad_220_nothing_acknowledged_is_lost_when_postgresql_is_killed_under_load() {
    let mut server = PostgresServer::start();
    let url = server.url("postgres");
    let store = Arc::new(PostgresStore::connect(&url).await.unwrap());
    let told = Arc::new(Told::default());
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        writers.spawn(write(writer, store.clone(), told.clone()));
    }
    for _ in 0..2 {
        told.more(&told.acknowledged, 300).await;
        server.kill_9();
        told.more(&told.failed, WRITERS).await;
        server.restart();
    }
    told.more(&told.acknowledged, 300).await;
    told.enough.store(true, Ordering::Relaxed);
    for (created, deleted) in writers.join_all().await {
        for name in created {
            assert!(store.get(&name).await.unwrap().is_some(), "{name} is lost");
        }
        for name in deleted {
            let kept = store.get(&name).await.unwrap().unwrap();
            assert!(kept.life.deleted_at.is_some(), "{name} is back");
        }
    }
}

#[ignore = "needs PostgreSQL, which cargo xtask test installs"]
#[tokio::test(flavor = "multi_thread")]
async fn bad_220_calls_to_a_postgresql_that_stands_still_end_in_time() {
    let server = PostgresServer::start();
    let url = server.url("postgres");
    let store = Arc::new(PostgresStore::connect(&url).await.unwrap());
    server.pause();
    let mut calls = JoinSet::new();
    // More than there are connections: some wait for one, some for the database.
    for number in 0..2 * MAX_CONNECTIONS {
        let store = store.clone();
        calls.spawn(async move {
            let begun = Instant::now();
            let name = format!("credential-{number}");
            let failed = match number % 4 {
                0 => store.create(record(&name).into()).await.unwrap_err(),
                1 => store.create(demanding(&name)).await.unwrap_err(),
                2 => store.get(&id(&name)).await.unwrap_err(),
                _ => store.ready().await.unwrap_err(),
            };
            (failed, begun.elapsed())
        });
    }
    for (failed, took) in calls.join_all().await {
        assert_eq!(failed.kind(), StoreErrorKind::Unavailable, "{failed}");
        assert!(took < CALL_TIMEOUT + SLACK, "{took:?}");
    }
    let begun = Instant::now();
    let failed = refusal(&url).await;
    assert_eq!(failed.kind(), StoreErrorKind::Unavailable, "{failed}");
    assert!(begun.elapsed() < CALL_TIMEOUT + SLACK);
    server.resume();
    assert_recovers(&store).await;
}

#[ignore = "needs PostgreSQL, which cargo xtask test installs"]
#[tokio::test(flavor = "multi_thread")]
async fn bad_220_a_locked_table_is_an_outage_until_it_is_unlocked() {
    let server = PostgresServer::start();
    let url = server.url("postgres");
    let store = PostgresStore::connect(&url).await.unwrap();
    let lock = Holding::begin(&server, "LOCK TABLE countersign_credentials");
    let begun = Instant::now();
    let name = id("credential");
    let (read, written) = tokio::join!(store.get(&name), store.create(demanding("credential")));
    assert!(begun.elapsed() < CALL_TIMEOUT + SLACK);
    assert_refused(read, StoreErrorKind::Unavailable, "something holds a lock");
    assert_refused(
        written,
        StoreErrorKind::Unavailable,
        "something holds a lock",
    );
    lock.end(&server);
    // Nothing of the broken-off creation is in the way.
    let created = store.create(demanding("credential")).await.unwrap();
    assert_eq!(created, Creation::Created);
}

#[ignore = "needs PostgreSQL, which cargo xtask test installs"]
#[tokio::test(flavor = "multi_thread")]
async fn connections_that_were_closed_while_idle_fail_no_call() {
    let mut server = PostgresServer::start();
    let url = server.url("postgres");
    let store = PostgresStore::connect(&url).await.unwrap();
    server.kill_9();
    assert_refused(
        store.ready().await,
        StoreErrorKind::Unavailable,
        "PostgreSQL at postgres://app@127",
    );
    server.restart();
    store.ready().await.unwrap();
}

#[ignore = "needs PostgreSQL, which cargo xtask test installs"]
#[tokio::test(flavor = "multi_thread")]
async fn a_closed_store_has_finished_what_was_under_way_and_takes_nothing_more() {
    let server = PostgresServer::start();
    let url = server.url("postgres");
    let store = Arc::new(PostgresStore::connect(&url).await.unwrap());
    let lock = Holding::begin(&server, "LOCK TABLE countersign_credentials IN SHARE MODE");
    let creation = tokio::spawn({
        let store = store.clone();
        async move { store.create(record("credential").into()).await }
    });
    crate::support::wait_for(&server, "wait_event_type = 'Lock'");
    let closed = tokio::spawn({
        let store = store.clone();
        async move { store.close().await }
    });
    lock.end(&server);
    closed.await.unwrap();
    assert_eq!(creation.await.unwrap().unwrap(), Creation::Created);
    let count = "SELECT count(*) FROM countersign_credentials";
    assert_eq!(server.sql("postgres", count), "1");
    assert_refused(store.ready().await, StoreErrorKind::Unavailable, "closed");
}
