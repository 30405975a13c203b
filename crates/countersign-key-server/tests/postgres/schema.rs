//! Making and upgrading the tables.

use std::sync::Arc;

use countersign_key_server::store::postgres::PostgresStore;
use countersign_key_server::store::{Creation, CredentialStore as _, StoreErrorKind};
use tokio::task::JoinSet;

use crate::postgres_server::PostgresServer;
use crate::support::{Holding, assert_refused, record, refusal, wait_for};

/// Every table and index, and what the migrations table says.
const EVERYTHING: &str = "SELECT relname, relkind, relnatts FROM pg_class \
     WHERE relname LIKE 'countersign%' ORDER BY relname; \
     SELECT version, applied_at FROM countersign_migrations ORDER BY version";

#[ignore = "needs PostgreSQL, which cargo xtask test installs"]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn bad_221_servers_that_start_at_once_make_the_tables_once() {
    let server = PostgresServer::start();
    let url: Arc<str> = server.url("postgres").into();
    let mut starts = JoinSet::new();
    for number in 0..8 {
        let url = url.clone();
        starts.spawn(async move {
            let store = PostgresStore::connect(&url).await.unwrap();
            let name = format!("credential-{number}");
            store.create(record(&name).into()).await.unwrap()
        });
    }
    let creations = starts.join_all().await;
    assert_eq!(creations, vec![Creation::Created; 8]);
    let before = server.sql("postgres", EVERYTHING);
    assert!(before.contains("countersign_credentials|r|13"), "{before}");
    let again = PostgresStore::connect(&url).await.unwrap();
    again.ready().await.unwrap();
    assert_eq!(server.sql("postgres", EVERYTHING), before);
}

#[ignore = "needs PostgreSQL, which cargo xtask test installs"]
#[tokio::test(flavor = "multi_thread")]
async fn bad_221_a_newer_schema_is_refused_and_stays_as_it_is() {
    let server = PostgresServer::start();
    let url = server.url("postgres");
    PostgresStore::connect(&url).await.unwrap().close().await;
    let newer = "INSERT INTO countersign_migrations (version) \
         SELECT max(version) + 1 FROM countersign_migrations";
    server.sql("postgres", newer);
    let before = server.sql("postgres", EVERYTHING);
    let refused = PostgresStore::connect(&url).await;
    assert_refused(
        refused,
        StoreErrorKind::Incompatible,
        "start the newer program",
    );
    assert_eq!(server.sql("postgres", EVERYTHING), before);
}

#[ignore = "needs PostgreSQL, which cargo xtask test installs"]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn bad_221_a_migration_that_was_interrupted_has_not_happened_and_is_done_at_the_next_start() {
    let mut server = PostgresServer::start();
    let url = server.url("postgres");
    // The last table's name is taken, as yet: the migration stops there and waits.
    let taken = Holding::begin(&server, "CREATE TABLE countersign_tokens ()");
    let start = tokio::spawn({
        let url = url.clone();
        async move { refusal(&url).await }
    });
    let waits = "wait_event_type = 'Lock' AND query LIKE '%CREATE TABLE countersign_credentials%'";
    wait_for(&server, waits);
    server.kill_9();
    let interrupted = start.await.unwrap();
    assert_eq!(
        interrupted.kind(),
        StoreErrorKind::Unavailable,
        "{interrupted}"
    );
    drop(taken);
    server.restart();
    let tables = "SELECT count(*) FROM pg_class WHERE relname LIKE 'countersign%'";
    assert_eq!(server.sql("postgres", tables), "0");
    let store = PostgresStore::connect(&url).await.unwrap();
    let creation = store.create(record("credential").into()).await.unwrap();
    assert_eq!(creation, Creation::Created);
}

#[ignore = "needs PostgreSQL, which cargo xtask test installs"]
#[tokio::test(flavor = "multi_thread")]
async fn tables_of_another_program_are_refused_and_stay_as_they_are() {
    let server = PostgresServer::start();
    for (foreign, kind) in [
        (
            "countersign_credentials (id text)",
            StoreErrorKind::Incompatible,
        ),
        (
            "countersign_migrations (name text)",
            StoreErrorKind::Incompatible,
        ),
        (
            "countersign_migrations AS SELECT 7 AS version",
            StoreErrorKind::Damaged,
        ),
    ] {
        let database = server.create_database();
        server.sql(&database, &format!("CREATE TABLE {foreign}"));
        let refused = refusal(&server.url(&database)).await;
        assert_eq!(refused.kind(), kind, "{refused}");
        let tables = "SELECT count(*) FROM pg_class WHERE relname LIKE 'countersign%'";
        assert_eq!(server.sql(&database, tables), "1");
    }
}

#[ignore = "needs PostgreSQL, which cargo xtask test installs"]
#[tokio::test(flavor = "multi_thread")]
async fn a_schema_can_be_chosen_and_two_stores_share_a_database() {
    let server = PostgresServer::start();
    server.sql("postgres", "CREATE SCHEMA creds");
    let url = server.url("postgres");
    let public = PostgresStore::connect(&url).await.unwrap();
    let url = format!("{url}?options=-csearch_path%3Dcreds");
    let other = PostgresStore::connect(&url).await.unwrap();
    for store in [public, other] {
        let creation = store.create(record("credential").into()).await.unwrap();
        assert_eq!(creation, Creation::Created);
    }
}
