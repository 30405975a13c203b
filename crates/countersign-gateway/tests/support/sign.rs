//! Signed requests.

use std::sync::atomic::{AtomicU64, Ordering};

use countersign::{
    AuthKey, Basic, Clock, Dialect, HmacAuth, Mac, Moxie, Scheme, SigningKey, StaticKeys,
    SystemClock, ToSign,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};

pub(crate) const SECRET: &str = "c2VjcmV0LW9mLWV4YWN0bHktMzItYnl0ZXMtbG9uZyE";
pub(crate) const ID: &str = "example-id";
pub(crate) const PRINCIPAL: &str = "dave@example.com";
pub(crate) const API_KEY: &str = "an-api-key-of-enough-bytes";
pub(crate) const HOST: &str = "api.example.org";

pub(crate) fn key() -> SigningKey {
    SigningKey::new(ID, SECRET, PRINCIPAL).unwrap()
}

fn api_key() -> SigningKey {
    Basic::key(API_KEY, PRINCIPAL.to_owned()).unwrap()
}

pub(crate) fn keys() -> StaticKeys {
    StaticKeys::new([key(), api_key()])
}

/// A scheme by the name it has on the command line.
pub(crate) fn scheme(name: &str) -> Box<dyn Scheme> {
    match name {
        "auth-key" => Box::new(AuthKey::default()),
        "auth-key-v1" => Box::new(AuthKey::dialect(Dialect::V1)),
        "auth-key-v2" => Box::new(AuthKey::dialect(Dialect::V2)),
        "auth-key-v3" => Box::new(AuthKey::dialect(Dialect::V3)),
        "hmac-auth" => Box::new(HmacAuth::sha1()),
        "hmac-auth-sha256" => Box::new(HmacAuth::sha256()),
        "moxie" => Box::new(Moxie::default()),
        "mac" => Box::new(Mac::yar()),
        "mac-draft" => Box::new(Mac::draft()),
        "basic" => Box::new(Basic),
        other => panic!("no scheme is called {other}"),
    }
}

pub(crate) fn nonce() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    format!("nonce-{}", COUNT.fetch_add(1, Ordering::Relaxed))
}

/// A request that can be signed, changed, and written as HTTP/1.1.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) method: Method,
    pub(crate) target: String,
    pub(crate) host: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Message {
    pub(crate) fn new(method: &str, target: &str) -> Self {
        Self {
            method: method.parse().unwrap(),
            target: target.to_owned(),
            host: HOST.to_owned(),
            headers: HeaderMap::new(),
            body: Vec::new(),
        }
    }

    pub(crate) fn get(target: &str) -> Self {
        Self::new("GET", target)
    }

    pub(crate) fn post(target: &str, body: impl AsRef<[u8]>) -> Self {
        let mut message = Self::new("POST", target).header("content-type", "text/plain");
        message.body = body.as_ref().to_vec();
        message
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        let name: HeaderName = name.parse().unwrap();
        self.headers
            .append(name, HeaderValue::from_str(value).unwrap());
        self
    }

    pub(crate) fn to(mut self, target: &str) -> Self {
        target.clone_into(&mut self.target);
        self
    }

    pub(crate) fn host(mut self, host: &str) -> Self {
        host.clone_into(&mut self.host);
        self
    }

    pub(crate) fn with_body(mut self, body: &str) -> Self {
        self.body = body.into();
        self
    }

    /// Signed now, under the scheme called `name`.
    pub(crate) fn sign(self, name: &str) -> Self {
        let key = if name == "basic" { api_key() } else { key() };
        self.sign_with(name, &key, "http")
    }

    pub(crate) fn sign_with(mut self, name: &str, key: &SigningKey, url_scheme: &str) -> Self {
        let target: Uri = format!("{url_scheme}://{}{}", self.host, self.target)
            .parse()
            .unwrap();
        let nonce = nonce();
        let mut to_sign = ToSign::new(&self.method, &target, SystemClock.now()).body(&self.body);
        if !name.starts_with("hmac-auth") && name != "basic" {
            to_sign = to_sign.nonce(&nonce);
        }
        to_sign
            .sign(&*scheme(name), key, &mut self.headers)
            .unwrap();
        self
    }

    /// Head and body; the connection is closed after the answer unless `Connection` says more.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut out = format!("{} {} HTTP/1.1\r\n", self.method, self.target).into_bytes();
        let mut put = |name: &str, value: &[u8]| {
            out.extend_from_slice(name.as_bytes());
            out.extend_from_slice(b": ");
            out.extend_from_slice(value);
            out.extend_from_slice(b"\r\n");
        };
        if !self.host.is_empty() {
            put("Host", self.host.as_bytes());
        }
        for (name, value) in &self.headers {
            put(name.as_str(), value.as_bytes());
        }
        if !self.body.is_empty() && !self.headers.contains_key("content-length") {
            put("Content-Length", self.body.len().to_string().as_bytes());
        }
        if !self.headers.contains_key("connection") {
            put("Connection", b"close");
        }
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(&self.body);
        out
    }
}
