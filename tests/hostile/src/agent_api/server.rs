//! A server with one account.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::response::Response;
use countersign::{ManualClock, Timestamp};
use countersign_key_server::api::{ApiSettings, router};
use countersign_key_server::registry::Registry;
use countersign_key_server::seal::MasterKey;
use countersign_key_server::store::MemoryStore;
use http::header::{CONTENT_TYPE, HOST, HeaderValue};
use http::{HeaderMap, Method, Request, Uri};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::signing::mac;
use crate::written::Written;

pub(super) const PLAIN: &[u8] = b"text/plain; charset=utf-8";

const ADDRESS: &str = "127.0.0.1:8070";

/// The account that there is.
pub(super) const USER: &str = "TestUser";

/// Its password.
pub(super) const PASSWORD: &str = "account password";

const NONCE: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

/// A server, and what is needed to call it.
pub(super) struct Server {
    router: Router,
    /// The token of the account's session.
    pub(super) jwt: String,
    /// An API key with which no account was made yet, and its secret.
    pub(super) api_key: String,
    pub(super) api_secret: String,
}

impl Server {
    pub(super) async fn start() -> Self {
        let master = MasterKey::generate().expect("randomness");
        let registry = Registry::open(Arc::new(MemoryStore::new()), &master).await;
        let clock = ManualClock::new(Timestamp::from_unix(1_767_225_600));
        let registry = registry.expect("a new store").clock(Arc::new(clock));
        let mut server = Self {
            router: router(Arc::new(registry), ApiSettings::default()),
            jwt: String::new(),
            api_key: String::new(),
            api_secret: String::new(),
        };
        server.add_api_key().await;
        let signed = [USER, ADDRESS, "a@b", PASSWORD, &server.api_key, NONCE].join(":");
        let account = json!({
            "userName": USER, "eMail": "a@b", "password": PASSWORD, "apiKey": server.api_key,
            "nonce": NONCE, "signature": mac(&server.api_secret, &signed), "seconds": 3600,
        });
        let made = server.made("/Agent/Account/Create", &account).await;
        server.jwt = made["jwt"].as_str().expect("a token").to_owned();
        server.add_api_key().await;
        server
    }

    /// The host that its agents sign over.
    pub(super) const fn host() -> &'static str {
        ADDRESS
    }

    pub(super) async fn send(&self, written: Written) -> Response {
        let mut request = Request::new(Body::from(written.body));
        *request.method_mut() = written.method;
        *request.uri_mut() = written.target;
        *request.headers_mut() = written.headers;
        let headers = request.headers_mut();
        headers
            .entry(HOST)
            .or_insert(HeaderValue::from_static(ADDRESS));
        headers
            .entry(CONTENT_TYPE)
            .or_insert(HeaderValue::from_static("application/json"));
        let peer: SocketAddr = ADDRESS.parse().expect("an address");
        request.extensions_mut().insert(ConnectInfo(peer));
        let answer = { self.router.clone() }.oneshot(request).await;
        answer.expect("it never fails")
    }

    async fn add_api_key(&mut self) {
        let body = json!({"principal": "p", "auth_scheme": "agent"});
        let made = self.made("/v1.0/creds", &body).await;
        let text = |name: &str| made["agent"][name].as_str().expect("a text").to_owned();
        (self.api_key, self.api_secret) = (text("api_key"), text("secret"));
    }

    async fn made(&self, path: &'static str, body: &Value) -> Value {
        let written = Written {
            method: Method::POST,
            target: Uri::from_static(path),
            headers: HeaderMap::new(),
            body: body.to_string().into_bytes(),
        };
        let (head, body) = self.send(written).await.into_parts();
        let body = to_bytes(body, 1 << 20).await.expect("a short body");
        assert!(head.status.is_success(), "{head:?} {body:?}");
        serde_json::from_slice(&body).expect("JSON")
    }
}
