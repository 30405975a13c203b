//! What the integration tests share: a request in one line, a service that verifies it, and MACs
//! computed without the crate under test.

// Each test binary uses its own part of this module.
#![allow(dead_code, unused_imports)]

mod independent;
mod service;
mod variants;

use countersign_core::{
    Canonical, Claim, Head, Origin, Refusal, Scheme, SignError, SigningKey, Timestamp, ToSign,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, Version};

pub(crate) use self::independent::{
    base64, base64_decoded, hex, hmac_sha1, hmac_sha256, md5, sha1, sha256,
};
pub(crate) use self::service::{Keys, Seen, Service, ready};
pub(crate) use self::variants::{Encoding, Variant, variants};

/// The time at which the tests sign, unless they say otherwise.
pub(crate) const NOW: Timestamp = Timestamp::from_unix(1_348_748_096);

/// A secret that every scheme can use: MAC's yar profile reads it as base64url.
pub(crate) const SECRET: &str = "XShLQP_vY8zZTlABKoFh9a7ALSdyEeP3WJaSUlCYVW4";

/// Another one.
pub(crate) const OTHER_SECRET: &str = "EY-lCQsS2iY04RAk-QUYll2hVFtsytx6LV0cZ7cg_-E";

/// The key `id` of dave.
pub(crate) fn key(id: &str, secret: &str) -> SigningKey {
    SigningKey::with_short_secret(id, secret, "dave@example.com".to_owned()).expect("usable")
}

/// A request as it arrives, or is about to be sent.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) target: Uri,
    pub(crate) version: Version,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    pub(crate) origin: Origin,
}

impl Request {
    pub(crate) fn new(method: &str, target: &str) -> Self {
        let request = Self {
            method: Method::from_bytes(method.as_bytes()).expect("a method"),
            target: target.parse().expect("a target"),
            version: Version::HTTP_11,
            headers: HeaderMap::new(),
            body: Vec::new(),
            origin: Origin::default(),
        };
        request.set("host", "api.example.org")
    }

    pub(crate) fn method(mut self, method: &str) -> Self {
        self.method = Method::from_bytes(method.as_bytes()).expect("a method");
        self
    }

    pub(crate) fn target(mut self, target: &str) -> Self {
        self.target = target.parse().expect("a target");
        self
    }

    /// Adds a header, beside any of the same name.
    pub(crate) fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        let value = HeaderValue::from_bytes(value.as_ref()).expect("a header value");
        let name: HeaderName = name.parse().expect("a header name");
        self.headers.append(name, value);
        self
    }

    /// Sets a header, in place of any of the same name.
    pub(crate) fn set(self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.without(name).header(name, value)
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.headers.remove(name);
        self
    }

    pub(crate) fn body(mut self, body: impl AsRef<[u8]>) -> Self {
        self.body = body.as_ref().to_vec();
        self
    }

    pub(crate) fn origin(mut self, origin: Origin) -> Self {
        self.origin = origin;
        self
    }

    pub(crate) fn version(mut self, version: Version) -> Self {
        self.version = version;
        self
    }

    /// The value of a header that must be there, as text.
    pub(crate) fn value(&self, name: impl AsRef<str>) -> String {
        let value = self.headers.get(name.as_ref()).expect("the header");
        String::from_utf8(value.as_bytes().to_vec()).expect("text")
    }

    pub(crate) fn head(&self) -> Result<Head<'_>, Refusal> {
        Head::new(
            &self.method,
            &self.target,
            self.version,
            &self.headers,
            &self.origin,
        )
    }

    /// The claim of a request that can be read.
    pub(crate) fn claim<'a>(
        &'a self,
        scheme: &'a dyn Scheme,
    ) -> Option<Result<Claim<'a>, Refusal>> {
        scheme.claim(&self.head().ok()?)
    }

    /// The string to sign of a request that can be claimed.
    pub(crate) fn canonical(&self, scheme: &dyn Scheme) -> Option<Vec<u8>> {
        let head = self.head().ok()?;
        let claim = scheme.claim(&head)?.ok()?;
        Some(Canonical::collect(|text| {
            scheme.canonical(&head, &claim, text);
        }))
    }

    /// The same request with the headers of `scheme`.
    pub(crate) fn try_sign(
        mut self,
        scheme: &dyn Scheme,
        key: &SigningKey,
        at: Timestamp,
        nonce: Option<&str>,
    ) -> Result<Self, SignError> {
        let mut to_sign = ToSign::new(&self.method, &self.target, at)
            .body(&self.body)
            .origin(self.origin.clone());
        if let Some(nonce) = nonce {
            to_sign = to_sign.nonce(nonce);
        }
        to_sign.sign(scheme, key, &mut self.headers)?;
        Ok(self)
    }

    /// Signed at [`NOW`] with the nonce `nonce-1`, which HMAC-Auth leaves out.
    pub(crate) fn signed(self, scheme: &dyn Scheme, key: &SigningKey) -> Self {
        self.try_sign(scheme, key, NOW, Some("nonce-1"))
            .expect("signed")
    }
}
