//! Encrypted connections.

use std::io::Write as _;

use countersign_key_server::store::postgres::PostgresStore;
use countersign_key_server::store::{CredentialStore as _, StoreErrorKind};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tempfile::NamedTempFile;

use crate::postgres_server::PostgresServer;
use crate::support::assert_refused;

/// An authority's certificate in a file, and a server whose certificate for `name` it signed.
fn encrypted(name: &str) -> (NamedTempFile, PostgresServer) {
    let mut authority = CertificateParams::new([]).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority_key = KeyPair::generate().unwrap();
    let certificate = authority.self_signed(&authority_key).unwrap();
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(certificate.pem().as_bytes()).unwrap();
    let issuer = Issuer::new(authority, authority_key);
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new([name.to_owned()]).unwrap();
    let certificate = certificate.signed_by(&key, &issuer).unwrap();
    let server = PostgresServer::start();
    server.write("server.crt", &certificate.pem());
    server.write("server.key", &key.serialize_pem());
    server.sql("postgres", "ALTER SYSTEM SET ssl = on");
    server.sql("postgres", "SELECT pg_reload_conf()");
    (file, server)
}

fn is_encrypted(server: &PostgresServer) -> String {
    server.sql(
        "postgres",
        "SELECT DISTINCT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) \
         WHERE application_name = 'countersign key_server'",
    )
}

#[ignore = "needs PostgreSQL, which cargo xtask test installs"]
#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_of_the_authority_that_is_named_is_trusted_and_no_other() {
    let (authority, server) = encrypted("127.0.0.1");
    let authority = authority.path().display();
    let url = server.url("postgres");
    for mode in ["require", "prefer"] {
        let url = format!("{url}?sslmode={mode}");
        let refused = PostgresStore::connect(&url).await;
        assert_refused(refused, StoreErrorKind::Misconfigured, "sslrootcert");
        let url = format!("{url}&sslrootcert={authority}");
        let store = PostgresStore::connect(&url).await.unwrap();
        store.ready().await.unwrap();
        assert_eq!(is_encrypted(&server), "t");
        store.close().await;
    }
}

#[ignore = "needs PostgreSQL, which cargo xtask test installs"]
#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_with_another_name_is_not_trusted() {
    let (authority, server) = encrypted("db.example");
    let authority = authority.path().display();
    let url = server.url("postgres");
    let refused = format!("{url}?sslmode=require&sslrootcert={authority}");
    let refused = PostgresStore::connect(&refused).await;
    assert_refused(refused, StoreErrorKind::Misconfigured, "its certificate");
}

#[ignore = "needs PostgreSQL, which cargo xtask test installs"]
#[tokio::test(flavor = "multi_thread")]
async fn without_tls_there_nothing_is_sent_where_it_is_required() {
    let server = PostgresServer::start();
    let url = server.url("postgres");
    let refused = PostgresStore::connect(&format!("{url}?sslmode=require")).await;
    assert_refused(refused, StoreErrorKind::Misconfigured, "offers no TLS");
    for rest in ["", "?sslmode=prefer", "?sslmode=disable"] {
        let store = PostgresStore::connect(&format!("{url}{rest}"))
            .await
            .unwrap();
        store.ready().await.unwrap();
    }
}

#[tokio::test]
async fn a_file_of_authorities_that_holds_none_is_refused() {
    let empty = NamedTempFile::new().unwrap();
    for path in [empty.path().display().to_string(), "/no/such/file".into()] {
        let url = format!("postgres://db.example/creds?sslrootcert={path}");
        let refused = PostgresStore::connect(&url).await;
        assert_refused(refused, StoreErrorKind::Misconfigured, "PEM file");
    }
}
