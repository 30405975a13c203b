//! TLS, with a certificate authority of one's own.

use std::path::PathBuf;

use countersign_redis::{ConnectError, RedisReplayCache};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

use crate::support::claims::{Request, connect, unguarded};
use crate::support::server::Server;
use crate::support::stub::Stub;

/// An authority, and a certificate of it for 127.0.0.1, in a folder.
struct Authority {
    folder: tempfile::TempDir,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        // To OpenSSL a certificate whose issuer has the same name has signed itself.
        params
            .distinguished_name
            .push(DnType::CommonName, "authority");
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let issuer = Issuer::new(params, key);
        let leaf_key = KeyPair::generate().unwrap();
        let leaf = CertificateParams::new(vec!["127.0.0.1".to_owned()])
            .unwrap()
            .signed_by(&leaf_key, &issuer)
            .unwrap();
        let folder = tempfile::tempdir().unwrap();
        let write =
            |name: &str, text: String| std::fs::write(folder.path().join(name), text).unwrap();
        write("ca.pem", certificate.pem());
        write("cert.pem", leaf.pem());
        write("key.pem", leaf_key.serialize_pem());
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn server(&self, clients: &str) -> Server {
        let path = |name| self.path(name).into_os_string().into_string().unwrap();
        Server::with(&[
            "--tls-cert-file",
            &path("cert.pem"),
            "--tls-key-file",
            &path("key.pem"),
            "--tls-ca-cert-file",
            &path("ca.pem"),
            "--tls-auth-clients",
            clients,
        ])
    }
}

fn over_tls(server: &Server) -> String {
    server.url().replace("redis://", "rediss://")
}

#[tokio::test]
#[ignore = "needs Redis, which cargo xtask test installs"]
async fn a_server_with_a_certificate_of_the_given_authority_is_used() {
    let authority = Authority::new();
    let server = authority.server("no");
    let builder = unguarded(&over_tls(&server)).ca_file(authority.path("ca.pem"));
    let cache = builder.connect().await.unwrap();
    let request = Request::new();
    request.claim(&cache).await.unwrap();
    assert!(request.claim(&cache).await.is_err());
}

#[tokio::test]
#[ignore = "needs Redis, which cargo xtask test installs"]
async fn a_server_that_asks_for_a_certificate_gets_it() {
    let authority = Authority::new();
    let server = authority.server("yes");
    let builder = unguarded(&over_tls(&server)).ca_file(authority.path("ca.pem"));
    assert!(builder.clone().connect().await.is_err());
    let identity = (authority.path("cert.pem"), authority.path("key.pem"));
    let cache = builder
        .client_identity(identity.0, identity.1)
        .connect()
        .await
        .unwrap();
    Request::new().claim(&cache).await.unwrap();
}

#[tokio::test]
#[ignore = "needs Redis, which cargo xtask test installs"]
async fn a_certificate_of_another_authority_or_for_another_name_is_refused() {
    let (authority, other) = (Authority::new(), Authority::new());
    let server = authority.server("no");
    let url = over_tls(&server);
    for builder in [
        RedisReplayCache::builder(&url),
        RedisReplayCache::builder(&url).ca_file(other.path("ca.pem")),
        RedisReplayCache::builder(&url.replace("127.0.0.1", "localhost"))
            .ca_file(authority.path("ca.pem")),
    ] {
        let error = builder.connect().await.unwrap_err();
        assert!(matches!(error, ConnectError::Refused(_)), "{error:?}");
        assert!(error.to_string().contains("TLS handshake"), "{error}");
    }
}

#[tokio::test]
async fn a_server_without_tls_is_refused_where_tls_was_asked_for() {
    let stub = Stub::start("maxmemory_policy:noeviction\r\n").await;
    connect(&stub.url()).await;
    let url = stub.url().replace("redis://", "rediss://");
    assert!(RedisReplayCache::connect(&url).await.is_err());
}
