//! Requests that are signed already, and the keys they are signed with.

use bytes::Bytes;
use countersign::{
    Canonical, ConfigError, Head, Origin, Scheme, SigningKey, StaticKeys, Timestamp, ToSign,
};
use http::header::{ACCEPT, HOST, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method, Uri, Version};

use crate::Result;

/// The moment of every request.
pub const NOW: Timestamp = Timestamp::from_unix(1_700_000_000);

/// How many keys a service has.
pub const KEYS: u32 = 100_000;

/// How many of them are in use at one moment. So few that their requests are in the processor's
/// first cache, as that of a service is when it has just been read.
pub const BUSY: u32 = 4;

/// Long enough for a string to sign of 275 bytes under Auth-Key, the length that the goals were
/// set with.
pub const TARGET: &str = "/v1/accounts/4711/orders/2024-000815/items?page=2&per_page=50&sort=-created_at\
    &status=open&customer=dave%40example.com&from=2024-01-01&until=2024-12-31&fields=id,name,price,tax,currency,updated";

/// It as an absolute URL.
pub const URL: &str = "http://api.example.org/v1/accounts/4711/orders/2024-000815/items?page=2&per_page=50&sort=-created_at\
    &status=open&customer=dave%40example.com&from=2024-01-01&until=2024-12-31&fields=id,name,price,tax,currency,updated";

/// Key `number`, whose secret has 44 bytes.
///
/// # Errors
/// Never, as all are good.
pub fn key(number: u32) -> std::result::Result<SigningKey, ConfigError> {
    SigningKey::new(
        id(number),
        format!("a secret of 44 bytes, for key {number:013}"),
        format!("user{number}@example.com"),
    )
}

/// Its id.
pub fn id(number: u32) -> String {
    format!("key-{number:08}")
}

/// The first so many of them.
///
/// # Errors
/// Never.
pub fn keys(number: u32) -> Result<StaticKeys> {
    let keys: std::result::Result<Vec<_>, _> = (0..number).map(key).collect();
    Ok(StaticKeys::try_new(keys?)?)
}

/// What any client sends.
pub fn plain_headers() -> HeaderMap {
    HeaderMap::from_iter([
        (HOST, HeaderValue::from_static("api.example.org")),
        (USER_AGENT, HeaderValue::from_static("countersign-benches")),
        (ACCEPT, HeaderValue::from_static("*/*")),
    ])
}

/// A request as it arrived.
#[derive(Clone, Debug)]
pub struct Received {
    /// Its method.
    pub method: Method,
    /// Its target, in origin form.
    pub target: Uri,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

impl Received {
    /// A `GET`, signed by key `number`: seven headers under Auth-Key.
    ///
    /// # Errors
    /// When it cannot be signed.
    pub fn get(scheme: &dyn Scheme, number: u32) -> Result<Self> {
        Self::signed(scheme, number, Method::GET, Bytes::new())
    }

    /// A `POST` of `body`, signed by key `number`.
    ///
    /// # Errors
    /// When it cannot be signed.
    pub fn post(scheme: &dyn Scheme, number: u32, body: Bytes) -> Result<Self> {
        Self::signed(scheme, number, Method::POST, body)
    }

    fn signed(scheme: &dyn Scheme, number: u32, method: Method, body: Bytes) -> Result<Self> {
        let mut headers = plain_headers();
        let url = Uri::from_static(URL);
        let nonce = format!("{number:024x}");
        let request = ToSign::new(&method, &url, NOW).body(&body);
        let request = if scheme.has_nonce() {
            request.nonce(&nonce)
        } else {
            request
        };
        request.sign(scheme, &key(number)?, &mut headers)?;
        Ok(Self {
            method,
            target: Uri::from_static(TARGET),
            headers,
            body,
        })
    }

    /// The text that was signed.
    ///
    /// # Errors
    /// When the request has no credentials of the scheme.
    pub fn string_to_sign(&self, scheme: &dyn Scheme) -> Result<Vec<u8>> {
        let origin = Origin::default();
        let head = Head::new(
            &self.method,
            &self.target,
            Version::HTTP_11,
            &self.headers,
            &origin,
        )?;
        let claim = scheme.claim(&head).ok_or("no credentials")??;
        Ok(Canonical::collect(|text| {
            scheme.canonical(&head, &claim, text);
        }))
    }
}
