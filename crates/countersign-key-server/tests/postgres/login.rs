//! Getting in, and being kept out.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::thread;

use countersign_key_server::store::postgres::{MAX_CONNECTIONS, PostgresStore};
use countersign_key_server::store::{CredentialStore as _, StoreErrorKind};
use tempfile::NamedTempFile;
use tokio::task::JoinSet;

use crate::postgres_server::PostgresServer;
use crate::support::{assert_refused, id};

/// With everything in it that means something in an address.
const PASSWORD: &str = "p@ss:w/o?r#d&%";
const ENCODED: &str = "p%40ss%3Aw%2Fo%3Fr%23d%26%25";

/// A server with the role `dave`, who needs his password.
fn guarded() -> PostgresServer {
    let server = PostgresServer::start();
    server.sql(
        "postgres",
        &format!("CREATE ROLE dave LOGIN PASSWORD '{PASSWORD}'"),
    );
    server.sql("postgres", "GRANT ALL ON SCHEMA public TO dave");
    server.write(
        "pg_hba.conf",
        "host all app 127.0.0.1/32 trust\nhost all dave 127.0.0.1/32 scram-sha-256\n",
    );
    server.sql("postgres", "SELECT pg_reload_conf()");
    server
}

fn url(server: &PostgresServer, login: &str, rest: &str) -> String {
    format!("postgres://{login}@127.0.0.1:{}/{rest}", server.port())
}

fn assert_secret(text: &str) {
    for secret in [PASSWORD, ENCODED, "p@ss", "wrong"] {
        assert!(!text.contains(secret), "{text}");
    }
}

#[ignore = "needs PostgreSQL, which cargo xtask test installs"]
#[tokio::test(flavor = "multi_thread")]
async fn the_password_is_in_the_address_or_in_a_file_and_is_never_shown() {
    let server = guarded();
    let mut alone = NamedTempFile::new().unwrap();
    alone.write_all(PASSWORD.as_bytes()).unwrap();
    let alone = alone.path().display();
    let mut pgpass = NamedTempFile::new().unwrap();
    let escaped = PASSWORD.replace(':', "\\:");
    writeln!(pgpass, "other:*:*:*:wrong\n*:*:postgres:dave:{escaped}").unwrap();
    let pgpass = pgpass.path().display();
    for address in [
        url(&server, &format!("dave:{ENCODED}"), "postgres"),
        url(&server, "dave", &format!("postgres?password={ENCODED}")),
        url(&server, "dave", &format!("postgres?passfile={alone}")),
        url(&server, "dave", &format!("postgres?passfile={pgpass}")),
    ] {
        let store = PostgresStore::connect(&address).await.unwrap();
        store.ready().await.unwrap();
        let shown = format!("{store:?}");
        assert!(shown.contains("postgres://dave@127.0.0.1:"), "{shown}");
        assert_secret(&shown);
    }
    let both = url(
        &server,
        &format!("dave:{ENCODED}"),
        &format!("postgres?passfile={alone}"),
    );
    let refused = PostgresStore::connect(&both).await;
    assert_refused(refused, StoreErrorKind::Misconfigured, "keep one of them");
}

#[ignore = "needs PostgreSQL, which cargo xtask test installs"]
#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_let_in_is_told_why_and_the_password_is_not_repeated() {
    let server = guarded();
    let login = format!("dave:{ENCODED}");
    for (address, advice) in [
        (url(&server, "dave:wrong", "postgres"), "give the right one"),
        (url(&server, "dave", "postgres"), "give the password"),
        (url(&server, "eve:wrong", "postgres"), "pg_hba.conf"),
        (url(&server, &login, "nowhere"), "no such database"),
    ] {
        let error = PostgresStore::connect(&address).await.unwrap_err();
        assert_secret(&format!("{error} {error:?}"));
        assert_refused::<()>(Err(error), StoreErrorKind::Misconfigured, advice);
    }
}

