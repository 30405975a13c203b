//! Answers of the API, read.
//!
//! Invariants: a credential has the members of exactly one scheme; every member that is there has
//! been understood, or the answer counts as none; no error repeats what it was about.

use countersign_core::{Algorithm, KeyId, Timestamp};
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::credential::{Credential, ETag, State};
use crate::secret::SecretText;
use countersign_core::AuthScheme;

/// What is wrong with an answer: the end of a sentence that begins with the server.
pub(crate) type Malformed = String;

#[derive(Deserialize)]
pub(crate) struct CredentialBody {
    principal: String,
    is_deleted: bool,
    basic: Option<BasicMembers>,
    mac: Option<MacMembers>,
    auth_key: Option<AuthKeyMembers>,
    hmac_auth: Option<HmacAuthMembers>,
    moxie: Option<MoxieMembers>,
    agent: Option<AgentMembers>,
    links: Option<Links>,
    state: Option<String>,
    created_at: Option<String>,
    expires_at: Option<String>,
    last_used_at: Option<String>,
    rotated_to: Option<String>,
}

#[derive(Deserialize)]
struct BasicMembers {
    api_key: Option<SecretText>,
}

#[derive(Deserialize)]
struct MacMembers {
    #[serde(rename = "mac_algorithm")]
    algorithm: String,
    #[serde(rename = "mac_key")]
    key: Option<SecretText>,
    #[serde(rename = "mac_key_identifier")]
    identifier: String,
}

#[derive(Deserialize)]
struct AuthKeyMembers {
    account_id: String,
    secret_key: Option<SecretText>,
}

#[derive(Deserialize)]
struct HmacAuthMembers {
    key_id: String,
    key_data: Option<SecretText>,
    algorithm: String,
}

#[derive(Deserialize)]
struct MoxieMembers {
    api_key: String,
    shared_secret: Option<SecretText>,
}

#[derive(Deserialize)]
struct AgentMembers {
    api_key: String,
    secret: Option<SecretText>,
}

#[derive(Deserialize)]
struct Links {
    #[serde(rename = "self")]
    own: Option<Link>,
    next: Option<Link>,
}

#[derive(Deserialize)]
struct Link {
    href: String,
}

#[derive(Deserialize)]
pub(crate) struct ListBody {
    creds: Vec<CredentialBody>,
    links: Option<Links>,
}

#[derive(Deserialize)]
pub(crate) struct VerdictBody {
    pub(crate) valid: bool,
    pub(crate) principal: Option<String>,
}

/// Reads JSON. What is wrong is told by its place: the message of the parser may quote a secret.
pub(crate) fn json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Malformed> {
    serde_json::from_slice(body).map_err(|error| {
        format!(
            "answered with something else than the API says (line {}, column {})",
            error.line(),
            error.column()
        )
    })
}

/// What a scheme's members say.
struct Members {
    scheme: AuthScheme,
    /// `None` for `basic`, which has no id beside its secret.
    id: Option<String>,
    secret: Option<SecretText>,
    algorithm: Algorithm,
}

impl CredentialBody {
    pub(crate) fn read(self, etag: Option<ETag>) -> Result<Credential, Malformed> {
        let own = self.links.and_then(|links| links.own);
        let members = one_of([
            self.basic.map(|members| Ok(members.read())),
            self.mac.map(MacMembers::read),
            self.auth_key.map(|members| Ok(members.read())),
            self.hmac_auth.map(HmacAuthMembers::read),
            self.moxie.map(|members| Ok(members.read())),
            self.agent.map(|members| Ok(members.read())),
        ])?;
        let handle = || own.and_then(|link| last_segment(&link.href));
        let api_key = || members.secret.as_ref().map(|key| key.expose().to_owned());
        let id = members.id.clone().or_else(handle).or_else(api_key);
        let id = id.filter(|id| KeyId::parse(id.as_bytes()).is_some());
        Ok(Credential {
            id: SecretText::new(id.ok_or("answered with a credential without an id")?),
            principal: self.principal,
            scheme: members.scheme,
            algorithm: members.algorithm,
            secret: members.secret,
            is_deleted: self.is_deleted,
            state: match self.state.as_deref() {
                None | Some("active") => State::Active,
                Some("inactive") => State::Inactive,
                Some(_) => return Err("answered with a state that is not known here".to_owned()),
            },
            created_at: time(self.created_at)?,
            expires_at: time(self.expires_at)?,
            last_used_at: time(self.last_used_at)?,
            rotated_to: self.rotated_to,
            etag,
        })
    }
}

