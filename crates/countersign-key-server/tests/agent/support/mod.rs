//! A server in process, and agents that ask it.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_core::{ManualClock, Timestamp};
use countersign_key_server::api::{ApiSettings, router};
use countersign_key_server::registry::Registry;
use countersign_key_server::seal::MasterKey;
use countersign_key_server::store::{CredentialStore, MemoryStore};
use futures_util::future::join_all;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{HeaderMap, Request, StatusCode};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::sync::Barrier;
use tower::ServiceExt as _;

use crate::faulty::{Fault, Faulty};

/// What the clock of a new server says: 2026-01-01T00:00:00Z.
pub(crate) const NOW: i64 = 1_767_225_600;

pub(crate) const HOST: &str = "127.0.0.1:8070";

pub(crate) const NAMESPACE: &str = "urn:ieee:iot:e2e:1.0";

#[derive(Clone)]
pub(crate) struct Server {
    router: Router,
    pub(crate) clock: ManualClock,
    pub(crate) address: IpAddr,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.status, 200, "{self:?}");
        serde_json::from_str(&self.text).unwrap()
    }

    /// The code of a refusal.
    #[track_caller]
    pub(crate) fn code(&self) -> &str {
        assert_ne!(self.status, 200, "{self:?}");
        assert_eq!(self.headers["content-type"], "text/plain; charset=utf-8");
        self.text.split(':').next().unwrap()
    }

    #[track_caller]
    pub(crate) fn refused(&self, status: u16, code: &str) {
        assert_eq!(
            (self.status.as_u16(), self.code()),
            (status, code),
            "{self:?}"
        );
    }
}

/// A store that lets others in whenever it is asked something, so that what is looked up and then
/// written in two steps is raced.
pub(crate) fn hesitant() -> Arc<Faulty> {
    let store = Faulty::new(MemoryStore::new());
    store.set(Fault::Hesitates);
    Arc::new(store)
}

/// How many calls go in step, each as far as its next wait before any goes further: what is looked
/// up and written in two steps is then surely raced. Of so few `join_all` polls all in turn.
const IN_STEP: usize = 16;

/// What `call` gives for each number below `count`, all at once, on the threads there are.
pub(crate) async fn at_once<F>(count: usize, call: impl Fn(usize) -> F) -> Vec<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    let calls: Vec<F> = (0..count).map(call).collect();
    let groups = count.div_ceil(IN_STEP);
    let start = Arc::new(Barrier::new(groups));
    let mut calls = calls.into_iter();
    let running: Vec<_> = (0..groups)
        .map(|_| {
            let group = join_all(calls.by_ref().take(IN_STEP));
            let start = Arc::clone(&start);
            tokio::spawn(async move {
                start.wait().await;
                group.await
            })
        })
        .collect();
    let mut given = Vec::new();
    for group in running {
        given.extend(group.await.unwrap());
    }
    given
}

/// Asserts that one was answered 200 and all others refused with this status and code.
#[track_caller]
pub(crate) fn one_wins(answers: &[Answer], status: u16, code: &str) {
    let mut tally = BTreeMap::new();
    for answer in answers {
        let what = match answer.status.as_u16() {
            200 => "200".to_owned(),
            status => format!("{status} {}", answer.code()),
        };
        *tally.entry(what).or_insert(0) += 1;
    }
    let expected = [
        ("200".to_owned(), 1),
        (format!("{status} {code}"), answers.len() - 1),
    ];
    assert_eq!(tally, BTreeMap::from(expected));
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::with(|settings| settings).await
    }

    pub(crate) async fn with(set: impl FnOnce(ApiSettings) -> ApiSettings) -> Self {
        let store = Arc::new(MemoryStore::new());
        Self::over(store, &MasterKey::generate().unwrap(), set).await
    }

    pub(crate) async fn over(
        store: Arc<dyn CredentialStore>,
        master: &MasterKey,
        set: impl FnOnce(ApiSettings) -> ApiSettings,
    ) -> Self {
        let clock = ManualClock::new(Timestamp::from_unix(NOW));
        let registry = Registry::open(store, master).await.unwrap();
        let registry = Arc::new(registry.clock(Arc::new(clock.clone())));
        Self {
            router: router(registry, set(ApiSettings::default())),
            clock,
            address: "192.0.2.1".parse().unwrap(),
        }
    }

    /// The same server, asked from elsewhere.
    pub(crate) fn from(&self, address: &str) -> Self {
        Self {
            address: address.parse().unwrap(),
            ..self.clone()
        }
    }

    pub(crate) async fn send(&self, mut request: Request<Body>) -> Answer {
        let peer = SocketAddr::new(self.address, 50_000);
        request.extensions_mut().insert(ConnectInfo(peer));
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, 1 << 20).await.unwrap();
        assert_eq!(parts.headers["cache-control"], "no-store");
        Answer {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8(body.to_vec()).unwrap(),
        }
    }

    /// Posts JSON.
    pub(crate) async fn post(&self, path: &str, jwt: Option<&str>, body: &Value) -> Answer {
        self.send(request(path, jwt, "application/json", &body.to_string()))
            .await
    }

    /// A new API key and its secret.
    pub(crate) async fn api_key(&self) -> (String, String) {
        let body = json!({"principal": "dave@example.com", "auth_scheme": "agent"});
        let mut request = request("/v1.0/creds", None, "application/json", &body.to_string());
        request.headers_mut().insert("host", HOST.parse().unwrap());
        let answer = self.send(request).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        let made: Value = serde_json::from_str(&answer.text).unwrap();
        let text = |name: &str| made["agent"][name].as_str().unwrap().to_owned();
        (text("api_key"), text("secret"))
    }

    /// Somebody who has no account yet.
    pub(crate) fn stranger(&self, user: &str) -> Agent {
        Agent {
            server: self.clone(),
            user: user.to_owned(),
            password: format!("password of {user}"),
            jwt: String::new(),
        }
    }

    /// A new account, logged in.
    pub(crate) async fn agent(&self, user: &str) -> Agent {
        let (api_key, secret) = self.api_key().await;
        let mut agent = self.stranger(user);
        let created = agent.create(&api_key, &secret).await.json();
        created["jwt"].as_str().unwrap().clone_into(&mut agent.jwt);
        agent
    }
}

