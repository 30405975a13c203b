//! What PostgreSQL answers to a single statement.

use std::time::Instant;

use countersign_core::Timestamp;
use countersign_key_server::store::postgres::PostgresStore;
use countersign_key_server::store::{
    Change, Creation, CredentialStore as _, Life, Listing, Revision, Scope, StoreErrorKind,
    TokenHash, TokenId, TokenRecord, Which,
};

use crate::postgres_server::PostgresServer;
use crate::support::{PATIENCE, assert_refused, demanding, id, record};

/// Lets every insertion of a credential run `body` first.
fn trigger(server: &PostgresServer, body: &str) {
    server.sql(
        "postgres",
        &format!(
            "CREATE SEQUENCE attempts; \
             CREATE FUNCTION meddle() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN {body} RETURN NEW; END $$; \
             CREATE TRIGGER meddle BEFORE INSERT ON countersign_credentials \
             FOR EACH ROW EXECUTE FUNCTION meddle()"
        ),
    );
}

#[ignore = "needs PostgreSQL, which cargo xtask test installs"]
#[tokio::test(flavor = "multi_thread")]
async fn bad_220_a_full_disk_is_an_outage_and_leaves_no_half_creation() {
    let server = PostgresServer::start();
    let store = PostgresStore::connect(&server.url("postgres"))
        .await
        .unwrap();
    trigger(
        &server,
        "RAISE EXCEPTION 'no space left' USING ERRCODE = '53100';",
    );
    for new in [record("credential").into(), demanding("credential")] {
        let creation = store.create(new).await;
        assert_refused(creation, StoreErrorKind::Unavailable, "its disk is full");
    }
    server.sql("postgres", "DROP FUNCTION meddle CASCADE");
    let creation = store.create(demanding("credential")).await.unwrap();
    assert_eq!(creation, Creation::Created);
}

#[ignore = "needs PostgreSQL, which cargo xtask test installs"]
#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_loses_a_deadlock_is_tried_again_but_not_forever() {
    let server = PostgresServer::start();
    let store = PostgresStore::connect(&server.url("postgres"))
        .await
        .unwrap();
    let deadlock = |when: &str| {
        let raise = "RAISE EXCEPTION 'deadlock' USING ERRCODE = '40P01'";
        format!("IF nextval('attempts') {when} THEN {raise}; END IF;")
    };
    trigger(&server, &deadlock("< 4"));
    let creation = store.create(demanding("credential")).await.unwrap();
    assert_eq!(creation, Creation::Created);
    server.sql(
        "postgres",
        "DROP FUNCTION meddle CASCADE; DROP SEQUENCE attempts",
    );
    trigger(&server, &deadlock("> 0"));
    let creation = store.create(record("another").into()).await;
    assert_refused(creation, StoreErrorKind::Unavailable, "40P01");
    let attempts = server.sql("postgres", "SELECT last_value FROM attempts");
    assert_eq!(attempts, "5");
}

#[ignore = "needs PostgreSQL, which cargo xtask test installs"]
#[tokio::test(flavor = "multi_thread")]
async fn writes_are_on_the_disk_even_where_the_operator_does_not_ask_for_it() {
    let server = PostgresServer::start();
    server.sql("postgres", "ALTER SYSTEM SET synchronous_commit = off");
    server.sql("postgres", "SELECT pg_reload_conf()");
    let store = PostgresStore::connect(&server.url("postgres"))
        .await
        .unwrap();
    server.sql("postgres", "CREATE TABLE seen (setting text)");
    trigger(
        &server,
        "INSERT INTO seen VALUES (current_setting('synchronous_commit'));",
    );
    let _ = store.create(record("credential").into()).await.unwrap();
    assert_eq!(server.sql("postgres", "SELECT setting FROM seen"), "on");
    assert_eq!(server.sql("postgres", "SHOW synchronous_commit"), "off");
}

