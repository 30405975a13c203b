//! HTTP/2, TLS, and the limits of connections.

use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::support::client::{send, send_h2, send_raw};
use crate::support::sign::{self, Message, PRINCIPAL};
use crate::support::upstream::Echo;
use crate::support::{Running, proxy, within};

#[tokio::test]
async fn bad_133_the_same_signature_verifies_over_http_2() {
    let echo = Echo::start().await;
    let gateway = Running::in_front_of(echo.address).await;
    for name in ["moxie", "hmac-auth-sha256", "auth-key"] {
        let message = Message::post("/a?b", "hello")
            .sign(name)
            .header("cookie", "a=1")
            .header("cookie", "b=2");
        let stream = TcpStream::connect(gateway.address).await.unwrap();
        let answer = send_h2(stream, &message, "http").await;
        assert_eq!(answer.status, 200, "{name}: {answer:?}");
        assert_eq!(answer.json()["body"], "hello");
        assert_eq!(answer.echoed("host"), sign::HOST);
        assert_eq!(answer.echoed("cookie"), "a=1; b=2");
        assert_eq!(answer.echoed("x-countersign-principal"), PRINCIPAL);
        let stream = TcpStream::connect(gateway.address).await.unwrap();
        let answer = send_h2(stream, &message.to("/b"), "http").await;
        assert_eq!(answer.told(), (401, "invalid_credentials".into()), "{name}");
    }
}

/// A directory that is removed at the end.
struct Files(std::path::PathBuf);

impl Files {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn connector(certificate: &CertificateDer<'static>, protocol: &[u8]) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone()).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![protocol.to_vec()];
    TlsConnector::from(Arc::new(config))
}

#[tokio::test]
async fn requests_over_tls_are_verified_as_https_under_either_version() {
    let files = Files::new("countersign-gateway-tls");
    let made = rcgen::generate_simple_self_signed([sign::HOST.to_owned()]).unwrap();
    let (certificate, key) = (files.0.join("cert.pem"), files.0.join("key.pem"));
    std::fs::write(&certificate, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();

    let echo = Echo::start().await;
    let gateway = Running::start(proxy(echo.address).tls(certificate, key)).await;
    let message = || Message::get("/a").sign_with("moxie", &sign::key(), "https");
    let connect = |protocol: &'static [u8]| {
        let connector = connector(made.cert.der(), protocol);
        async move {
            let stream = TcpStream::connect(gateway.address).await.unwrap();
            let name = ServerName::try_from(sign::HOST).unwrap();
            within("TLS", connector.connect(name, stream))
                .await
                .unwrap()
        }
    };
    let answer = Box::pin(send_h2(connect(b"h2").await, &message(), "https")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.echoed("x-forwarded-proto"), "https");

    let mut stream = connect(b"http/1.1").await;
    stream.write_all(&message().bytes()).await.unwrap();
    let mut text = Vec::new();
    let _ = within("the answer", stream.read_to_end(&mut text)).await;
    let text = String::from_utf8_lossy(&text).into_owned();
    assert!(text.starts_with("HTTP/1.1 200"), "{text}");
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused() {
    let echo = Echo::start().await;
    let gateway = Running::in_front_of(echo.address).await;
    let large = Message::get("/").header("x-large", &"x".repeat(70 * 1024));
    let answer = send_raw(gateway.address, &large.bytes()).await;
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 431"),
        "{answer}"
    );
    let many = (0..101).fold(Message::get("/"), |message, count| {
        message.header(&format!("x-{count}"), "1")
    });
    let answer = send_raw(gateway.address, &many.bytes()).await;
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 431"),
        "{answer}"
    );
    assert_eq!(echo.calls(), 0);
}

#[tokio::test]
async fn connections_beyond_the_limit_wait_for_their_turn() {
    let echo = Echo::start().await;
    let gateway = Running::start(proxy(echo.address).max_connections(1)).await;
    let held = TcpStream::connect(gateway.address).await.unwrap();
    let message = Message::get("/").sign("moxie");
    let waiting = tokio::spawn(async move { send(gateway.address, &message).await });
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    assert!(!waiting.is_finished());
    drop(held);
    assert_eq!(within("its turn", waiting).await.unwrap().status, 200);
}

#[tokio::test]
async fn bad_181_two_framings_are_refused_or_read_as_chunked_only() {
    let echo = Echo::start().await;
    let gateway = Running::in_front_of(echo.address).await;
    for framing in [
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Transfer-Encoding: xchunked\r\n",
        "Content-Length: x\r\n",
    ] {
        let bytes =
            format!("POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{framing}\r\nhello");
        let answer = send_raw(gateway.address, bytes.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{framing}: {answer}");
    }
}

#[tokio::test]
async fn bad_169_a_refused_request_is_not_asked_for_its_body() {
    let echo = Echo::start().await;
    let gateway = Running::in_front_of(echo.address).await;
    let waits = |message: Message| message.header("expect", "100-continue").bytes();
    let unsigned = waits(Message::post("/", "hello"));
    let head = unsigned.strip_suffix(b"hello").unwrap();
    let answer = send_raw(gateway.address, head).await;
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    let signed = waits(Message::post("/", "hello").sign("moxie"));
    let answer = send_raw(gateway.address, &signed).await;
    assert!(answer.contains("HTTP/1.1 200"), "{answer}");
    assert!(!answer.contains("\"expect\""), "{answer}");
}

#[tokio::test]
async fn bad_187_a_refused_head_has_no_body() {
    let echo = Echo::start().await;
    let gateway = Running::in_front_of(echo.address).await;
    let answer = send_raw(gateway.address, &Message::new("HEAD", "/").bytes()).await;
    assert!(
        answer.starts_with("HTTP/1.1 401") && answer.ends_with("\r\n\r\n"),
        "{answer}"
    );
    let down = Running::in_front_of(crate::support::upstream::nobody().await).await;
    let signed = Message::new("HEAD", "/").sign("moxie");
    let answer = send_raw(down.address, &signed.bytes()).await;
    assert!(
        answer.starts_with("HTTP/1.1 502") && answer.ends_with("\r\n\r\n"),
        "{answer}"
    );
}
