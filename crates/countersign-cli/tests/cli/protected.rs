//! A service behind the layer, in this process.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::routing::any;
use countersign::{
    AnyScheme, AuthKey, Basic, Dialect, HmacAuth, Mac, Moxie, SchemeId, SigningKey, StaticKeys,
    Verified, VerifyLayer,
};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use crate::run::SECRET;

/// The id of the key; with basic, the secret is the id.
pub(crate) const KEY_ID: &str = "example-id";

/// Serves until it is dropped.
#[derive(Debug)]
pub(crate) struct Service {
    address: SocketAddr,
    _runtime: Runtime,
}

impl Service {
    /// A service that verifies requests of `scheme` and greets the caller.
    pub(crate) fn of(scheme: &str) -> Self {
        let layer = VerifyLayer::any([any_scheme(scheme)], StaticKeys::new([key(scheme)]));
        let app = Router::new()
            .fallback(any(greet))
            .layer(layer)
            .route("/missing", any(|| async { http::StatusCode::NOT_FOUND }))
            .route("/forbidden", any(|| async { http::StatusCode::FORBIDDEN }));
        let (listener, runtime) = listen();
        let address = listener.local_addr().expect("it listens");
        runtime.spawn(async move { axum::serve(listener, app).await });
        Self {
            address,
            _runtime: runtime,
        }
    }

    /// The same over TLS; and the certificate, in PEM.
    pub(crate) fn over_tls() -> (Self, String) {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        use tokio_rustls::rustls::pki_types::PrivateKeyDer;
        use tokio_rustls::rustls::{ServerConfig, crypto};

        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("made");
        let pem = made.cert.pem();
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).expect("a key");
        let provider = Arc::new(crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .expect("a certificate");
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        let (listener, runtime) = listen();
        let address = listener.local_addr().expect("it listens");
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    continue;
                };
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(stream.read_u8().await.unwrap_or(b'\n'));
                }
                let answer =
                    "HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nsecure";
                let _ = stream.write_all(answer.as_bytes()).await;
                let _ = stream.shutdown().await;
            }
        });
        let service = Self {
            address,
            _runtime: runtime,
        };
        (service, pem)
    }

    pub(crate) fn url(&self, target: &str) -> String {
        format!("http://{}{target}", self.address)
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }
}

fn listen() -> (TcpListener, Runtime) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    let listener = runtime
        .block_on(TcpListener::bind("127.0.0.1:0"))
        .expect("a free port");
    (listener, runtime)
}

async fn greet(caller: Verified, body: axum::body::Bytes) -> String {
    format!("hello {}, {} bytes", caller.principal(), body.len())
}

fn key(scheme: &str) -> SigningKey {
    if scheme == "basic" {
        return Basic::key(SECRET, "dave".to_owned()).expect("a key");
    }
    SigningKey::new(KEY_ID, SECRET, "dave").expect("a key")
}

fn any_scheme(name: &str) -> AnyScheme {
    match SchemeId::from_name(name).expect("a scheme") {
        SchemeId::AUTH_KEY => AuthKey::default().into(),
        SchemeId::AUTH_KEY_V1 => AuthKey::dialect(Dialect::V1).into(),
        SchemeId::AUTH_KEY_V2 => AuthKey::dialect(Dialect::V2).into(),
        SchemeId::AUTH_KEY_V3 => AuthKey::dialect(Dialect::V3).into(),
        SchemeId::HMAC_AUTH => HmacAuth::sha1().into(),
        SchemeId::HMAC_AUTH_SHA256 => HmacAuth::sha256().into(),
        SchemeId::MOXIE => Moxie::default().into(),
        SchemeId::MAC => Mac::yar().into(),
        SchemeId::MAC_DRAFT => Mac::draft().into(),
        _ => Basic.into(),
    }
}