impl ListBody {
    /// The credentials of the page, and the cursor of the next.
    pub(crate) fn read(self) -> Result<(Vec<Credential>, Option<String>), Malformed> {
        let credentials: Result<Vec<_>, _> =
            self.creds.into_iter().map(|body| body.read(None)).collect();
        let next = match self.links.and_then(|links| links.next) {
            Some(next) => Some(cursor(&next.href).ok_or("answered with a page without a cursor")?),
            None => None,
        };
        Ok((credentials?, next))
    }
}

impl BasicMembers {
    fn read(self) -> Members {
        Members {
            scheme: AuthScheme::Basic,
            id: None,
            secret: self.api_key,
            algorithm: Algorithm::Sha1,
        }
    }
}

impl MacMembers {
    fn read(self) -> Result<Members, Malformed> {
        Ok(Members {
            scheme: AuthScheme::Mac,
            id: Some(self.identifier),
            secret: self.key,
            algorithm: algorithm(&self.algorithm)?,
        })
    }
}

impl AuthKeyMembers {
    fn read(self) -> Members {
        Members {
            scheme: AuthScheme::AuthKey,
            id: Some(self.account_id),
            secret: self.secret_key,
            algorithm: Algorithm::Sha1,
        }
    }
}

impl HmacAuthMembers {
    fn read(self) -> Result<Members, Malformed> {
        Ok(Members {
            scheme: AuthScheme::HmacAuth,
            id: Some(self.key_id),
            secret: self.key_data,
            algorithm: algorithm(&self.algorithm)?,
        })
    }
}

impl MoxieMembers {
    fn read(self) -> Members {
        Members {
            scheme: AuthScheme::Moxie,
            id: Some(self.api_key),
            secret: self.shared_secret,
            algorithm: Algorithm::Sha1,
        }
    }
}

impl AgentMembers {
    fn read(self) -> Members {
        Members {
            scheme: AuthScheme::Agent,
            id: Some(self.api_key),
            secret: self.secret,
            algorithm: Algorithm::Sha1,
        }
    }
}

fn one_of(all: [Option<Result<Members, Malformed>>; 6]) -> Result<Members, Malformed> {
    let mut present = all.into_iter().flatten();
    match (present.next(), present.next()) {
        (Some(members), None) => members,
        (None, _) => Err("answered with a credential of no scheme known here".to_owned()),
        (Some(_), Some(_)) => Err("answered with a credential of two schemes".to_owned()),
    }
}

fn algorithm(name: &str) -> Result<Algorithm, Malformed> {
    Algorithm::from_name(name).ok_or_else(|| "answered with an unknown algorithm".to_owned())
}

/// An RFC 3339 time, rounded down to the second.
fn time(text: Option<String>) -> Result<Option<Timestamp>, Malformed> {
    let Some(text) = text else {
        return Ok(None);
    };
    let time: jiff::Timestamp = text
        .parse()
        .map_err(|_| "answered with something else than a time")?;
    let fraction = i64::from(time.subsec_nanosecond() < 0);
    Ok(Some(
        Timestamp::from_unix(time.as_second()).plus(fraction.saturating_neg()),
    ))
}

/// A time as the API takes it.
pub(crate) fn rfc_3339(time: Timestamp) -> Option<String> {
    let time = jiff::Timestamp::from_second(time.as_unix()).ok()?;
    Some(time.to_string())
}

fn last_segment(href: &str) -> Option<String> {
    let path = href.split(['?', '#']).next()?;
    let segment = path.rsplit('/').next()?;
    let decoded = percent_decode_str(segment).decode_utf8().ok()?;
    Some(decoded.into_owned())
}

/// The cursor in the link to the next page. The link itself is not followed: it may lead elsewhere,
/// and the token would go there.
fn cursor(href: &str) -> Option<String> {
    let (_, query) = href.split_once('?')?;
    let query = query.split('#').next()?;
    let value = query
        .split('&')
        .find_map(|pair| pair.strip_prefix("cursor="))?;
    let cursor = percent_decode_str(value).decode_utf8().ok()?;
    (!cursor.is_empty()).then(|| cursor.into_owned())
}
