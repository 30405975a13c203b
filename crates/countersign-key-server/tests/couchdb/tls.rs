//! CouchDB behind TLS.

use std::path::Path;
use std::sync::Arc;

use countersign_key_server::store::StoreErrorKind;
use countersign_key_server::store::couchdb::CouchStore;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use crate::stub::Stub;

/// Puts TLS before `stub`, with a certificate for `localhost` that is left in `file`. Gives the
/// port.
async fn tls_before(stub: &Stub, file: &Path) -> u16 {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(file, made.cert.pem()).unwrap();
    let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let behind = stub.address;
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                // Whoever does not trust the certificate goes away.
                if let Ok(mut stream) = acceptor.accept(stream).await {
                    let mut behind = TcpStream::connect(behind).await.unwrap();
                    let _ = tokio::io::copy_bidirectional(&mut stream, &mut behind).await;
                }
            });
        }
    });
    port
}

#[tokio::test]
async fn bad_218_a_password_goes_only_to_whom_a_trusted_authority_vouches_for() {
    let stub = Stub::couchdb().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("authorities.pem");
    let port = tls_before(&stub, &file).await;
    let authorities = format!("?cafile={}", file.display());
    let url = |host: &str, query: &str| format!("couchdbs://admin:pw@{host}:{port}/creds{query}");
    for (host, query) in [("localhost", ""), ("127.0.0.1", authorities.as_str())] {
        let error = CouchStore::connect(&url(host, query)).await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    }
    assert!(stub.sent().is_empty());
    CouchStore::connect(&url("localhost", &authorities))
        .await
        .unwrap();
    assert!(
        stub.sent()
            .iter()
            .all(|it| it.headers.contains_key("authorization"))
    );
    std::fs::write(&file, "no certificate").unwrap();
    let error = CouchStore::connect(&url("localhost", &authorities))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Misconfigured);
}
