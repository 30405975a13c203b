//! The agent API of the program: who asks for it.

mod secrecy;
mod settings;

use std::net::SocketAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::http::{Answer, Client, create_body};

/// What agents call the server: the same whatever its port, since keys are bound to it.
const HOST: &str = "localhost";

const NAMESPACE: &str = "urn:ieee:iot:e2e:1.0";

const PASSWORD: &str = "Alice's account password";

/// The account `alice`.
#[derive(Clone, Debug)]
pub(crate) struct Agent {
    address: SocketAddr,
    jwt: String,
}

impl Agent {
    /// As she comes, without a session.
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self {
            address,
            jwt: "none".to_owned(),
        }
    }

    /// The same, at another server.
    pub(crate) fn at(&self, address: SocketAddr) -> Self {
        Self {
            address,
            ..self.clone()
        }
    }

    /// Creates her account with a new API key, for which the admin's token may be needed.
    pub(crate) fn issued(self, token: Option<&str>) -> Self {
        let mut client = Client::connect(self.address).unwrap();
        if let Some(token) = token {
            client = client.token(token);
        }
        let made = client.send("POST", "/v1.0/creds", &create_body("dave", "agent"));
        self.created(&made.unwrap().json()["agent"])
    }

    /// Creates her account with this API key.
    pub(crate) fn created(self, issued: &Value) -> Self {
        let nonce = nonce();
        let text = |name: &str| issued[name].as_str().unwrap();
        let (api_key, secret) = (text("api_key"), text("secret"));
        let signed = format!("alice:{HOST}:a@example.org:{PASSWORD}:{api_key}:{nonce}");
        let body = json!({
            "userName": "alice", "eMail": "a@example.org", "password": PASSWORD,
            "apiKey": api_key, "nonce": nonce, "signature": sign(secret, &signed), "seconds": 3600,
        });
        let answer = self.ok("Account/Create", &body);
        self.with_session(&answer)
    }

    pub(crate) fn logged_in(self) -> Self {
        let nonce = nonce();
        let signature = sign(PASSWORD, &format!("alice:{HOST}:{nonce}"));
        let body = json!({
            "userName": "alice", "nonce": nonce, "signature": signature, "seconds": 3600,
        });
        let answer = self.ok("Account/Login", &body);
        self.with_session(&answer)
    }

    fn with_session(self, answer: &Value) -> Self {
        let jwt = answer["jwt"].as_str().unwrap().to_owned();
        Self { jwt, ..self }
    }

    pub(crate) fn post(&self, resource: &str, body: &Value) -> Answer {
        let client = Client::connect(self.address).unwrap().host(HOST);
        let path = format!("/Agent/{resource}");
        let mut client = client.token(&self.jwt);
        client.send("POST", &path, &body.to_string()).unwrap()
    }

    #[track_caller]
    fn ok(&self, resource: &str, body: &Value) -> Value {
        let answer = self.post(resource, body);
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()
    }

    fn s1(local_name: &str, id: &str) -> String {
        format!("alice:{HOST}:{local_name}:{NAMESPACE}:{id}")
    }

    /// What opens the key.
    fn key_signature(local_name: &str, id: &str) -> String {
        sign(&key_password(id), &Self::s1(local_name, id))
    }

    /// A request to make a key.
    pub(crate) fn key_body(local_name: &str, id: &str) -> Value {
        let nonce = nonce();
        let key_signature = Self::key_signature(local_name, id);
        let signed = format!("{}:{key_signature}:{nonce}", Self::s1(local_name, id));
        json!({
            "localName": local_name, "namespace": NAMESPACE, "id": id, "nonce": nonce,
            "keySignature": key_signature, "requestSignature": sign(PASSWORD, &signed),
        })
    }

    pub(crate) fn make_key(&self, local_name: &str, id: &str) {
        self.ok("Crypto/CreateKey", &Self::key_body(local_name, id));
    }

    pub(crate) fn public_key(&self, id: &str) -> Value {
        self.ok("Crypto/GetPublicKey", &json!({"keyId": id}))
    }

    fn use_body(local_name: &str, id: &str, input: &str, text: &str) -> Value {
        let nonce = nonce();
        let key_signature = Self::key_signature(local_name, id);
        let purpose = if input == "publicKey" {
            "shared-secret:"
        } else {
            ""
        };
        let s1 = Self::s1(local_name, id);
        let signed = format!("{s1}:{key_signature}:{purpose}{text}:{nonce}");
        json!({
            "keyId": id, "keySignature": key_signature, "nonce": nonce, input: text,
            "requestSignature": sign(PASSWORD, &signed),
        })
    }

    /// What a key signs of something that is always the same.
    pub(crate) fn sign(&self, local_name: &str, id: &str) -> Value {
        let body = Self::use_body(local_name, id, "data", "AAAA");
        self.ok("Crypto/SignData", &body)
    }

    fn shared_secret(&self, local_name: &str, id: &str) -> String {
        let public = self.public_key(id)["key"].as_str().unwrap().to_owned();
        let body = Self::use_body(local_name, id, "publicKey", &public);
        let secret = self.ok("Crypto/GetSharedSecret", &body);
        secret["sharedSecret"].as_str().unwrap().to_owned()
    }
}

fn key_password(id: &str) -> String {
    format!("password of the key {id}")
}

fn nonce() -> String {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).unwrap();
    STANDARD.encode(bytes)
}

fn sign(password: &str, text: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(password.as_bytes()).unwrap();
    mac.update(text.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}
