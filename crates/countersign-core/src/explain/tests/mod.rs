//! Requests signed with a mistake, by hand and not by the code under test, which the explanation
//! then has to name.

#![cfg(all(
    feature = "auth-key",
    feature = "hmac-auth",
    feature = "moxie",
    feature = "mac"
))]

mod auth_key;
mod bounds;
mod findings;
mod hmac_auth;
mod mac;
mod moxie;
mod secrets;
mod silence;
mod spellings;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac as _};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

use super::*;

/// Base64url, so that MAC's yar profile can use it; to the others it is text.
const SECRET: &str = "XShLQP_vY8zZTlABKoFh9a7ALSdyEeP3WJaSUlCYVW4";
const DATE: &str = "Thu, 27 Sep 2012 12:14:56 GMT";
const OTHER_DATE: &str = "Thu, 27 Sep 2012 12:14:57 GMT";
const NOW: Timestamp = Timestamp::from_unix(1_348_748_096);

fn key() -> SigningKey {
    key_with(SECRET)
}

fn key_with(secret: impl AsRef<[u8]>) -> SigningKey {
    SigningKey::with_short_secret("example-id", secret, "dave".to_owned()).unwrap()
}

fn sha1_mac(key: impl AsRef<[u8]>, text: impl AsRef<[u8]>) -> Vec<u8> {
    let mac = Hmac::<Sha1>::new_from_slice(key.as_ref()).unwrap();
    mac.chain_update(text).finalize().into_bytes().to_vec()
}

fn sha256_mac(key: impl AsRef<[u8]>, text: impl AsRef<[u8]>) -> Vec<u8> {
    let mac = Hmac::<Sha256>::new_from_slice(key.as_ref()).unwrap();
    mac.chain_update(text).finalize().into_bytes().to_vec()
}

fn sha256(text: impl AsRef<[u8]>) -> Vec<u8> {
    Sha256::digest(text).to_vec()
}

fn base64(bytes: impl AsRef<[u8]>) -> String {
    STANDARD.encode(bytes)
}

fn unpadded(bytes: impl AsRef<[u8]>) -> String {
    STANDARD_NO_PAD.encode(bytes)
}

fn url_decoded(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).unwrap()
}

fn hex(bytes: impl AsRef<[u8]>) -> String {
    let digits = bytes.as_ref().iter().map(|byte| format!("{byte:02x}"));
    digits.collect::<Vec<_>>().concat()
}

/// A request as it arrived.
#[derive(Clone)]
struct Sent {
    method: Method,
    target: Uri,
    headers: HeaderMap,
    origin: Origin,
    body: Vec<u8>,
}

impl Sent {
    fn new(method: &str, target: &str) -> Self {
        let sent = Self {
            method: Method::from_bytes(method.as_bytes()).unwrap(),
            target: target.parse().unwrap(),
            headers: HeaderMap::new(),
            origin: Origin::default(),
            body: Vec::new(),
        };
        sent.header("host", "api.example.org")
    }

    fn header(mut self, name: &str, value: &str) -> Self {
        let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
        let name: HeaderName = name.parse().unwrap();
        self.headers.insert(name, value);
        self
    }

    fn body(mut self, body: &str) -> Self {
        self.body = body.into();
        self
    }

    fn origin(mut self, url: &str) -> Self {
        self.origin = Origin::public_base_url(url).unwrap();
        self
    }

    fn question(&self) -> Explain<'_> {
        Explain::new(&self.method, &self.target, &self.headers)
            .origin(self.origin.clone())
            .body(&self.body)
    }

    fn explained(&self, scheme: &dyn Scheme) -> Explanation {
        self.question().against(scheme, &key())
    }

    #[track_caller]
    fn is_explained_by(&self, scheme: &dyn Scheme, miss: NearMiss) {
        self.is_explained(scheme, &key(), miss);
    }

    #[track_caller]
    fn is_explained(&self, scheme: &dyn Scheme, key: &SigningKey, miss: NearMiss) {
        let explanation = self.question().against(scheme, key);
        let found = explanation.verdict().near_miss();
        assert_eq!(found, Some(miss), "{explanation}");
        assert!(explanation.trials() <= Explain::MAX_TRIALS);
    }
}
