//! How a credential is written as JSON.

use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http::header::{CONTENT_TYPE, ETAG, HeaderName, LOCATION};
use http::{HeaderValue, StatusCode};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::problem::{Code, Problem};
use crate::credential::{AuthScheme, CredentialId};
use crate::registry::time::Rfc3339;
use crate::store::{Record, Revision};

/// What stays as it is in a URL (RFC 3986 §2.3).
pub(super) const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// As the original writes it, whose clients compare.
const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=UTF-8");

/// Room for a credential with its secret and links.
const ROOM: usize = 640;

/// A credential. It has the member of its scheme; the secret in it is left out where the caller
/// may not see it, and of deleted credentials.
#[derive(Serialize, ToSchema)]
#[schema(as = Credential)]
#[serde(deny_unknown_fields)]
pub(super) struct Credential<'a> {
    /// Whose it is.
    #[schema(example = "dave@example.com", min_length = 1, max_length = 256)]
    principal: &'a str,
    /// Whether it was deleted.
    is_deleted: bool,
    /// Whether its holder may use it: `active` or `inactive`.
    #[schema(example = "active", pattern = "^(active|inactive)$")]
    state: &'static str,
    #[schema(value_type = String, format = DateTime, example = "2026-01-01T00:00:00Z")]
    created_at: Rfc3339,
    /// The last second in which it may be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = DateTime, required = false)]
    expires_at: Option<Rfc3339>,
    /// When it was last looked up with its secret or used in a verification, to the minute or so.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = DateTime, required = false)]
    last_used_at: Option<Rfc3339>,
    /// The id (of a `basic` credential: the handle) of the one that was issued in its place.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    rotated_to: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    basic: Option<Basic<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    mac: Option<Mac<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    auth_key: Option<AuthKey<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    hmac_auth: Option<HmacAuth<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    moxie: Option<Moxie<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    agent: Option<Agent<'a>>,
    links: Links<'a>,
}

/// An api key.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Basic<'a> {
    /// The secret, which is also the id.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "983f8dd10d3b4519a18632d8df6f998d")]
    api_key: Option<&'a str>,
}

/// For OAuth MAC.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[allow(clippy::struct_field_names, reason = "these are the names of the wire")]
struct Mac<'a> {
    #[schema(example = "hmac-sha-1", pattern = "^hmac-sha-(1|256)$")]
    mac_algorithm: &'static str,
    /// The secret: 32 bytes in unpadded base64url.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        nullable = false,
        example = "4g_Lw8gVbIrD44EuEuwl-LxflXkSVjVp_5vsotxDk-0"
    )]
    mac_key: Option<&'a str>,
    #[schema(example = "a55ace63109841ddaa8a100b75974c91")]
    mac_key_identifier: &'a str,
}

/// For Auth-Key.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AuthKey<'a> {
    #[schema(example = "5b6c1d4e0f3a4d0c9b8a7f6e5d4c3b2a")]
    account_id: &'a str,
    /// The secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    secret_key: Option<&'a str>,
}

/// For HMAC-Auth.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct HmacAuth<'a> {
    #[schema(example = "x7Rk2mQp")]
    key_id: &'a str,
    /// The secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    key_data: Option<&'a str>,
    #[schema(example = "hmac-sha-256", pattern = "^hmac-sha-(1|256)$")]
    algorithm: &'static str,
}

/// For Moxie HMACDigest.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Moxie<'a> {
    #[schema(example = "6f1c0a52-7a55-4c8e-9d2f-0f6b8f0c1d2e")]
    api_key: &'a str,
    /// The secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    shared_secret: Option<&'a str>,
}

/// For accounts of the agent API. It verifies no request.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Agent<'a> {
    #[schema(example = "0e1d2c3b4a5968778695a4b3c2d1e0f1")]
    api_key: &'a str,
    /// The secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    secret: Option<&'a str>,
}

#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Links<'a> {
    #[serde(rename = "self")]
    own: Link<'a>,
}

