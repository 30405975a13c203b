//! The key server's API: a few requests in a row to a server that has just started.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use countersign::{ManualClock, Timestamp};
use countersign_key_server::api::{ApiSettings, router};
use countersign_key_server::registry::Registry;
use countersign_key_server::seal::MasterKey;
use countersign_key_server::store::MemoryStore;
use http::header::{CONTENT_TYPE, HOST, HeaderValue, LOCATION};
use http::{Method, Request};
use tower::ServiceExt as _;

use crate::written::{Written, split};

/// Stands before each request but the first.
const NEXT: &[u8] = b"\n---\n";

/// What `{id}` stands for: the credential that was made last.
const ID: &[u8] = b"{id}";

/// More requests than any bug should need.
const MOST: usize = 6;

const ADDRESS: &str = "127.0.0.1:8070";

/// Every request has an answer, none of them says that the server is broken, what claims to be JSON
/// is, and HEAD is answered without a body.
pub fn creds_json(input: &[u8]) {
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let api = server().await;
        let mut id = b"none".to_vec();
        for text in split(input, NEXT).into_iter().take(MOST) {
            let text = split(text, ID).join(&id[..]);
            let Some(request) = Written::read(&text) else {
                continue;
            };
            let has_body = request.method != Method::HEAD;
            let answer = { api.clone() }.oneshot(http(request)).await;
            let (head, body) = answer.expect("it never fails").into_parts();
            let body = to_bytes(body, 1 << 20).await.expect("a short body");
            assert!(head.status.as_u16() < 500, "{head:?} {body:?}");
            let kind = head.headers.get(CONTENT_TYPE);
            if !has_body {
                assert!(body.is_empty(), "{head:?} {body:?}");
            } else if kind
                .is_some_and(|kind| kind.as_bytes().windows(4).any(|part| part == b"json"))
            {
                let json: Result<serde_json::Value, _> = serde_json::from_slice(&body);
                assert!(json.is_ok(), "{head:?} {body:?}");
            }
            if let Some(location) = head.headers.get(LOCATION) {
                let last = location.as_bytes().rsplit(|&byte| byte == b'/').next();
                id = last.unwrap_or_default().to_vec();
            }
        }
    });
}

async fn server() -> axum::Router {
    let master = MasterKey::generate().expect("randomness");
    let registry = Registry::open(Arc::new(MemoryStore::new()), &master).await;
    let clock = ManualClock::new(Timestamp::from_unix(1_767_225_600));
    let registry = registry.expect("a new store").clock(Arc::new(clock));
    router(Arc::new(registry), ApiSettings::default())
}

fn http(written: Written) -> Request<Body> {
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
    request
}
