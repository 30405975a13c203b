//! TLS: whom the client trusts, and under which name.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use countersign_client::{Connection, KeyServerClient};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::{ServerConfig, crypto};

use crate::stub::{ID, Reply, find, serve};

/// A server with a certificate for `name`, and the certificate in PEM.
async fn server(name: &str) -> (SocketAddr, tempfile::NamedTempFile) {
    let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
    let pem = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(pem.path(), made.cert.pem()).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            if let Ok(stream) = acceptor.accept(stream).await {
                let record = Arc::new(Mutex::new(Vec::new()));
                tokio::spawn(serve(
                    stream,
                    Arc::new(|_, _| Reply::credential()),
                    record,
                    0,
                ));
            }
        }
    });
    (address, pem)
}

#[tokio::test]
async fn a_server_with_a_certificate_of_the_given_authority_is_trusted() {
    let (address, pem) = server("localhost").await;
    let url = format!("https://localhost:{}", address.port());
    let connection = Connection::builder(url).ca_file(pem.path()).build();
    let found = find(&KeyServerClient::new(connection.unwrap()), ID).await;
    assert!(found.unwrap().is_some());
}

#[tokio::test]
async fn bad_218_a_certificate_for_another_name_is_refused() {
    let (address, pem) = server("keys.example.com").await;
    let url = format!("https://localhost:{}", address.port());
    let connection = Connection::builder(url).ca_file(pem.path()).build();
    let error = find(&KeyServerClient::new(connection.unwrap()), ID).await;
    let error = error.unwrap_err().to_string();
    assert!(
        error.contains("certificate") && error.contains("localhost"),
        "{error}"
    );
}

#[tokio::test]
async fn bad_218_a_certificate_of_an_unknown_authority_is_refused() {
    let (address, _) = server("localhost").await;
    let url = format!("https://localhost:{}", address.port());
    let client = KeyServerClient::new(Connection::to(url).unwrap());
    let error = find(&client, ID).await.unwrap_err().to_string();
    assert!(error.contains("certificate"), "{error}");
}

#[test]
fn a_file_without_certificates_is_refused_by_its_name() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let with = |path: &std::path::Path| Connection::builder("https://h").ca_file(path).build();
    let refused = with(file.path()).unwrap_err().to_string();
    assert!(refused.contains("no certificate in it"), "{refused}");
    assert!(refused.contains(&file.path().display().to_string()));
    assert!(with("/nowhere/ca.pem".as_ref()).is_err());
}