#[ignore = "needs PostgreSQL, which cargo xtask test installs"]
#[tokio::test(flavor = "multi_thread")]
async fn a_role_without_the_rights_is_told_which_and_needs_none_to_create_later() {
    let server = guarded();
    let address = url(&server, &format!("dave:{ENCODED}"), "postgres");
    server.sql("postgres", "REVOKE ALL ON SCHEMA public FROM dave");
    let refused = PostgresStore::connect(&address).await;
    assert_refused(refused, StoreErrorKind::Misconfigured, "grant it CREATE");
    let owner = PostgresStore::connect(&server.url("postgres"))
        .await
        .unwrap();
    server.sql(
        "postgres",
        "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO dave",
    );
    let store = PostgresStore::connect(&address).await.unwrap();
    let _ = store
        .create(crate::support::demanding("credential"))
        .await
        .unwrap();
    assert!(owner.get(&id("credential")).await.unwrap().is_some());
}

#[ignore = "needs PostgreSQL, which cargo xtask test installs"]
#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_cannot_keep_every_character_is_refused() {
    let server = PostgresServer::start();
    let statement = "CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0";
    server.sql("postgres", statement);
    let refused = PostgresStore::connect(&server.url("latin")).await;
    assert_refused(refused, StoreErrorKind::Misconfigured, "ENCODING 'UTF8'");
}

#[ignore = "needs PostgreSQL, which cargo xtask test installs"]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_database_with_too_many_connections_is_an_outage() {
    let mut server = PostgresServer::start();
    server.sql("postgres", "ALTER SYSTEM SET max_connections = 6");
    server.sql(
        "postgres",
        "ALTER SYSTEM SET superuser_reserved_connections = 0",
    );
    server.sql("postgres", "ALTER SYSTEM SET max_wal_senders = 0");
    server.restart();
    let store = PostgresStore::connect(&server.url("postgres"))
        .await
        .unwrap();
    let store = std::sync::Arc::new(store);
    let mut calls = JoinSet::new();
    for _ in 0..4 * MAX_CONNECTIONS {
        let store = store.clone();
        calls.spawn(async move { store.ready().await });
    }
    let done = calls.join_all().await;
    let refused: Vec<_> = done.into_iter().filter_map(Result::err).collect();
    assert!(!refused.is_empty());
    for error in refused {
        assert_refused::<()>(Err(error), StoreErrorKind::Unavailable, "max_connections");
    }
    store.ready().await.unwrap();
}

/// Something that listens and is no PostgreSQL: it answers `answer` to whatever it is told.
fn other_program(answer: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for connection in listener.incoming() {
            let mut connection = connection.unwrap();
            let _ = connection.read(&mut [0; 1024]);
            let _ = connection.write_all(answer);
        }
    });
    format!("postgres://app@127.0.0.1:{port}/postgres")
}

#[tokio::test]
async fn something_else_at_the_port_is_no_postgresql() {
    for answer in [
        &b"HTTP/1.1 400 Bad Request\r\n\r\n"[..],
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"R\0\0\0\x01",
        b"E\0\0\0\x08\x1b[2J",
        &[0xff; 4096],
    ] {
        let error = PostgresStore::connect(&other_program(answer))
            .await
            .unwrap_err();
        let shown = error.to_string();
        assert!(
            matches!(
                error.kind(),
                StoreErrorKind::Incompatible | StoreErrorKind::Unavailable
            ),
            "{shown}"
        );
        assert!(
            !shown.contains('\x1b') && shown.contains("answers there"),
            "{shown}"
        );
    }
    let closed = PostgresStore::connect(&other_program(b"")).await;
    assert_refused(
        closed,
        StoreErrorKind::Unavailable,
        "the connection was lost",
    );
}

#[tokio::test]
async fn nothing_at_the_port_is_an_outage() {
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let refused = PostgresStore::connect(&format!("postgres://app@127.0.0.1:{port}/creds")).await;
    assert_refused(refused, StoreErrorKind::Unavailable, "no connection");
}