#[ignore = "needs PostgreSQL, which cargo xtask test installs"]
#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_takes_no_writes_is_an_outage() {
    let server = PostgresServer::start();
    let store = PostgresStore::connect(&server.url("postgres"))
        .await
        .unwrap();
    server.sql(
        "postgres",
        "ALTER SYSTEM SET default_transaction_read_only = on",
    );
    server.sql("postgres", "SELECT pg_reload_conf()");
    let begun = Instant::now();
    // The server tells its running sessions, and does not wait until they have heard it.
    while store.ready().await.is_ok() {
        assert!(begun.elapsed() < PATIENCE, "it still takes writes");
    }
    let unavailable = StoreErrorKind::Unavailable;
    assert_refused(store.ready().await, unavailable, "takes no writes");
    let creation = store.create(record("credential").into()).await;
    assert_refused(creation, unavailable, "takes no writes");
    server.sql(
        "postgres",
        "ALTER SYSTEM RESET default_transaction_read_only",
    );
    server.sql("postgres", "SELECT pg_reload_conf()");
    crate::support::assert_recovers(&store).await;
}

#[ignore = "needs PostgreSQL, which cargo xtask test installs"]
#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_somebody_else_has_changed_is_damage_and_is_not_shown() {
    let server = PostgresServer::start();
    let store = PostgresStore::connect(&server.url("postgres"))
        .await
        .unwrap();
    let _ = store.create(record("credential").into()).await.unwrap();
    for change in [
        "principal = ''",
        "principal = E'\\n'",
        "scheme = 99",
        "state = 2",
        "algorithm = 0",
        "revision = -1",
        "rotated_to = ' '",
    ] {
        let table = "countersign_credentials";
        server.sql(
            "postgres",
            &format!("CREATE TABLE before AS SELECT * FROM {table}"),
        );
        server.sql("postgres", &format!("UPDATE {table} SET {change}"));
        let found = store.get(&id("credential")).await;
        assert_refused(found, StoreErrorKind::Damaged, "ordinal 1 makes no sense");
        server.sql(
            "postgres",
            &format!(
                "DELETE FROM {table}; INSERT INTO {table} OVERRIDING SYSTEM VALUE \
                 SELECT * FROM before; DROP TABLE before"
            ),
        );
    }
    let found = store.get(&id("credential")).await.unwrap();
    assert_eq!(found, Some(record("credential")));
    server.sql(
        "postgres",
        "ALTER TABLE countersign_credentials DROP COLUMN rotated_to",
    );
    let found = store.get(&id("credential")).await;
    assert_refused(found, StoreErrorKind::Incompatible, "not this program's");
}

#[ignore = "needs PostgreSQL, which cargo xtask test installs"]
#[tokio::test(flavor = "multi_thread")]
async fn what_postgresql_cannot_keep_is_refused_and_the_store_goes_on() {
    let server = PostgresServer::start();
    let store = PostgresStore::connect(&server.url("postgres"))
        .await
        .unwrap();
    let token = TokenRecord {
        id: TokenId::parse("token").unwrap(),
        name: Some("a\0b".into()),
        scope: Scope::Admin,
        hash: TokenHash([1; 32]),
        created_at: Timestamp::from_unix(0),
        revoked_at: None,
    };
    let added = store.add_token(token).await;
    assert_refused(added, StoreErrorKind::Misconfigured, "leave NUL out");
    assert_eq!(store.tokens().await.unwrap(), []);
}

#[ignore = "needs PostgreSQL, which cargo xtask test installs"]
#[tokio::test(flavor = "multi_thread")]
async fn the_last_revision_and_the_ends_of_time_are_kept() {
    let server = PostgresServer::start();
    let store = PostgresStore::connect(&server.url("postgres"))
        .await
        .unwrap();
    let last = Revision::from_number(u32::MAX);
    let mut extreme = record("credential");
    extreme.revision = last;
    extreme.created_at = Timestamp::from_unix(i64::MIN);
    extreme.life.expires_at = Some(Timestamp::from_unix(i64::MAX));
    let _ = store.create(extreme.clone().into()).await.unwrap();
    let found = store.get(&id("credential")).await.unwrap();
    assert_eq!(found, Some(extreme));
    let change = Change::Life(Life::default());
    let _ = store.update(&id("credential"), last, change).await.unwrap();
    let listing = Listing {
        principal: None,
        which: Which::WithDeleted,
        after: None,
        limit: usize::MAX,
    };
    let page = store.list(&listing).await.unwrap();
    assert_eq!(page.records[0].revision, last);
}
