//! A server in process, and what is needed to ask it.

mod answer;
mod described;
mod faulty;
mod schema;
mod sink;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use countersign_core::{ManualClock, Timestamp};
use countersign_key_server::api::{ApiSettings, router};
use countersign_key_server::audit::AuditLog;
use countersign_key_server::registry::Registry;
use countersign_key_server::seal::MasterKey;
use countersign_key_server::store::{
    CredentialStore, MemoryStore, Scope, TokenHash, TokenId, TokenRecord,
};
use http::{Method, Request};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tower::ServiceExt as _;

pub(crate) use self::answer::Answer;
pub(crate) use self::described::Description;
pub(crate) use self::faulty::{Fault, Faulty};
pub(crate) use self::sink::Sink;

/// What the clock of a new server says.
pub(crate) const NOW: &str = "2026-01-01T00:00:00Z";
const NOW_UNIX: i64 = 1_767_225_600;

pub(crate) const HOST: &str = "127.0.0.1:8070";

pub(crate) struct Server {
    router: Router,
    pub(crate) registry: Arc<Registry>,
    pub(crate) store: Arc<Faulty>,
    pub(crate) clock: ManualClock,
    pub(crate) audit: Sink,
    description: Arc<Description>,
    /// Sent with every request.
    token: Option<String>,
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::with(|settings| settings, |registry| registry).await
    }

    pub(crate) async fn with_settings(set: impl FnOnce(ApiSettings) -> ApiSettings) -> Self {
        Self::with(set, |registry| registry).await
    }

    pub(crate) async fn with(
        set: impl FnOnce(ApiSettings) -> ApiSettings,
        rules: impl FnOnce(Registry) -> Registry,
    ) -> Self {
        let store = Arc::new(Faulty::new(MemoryStore::new()));
        let clock = ManualClock::new(Timestamp::from_unix(NOW_UNIX));
        let master = MasterKey::generate().unwrap();
        let shared = Arc::clone(&store) as Arc<dyn CredentialStore>;
        let registry = Registry::open(shared, &master).await.unwrap();
        let registry = Arc::new(rules(registry.clock(Arc::new(clock.clone()))));
        let audit = Sink::default();
        let log = AuditLog::to_writer(audit.clone());
        let settings = set(ApiSettings::default().audit(log));
        let router = router(Arc::clone(&registry), settings);
        let description = Arc::new(Description::of(&router).await);
        Self {
            router,
            registry,
            store,
            clock,
            audit,
            description,
            token: None,
        }
    }

    /// The same server, asked with this token.
    pub(crate) fn with_token(&self, token: &str) -> Self {
        Self {
            router: self.router.clone(),
            registry: Arc::clone(&self.registry),
            store: Arc::clone(&self.store),
            clock: self.clock.clone(),
            audit: self.audit.clone(),
            description: Arc::clone(&self.description),
            token: Some(token.to_owned()),
        }
    }

    /// Makes a token whose text is its id and `-secret-token`.
    pub(crate) async fn add_token(&self, id: &str, scope: Scope) -> Self {
        let text = format!("{id}-secret-token");
        let token = TokenRecord {
            id: TokenId::parse(id).unwrap(),
            name: None,
            scope,
            hash: TokenHash(Sha256::digest(text.as_bytes()).into()),
            created_at: Timestamp::from_unix(0),
            revoked_at: None,
        };
        assert!(self.store.add_token(token).await.unwrap());
        self.with_token(&text)
    }

    /// Sends a request as it is.
    pub(crate) async fn send(&self, mut request: Request<Body>) -> Answer {
        let peer: SocketAddr = "127.0.0.1:50000".parse().unwrap();
        if request
            .extensions()
            .get::<ConnectInfo<SocketAddr>>()
            .is_none()
        {
            request.extensions_mut().insert(ConnectInfo(peer));
        }
        if !request.headers().contains_key("host") && request.uri().authority().is_none() {
            request.headers_mut().insert("host", HOST.parse().unwrap());
        }
        if let Some(token) = &self.token
            && !request.headers().contains_key("authorization")
        {
            let value = format!("Bearer {token}").parse().unwrap();
            request.headers_mut().insert("authorization", value);
        }
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let response = self.router.clone().oneshot(request).await.unwrap();
        let answer = Answer::read(response).await;
        self.description.check(&method, &path, &answer);
        answer
    }

    pub(crate) async fn ask(&self, method: Method, target: &str) -> Answer {
        self.send(request(method, target, None)).await
    }

    pub(crate) async fn get(&self, target: &str) -> Answer {
        self.ask(Method::GET, target).await
    }

    pub(crate) async fn delete(&self, id: &str) -> Answer {
        self.ask(Method::DELETE, &format!("/v1.0/creds/{id}")).await
    }

    pub(crate) async fn post(&self, target: &str, body: &str) -> Answer {
        self.send(request(Method::POST, target, Some(body))).await
    }

    pub(crate) async fn patch(&self, id: &str, body: &str) -> Answer {
        let target = format!("/v1.0/creds/{id}");
        self.send(request(Method::PATCH, &target, Some(body))).await
    }

    pub(crate) async fn rotate(&self, id: &str, body: &str) -> Answer {
        self.post(&format!("/v1.0/creds/{id}/rotate"), body).await
    }

    /// A new credential of `principal`.
    pub(crate) async fn create(&self, principal: &str, scheme: &str) -> Value {
        let body = serde_json::json!({"principal": principal, "auth_scheme": scheme});
        let answer = self.post("/v1.0/creds", &body.to_string()).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.json()
    }

    /// The id of a new `mac` credential of dave.
    pub(crate) async fn create_mac(&self) -> String {
        let mac = self.create("dave@example.com", "mac").await;
        mac["mac"]["mac_key_identifier"]
            .as_str()
            .unwrap()
            .to_owned()
    }
}

/// A request with a body of JSON, or with none.
pub(crate) fn request(method: Method, target: &str, body: Option<&str>) -> Request<Body> {
    let builder = Request::builder().method(method).uri(target);
    match body {
        None => builder.body(Body::empty()),
        Some(body) => builder
            .header("content-type", "application/json")
            .body(Body::from(body.to_owned())),
    }
    .unwrap()
}
