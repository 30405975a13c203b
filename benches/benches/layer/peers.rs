//! Other ways to verify a request, each as its documentation shows it, over the same message as
//! far as it signs one.

use std::time::Duration;

use bytes::Bytes;
use countersign::{Clock, SystemClock};
use countersign_benches::Result;
use futures_util::FutureExt as _;
use hawk::{Credentials, RequestBuilder};
use http::{HeaderMap, HeaderValue, Request, header};
use http_body_util::Empty;
use httpsig_hyper::MessageSignatureReq as _;
use httpsig_hyper::prelude::message_component::HttpMessageComponentId;
use httpsig_hyper::prelude::{AlgorithmName, HttpSignatureParams, SharedKey};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use standardwebhooks::Webhook;

const SECRET: &str = "a secret of 44 bytes, for key 00000000000000";

/// The same in Base64.
const SECRET_BASE64: &str = "YSBzZWNyZXQgb2YgNDQgYnl0ZXMsIGZvciBrZXkgMDAwMDAwMDAwMDAwMDA=";

/// A request without its body, which none of them looks at.
pub(crate) type Head = Request<Empty<Bytes>>;

/// One of them, with its one key.
pub(crate) trait Peer: Send + Sync + 'static {
    /// Adds the credentials of a request for `url`, made now.
    fn sign(&self, url: &str, headers: &mut HeaderMap) -> Result<()>;

    /// Whether they are good.
    fn verify(&self, request: &Head) -> bool;
}

fn target_of(url: &str) -> Result<&str> {
    Ok(url.strip_prefix("http://api.example.org").ok_or("a URL")?)
}

/// Hawk by the crate of that name: it signs method, target, host and time, and is asked to verify
/// with the one key it has, without a memory of nonces.
pub(crate) struct Hawk(Credentials);

impl Hawk {
    /// The host of [`requests::URL`](countersign_benches::requests::URL).
    const HOST: &str = "api.example.org";

    pub(crate) fn new() -> Result<Self> {
        Ok(Self(Credentials {
            id: "key-00000000".to_owned(),
            key: hawk::Key::new(SECRET, hawk::SHA256)?,
        }))
    }
}

impl Peer for Hawk {
    fn sign(&self, url: &str, headers: &mut HeaderMap) -> Result<()> {
        let request = RequestBuilder::new("GET", Self::HOST, 80, target_of(url)?).request();
        let header = request.make_header(&self.0)?;
        headers.insert(header::AUTHORIZATION, format!("Hawk {header}").parse()?);
        Ok(())
    }

    fn verify(&self, request: &Head) -> bool {
        // As long as a run may last.
        const SKEW: Duration = Duration::from_secs(3600);
        let header = request.headers().get(header::AUTHORIZATION);
        let header = header.and_then(|value| value.to_str().ok()?.strip_prefix("Hawk "));
        let header = header.and_then(|header| header.parse::<hawk::Header>().ok());
        let target = request.uri().path_and_query();
        let (Some(header), Some(target)) = (header, target) else {
            return false;
        };
        RequestBuilder::new(request.method().as_str(), Self::HOST, 80, target.as_str())
            .request()
            .validate_header(&header, &self.0.key, SKEW)
    }
}

/// JSON Web Tokens with HS256: they sign neither method nor target, and are made to be replayed.
pub(crate) struct JsonWebToken {
    key: DecodingKey,
    validation: Validation,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    sub: String,
    exp: i64,
}

impl JsonWebToken {
    pub(crate) fn new() -> Result<Self> {
        Ok(Self {
            key: DecodingKey::from_secret(SECRET.as_bytes())?,
            validation: Validation::new(Algorithm::HS256),
        })
    }
}

impl Peer for JsonWebToken {
    fn sign(&self, _url: &str, headers: &mut HeaderMap) -> Result<()> {
        let claims = Claims {
            sub: "dave@example.com".to_owned(),
            exp: SystemClock.now().plus(3600).as_unix(),
        };
        let key = EncodingKey::from_secret(SECRET.as_bytes())?;
        let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key)?;
        headers.insert(header::AUTHORIZATION, format!("Bearer {token}").parse()?);
        Ok(())
    }

    fn verify(&self, request: &Head) -> bool {
        let token = request.headers().get(header::AUTHORIZATION);
        let token = token.and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
        token.is_some_and(|token| {
            jsonwebtoken::decode::<Claims>(token, &self.key, &self.validation)
                .is_ok_and(|token| !token.claims.sub.is_empty())
        })
    }
}

/// Standard Webhooks: they sign an id, a time and the body, here the target in its place.
pub(crate) struct StandardWebhooks(Webhook);

impl StandardWebhooks {
    pub(crate) fn new() -> Result<Self> {
        Ok(Self(Webhook::new(SECRET_BASE64)?))
    }
}

impl Peer for StandardWebhooks {
    fn sign(&self, url: &str, headers: &mut HeaderMap) -> Result<()> {
        let (id, now) = ("msg_000000000000000000000001", SystemClock.now().as_unix());
        let signature = self.0.sign(id, now, target_of(url)?.as_bytes())?;
        headers.insert("webhook-id", HeaderValue::from_static(id));
        headers.insert("webhook-timestamp", HeaderValue::from(now));
        headers.insert("webhook-signature", signature.parse()?);
        Ok(())
    }

    fn verify(&self, request: &Head) -> bool {
        let target = request.uri().path_and_query();
        target.is_some_and(|target| {
            let verified = self.0.verify(target.as_str().as_bytes(), request.headers());
            verified.is_ok()
        })
    }
}

/// HTTP Message Signatures (RFC 9421) with HMAC-SHA-256.
pub(crate) struct MessageSignature(SharedKey);

impl MessageSignature {
    pub(crate) fn new() -> Result<Self> {
        let key = SharedKey::from_base64(&AlgorithmName::HmacSha256, SECRET_BASE64)?;
        Ok(Self(key))
    }
}

impl Peer for MessageSignature {
    fn sign(&self, url: &str, headers: &mut HeaderMap) -> Result<()> {
        let mut request = Request::get(url).body(Empty::<Bytes>::new())?;
        headers.insert(header::DATE, SystemClock.now().to_string().parse()?);
        *request.headers_mut() = headers.clone();
        let covered = ["@method", "@path", "@query", "date"];
        let covered = covered.map(HttpMessageComponentId::try_from);
        let covered = covered
            .into_iter()
            .collect::<std::result::Result<Vec<_>, _>>()?;
        let mut parameters = HttpSignatureParams::try_new(&covered)?;
        parameters
            .set_key_info(&self.0)
            .set_nonce("000000000000000000000001");
        request
            .set_message_signature(&parameters, &self.0, Some("sig"))
            .now_or_never()
            .ok_or("it never waits")??;
        *headers = request.headers().clone();
        Ok(())
    }

    fn verify(&self, request: &Head) -> bool {
        let verified = request
            .verify_message_signature(&self.0, None)
            .now_or_never();
        verified.is_some_and(|verified| verified.is_ok())
    }
}