/// A link.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Link<'a> {
    /// Absolute, save where the server does not know its own address.
    #[schema(example = "http://127.0.0.1:8070/v1.0/creds/a55ace63109841ddaa8a100b75974c91")]
    pub(super) href: &'a str,
}

impl<'a> Credential<'a> {
    /// The credential of `record`, with its secret where it is shown.
    pub(super) fn new(record: &'a Record, secret: Option<&'a str>, href: &'a str) -> Self {
        let (id, life) = (record.id.as_str(), &record.life);
        let algorithm = record.algorithm.name();
        let mut credential = Self {
            principal: record.principal.as_str(),
            is_deleted: life.deleted_at.is_some(),
            state: life.state.name(),
            created_at: Rfc3339(record.created_at),
            expires_at: life.expires_at.map(Rfc3339),
            last_used_at: record.last_used_at.map(Rfc3339),
            rotated_to: life.rotated_to.as_ref().map(CredentialId::as_str),
            basic: None,
            mac: None,
            auth_key: None,
            hmac_auth: None,
            moxie: None,
            agent: None,
            links: Links { own: Link { href } },
        };
        match record.scheme {
            AuthScheme::Basic => credential.basic = Some(Basic { api_key: secret }),
            AuthScheme::Mac => {
                credential.mac = Some(Mac {
                    mac_algorithm: algorithm,
                    mac_key: secret,
                    mac_key_identifier: id,
                });
            }
            AuthScheme::AuthKey => {
                credential.auth_key = Some(AuthKey {
                    account_id: id,
                    secret_key: secret,
                });
            }
            AuthScheme::HmacAuth => {
                credential.hmac_auth = Some(HmacAuth {
                    key_id: id,
                    key_data: secret,
                    algorithm,
                });
            }
            AuthScheme::Moxie => {
                credential.moxie = Some(Moxie {
                    api_key: id,
                    shared_secret: secret,
                });
            }
            AuthScheme::Agent => {
                credential.agent = Some(Agent {
                    api_key: id,
                    secret,
                });
            }
        }
        credential
    }
}

/// The URL of a credential: of a `basic` one with its api key, as the original, where that is
/// shown anyway, and else with its handle.
pub(super) fn href(base: &str, record: &Record, secret: Option<&str>) -> Zeroizing<String> {
    let name = match (record.scheme, secret) {
        (AuthScheme::Basic, Some(api_key)) => api_key,
        _ => record.id.as_str(),
    };
    let mut href = Zeroizing::new(String::with_capacity(ROOM));
    href.push_str(base);
    href.push_str("/v1.0/creds/");
    href.extend(utf8_percent_encode(name, UNRESERVED));
    href
}

/// An answer that shows a credential, with its `Location` and `ETag`.
pub(super) fn answer(
    status: StatusCode,
    base: &str,
    record: &Record,
    secret: Option<&str>,
) -> Result<Response, Problem> {
    let href = href(base, record, secret);
    let mut response = json(status, ROOM, &Credential::new(record, secret, &href))?;
    let headers = response.headers_mut();
    if let Ok(mut location) = HeaderValue::from_str(&href) {
        // There may be an api key in it.
        location.set_sensitive(secret.is_some());
        headers.insert(LOCATION, location);
    }
    insert_etag(headers, record.revision);
    Ok(response)
}

fn insert_etag(headers: &mut http::HeaderMap, revision: Revision) {
    if let Ok(etag) = HeaderValue::try_from(format!("\"{}\"", revision.number())) {
        headers.insert::<HeaderName>(ETAG, etag);
    }
}

/// An answer of JSON whose bytes are wiped when they were sent, since there may be secrets in it.
pub(super) fn json(
    status: StatusCode,
    room: usize,
    value: &impl Serialize,
) -> Result<Response, Problem> {
    let mut body = Zeroizing::new(Vec::with_capacity(room));
    serde_json::to_writer(&mut *body, value).map_err(|error| {
        tracing::error!(%error, "an answer cannot be written as JSON");
        Code::InternalError
    })?;
    let mut response = (status, Bytes::from_owner(body)).into_response();
    response.headers_mut().insert(CONTENT_TYPE, JSON);
    Ok(response)
}