pub(crate) fn request(
    path: &str,
    jwt: Option<&str>,
    media_type: &str,
    body: &str,
) -> Request<Body> {
    let mut request = Request::post(path)
        .header("host", HOST)
        .header("content-type", media_type);
    if let Some(jwt) = jwt {
        request = request.header("authorization", format!("Bearer {jwt}"));
    }
    request.body(Body::from(body.to_owned())).unwrap()
}

/// Somebody with an account.
#[derive(Clone)]
pub(crate) struct Agent {
    pub(crate) server: Server,
    pub(crate) user: String,
    pub(crate) password: String,
    pub(crate) jwt: String,
}

impl Agent {
    pub(crate) async fn create(&self, api_key: &str, secret: &str) -> Answer {
        let body = self.create_body(api_key, secret);
        self.server.post("/Agent/Account/Create", None, &body).await
    }

    /// A request to create this account.
    pub(crate) fn create_body(&self, api_key: &str, secret: &str) -> Value {
        let nonce = nonce();
        let (user, password) = (&self.user, &self.password);
        let signed = [user, HOST, "a@example.org", password, api_key, &nonce].join(":");
        json!({
            "userName": user, "eMail": "a@example.org", "password": password, "apiKey": api_key,
            "nonce": nonce, "signature": sign(secret, &signed), "seconds": 3600,
        })
    }

    pub(crate) fn login_body(&self) -> Value {
        let nonce = nonce();
        let signed = [&self.user, HOST, &nonce].join(":");
        let signature = sign(&self.password, &signed);
        json!({"userName": self.user, "nonce": nonce, "signature": signature, "seconds": 600})
    }

    pub(crate) async fn login(&self) -> Answer {
        self.post("Account/Login", &self.login_body()).await
    }

    pub(crate) async fn post(&self, resource: &str, body: &Value) -> Answer {
        let path = format!("/Agent/{resource}");
        self.server.post(&path, Some(&self.jwt), body).await
    }

    /// A request to make a key, whose password is `key `, then its id.
    pub(crate) fn create_key_body(&self, local_name: &str, id: &str) -> Value {
        let nonce = nonce();
        let s1 = self.s1(local_name, id);
        let key_signature = sign(&format!("key {id}"), &s1);
        let request_signature = sign(&self.password, &format!("{s1}:{key_signature}:{nonce}"));
        json!({
            "localName": local_name, "namespace": NAMESPACE, "id": id, "nonce": nonce,
            "keySignature": key_signature, "requestSignature": request_signature,
        })
    }

    pub(crate) async fn create_key(&self, local_name: &str, id: &str) -> Answer {
        let body = self.create_key_body(local_name, id);
        self.post("Crypto/CreateKey", &body).await
    }

    /// What a key of this id is used with: `middle` is signed between key signature and nonce.
    pub(crate) fn use_body(&self, local_name: &str, id: &str, input: &str, middle: &str) -> Value {
        let nonce = nonce();
        let s1 = self.s1(local_name, id);
        let key_signature = sign(&format!("key {id}"), &s1);
        let signed = format!("{s1}:{key_signature}:{middle}:{nonce}");
        let text = middle.rsplit(':').next().unwrap();
        json!({
            "keyId": id, "keySignature": key_signature, "nonce": nonce, input: text,
            "requestSignature": sign(&self.password, &signed),
        })
    }

    pub(crate) async fn sign_data(&self, local_name: &str, id: &str, data: &[u8]) -> Answer {
        let body = self.use_body(local_name, id, "data", &STANDARD.encode(data));
        self.post("Crypto/SignData", &body).await
    }

    pub(crate) async fn shared_secret(&self, local_name: &str, id: &str, peer: &str) -> Answer {
        let middle = format!("shared-secret:{peer}");
        let body = self.use_body(local_name, id, "publicKey", &middle);
        self.post("Crypto/GetSharedSecret", &body).await
    }

    pub(crate) async fn public_key(&self, id: &str) -> Answer {
        self.post("Crypto/GetPublicKey", &json!({"keyId": id}))
            .await
    }

    pub(crate) fn s1(&self, local_name: &str, id: &str) -> String {
        [&self.user, HOST, local_name, NAMESPACE, id].join(":")
    }
}

pub(crate) fn nonce() -> String {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).unwrap();
    STANDARD.encode(bytes)
}

pub(crate) fn sign(password: &str, text: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(password.as_bytes()).unwrap();
    mac.update(text.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}
