//! A request built in one line, for the tests of the schemes.

use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, Version};

use crate::{Canonical, Claim, Head, Origin, Refusal, Scheme};

pub(crate) struct Request {
    method: Method,
    target: Uri,
    headers: HeaderMap,
    origin: Origin,
}

impl Request {
    pub(crate) fn new(method: &str, target: &str) -> Self {
        let headers = HeaderMap::from_iter([(
            http::header::HOST,
            HeaderValue::from_static("api.example.org"),
        )]);
        Self {
            method: Method::from_bytes(method.as_bytes()).unwrap(),
            target: target.parse().unwrap(),
            headers,
            origin: Origin::default(),
        }
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        let name: HeaderName = name.parse().unwrap();
        self.headers
            .append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        self
    }

    pub(crate) fn host(mut self, host: &str) -> Self {
        self.headers.insert("host", host.parse().unwrap());
        self
    }

    pub(crate) fn origin(mut self, origin: Origin) -> Self {
        self.origin = origin;
        self
    }

    pub(crate) fn head(&self) -> Head<'_> {
        let version = Version::HTTP_11;
        Head::new(
            &self.method,
            &self.target,
            version,
            &self.headers,
            &self.origin,
        )
        .unwrap()
    }

    pub(crate) fn claim<'a>(
        &'a self,
        scheme: &'a dyn Scheme,
    ) -> Option<Result<Claim<'a>, Refusal>> {
        scheme.claim(&self.head())
    }

    /// The string to sign of a request that can be claimed.
    pub(crate) fn canonical(&self, scheme: &dyn Scheme) -> String {
        let claim = self.claim(scheme).expect("claimed").expect("well formed");
        let text = Canonical::collect(|text| scheme.canonical(&self.head(), &claim, text));
        String::from_utf8_lossy(&text).into_owned()
    }
}
