//! The requests that are sent, and what should become of them.

use std::time::Duration;

use countersign::{Clock as _, SchemeId, SystemClock};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use serde_json::Value;

use super::credentials::Credential;
use crate::arguments::request::{Request, parse_url};
use crate::arguments::scheme::TakesNonce;
use crate::arguments::signing::{self, fresh_nonce};
use crate::client::{self, Client};
use crate::failure::Failure;

/// What is sent.
pub(super) const BODY: &str = r#"{"text":"hello"}"#;

/// The type of it.
pub(super) const BODY_TYPE: &str = "application/json";

/// More than any answer of this machine to itself takes.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is the matter with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Nothing.
    Good,
    /// It was changed after it was signed.
    Tampered,
    /// It was sent before.
    Replayed,
}

impl Kind {
    pub(super) const ALL: [Self; 3] = [Self::Good, Self::Tampered, Self::Replayed];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Tampered => "tampered",
            Self::Replayed => "replayed",
        }
    }

    /// What should become of it: the status, and the code of the refusal.
    const fn expected(self, takes_replays: bool) -> (StatusCode, Option<&'static str>) {
        match self {
            Self::Good => (StatusCode::OK, None),
            Self::Replayed if takes_replays => (StatusCode::OK, None),
            Self::Tampered => (StatusCode::UNAUTHORIZED, Some("invalid_credentials")),
            Self::Replayed => (StatusCode::UNAUTHORIZED, Some("nonce_replayed")),
        }
    }
}

/// What became of a request.
#[derive(Clone, Debug)]
pub(super) struct Outcome {
    pub(super) scheme: SchemeId,
    pub(super) kind: Kind,
    pub(super) status: StatusCode,
    /// The code of the refusal.
    pub(super) code: Option<String>,
    expected: bool,
}

impl Outcome {
    pub(super) const fn is_expected(&self) -> bool {
        self.expected
    }

    /// Status and code.
    pub(super) fn shown(&self) -> String {
        match &self.code {
            Some(code) => format!("{} {code}", self.status.as_u16()),
            None => self.status.as_u16().to_string(),
        }
    }
}

/// Sends every kind of request under every scheme.
pub(super) async fn run_all(
    url: &str,
    credentials: &[Credential],
) -> Result<Vec<Outcome>, Failure> {
    let client = Client::new(None, PATIENCE)?;
    let mut outcomes = Vec::new();
    for credential in credentials {
        let good = signed(
            credential,
            &format!("{url}/hello?scheme={}", credential.id()),
        )?;
        for kind in Kind::ALL {
            let request = match kind {
                Kind::Good | Kind::Replayed => good.clone(),
                Kind::Tampered => tampered(credential, url)?,
            };
            outcomes.push(send(&client, credential.id(), kind, request).await?);
        }
    }
    Ok(outcomes)
}

/// A request to `url`, signed now.
pub(super) fn signed(credential: &Credential, url: &str) -> Result<Request, Failure> {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(BODY_TYPE));
    let request = Request {
        method: Method::POST,
        target: parse_url(url)?,
        headers,
        body: BODY.as_bytes().to_vec(),
    };
    let nonce = match TakesNonce::of(credential.id()) {
        TakesNonce::Yes => Some(fresh_nonce()?),
        TakesNonce::No => None,
    };
    let origin = signing::origin_of(&request);
    let signed = signing::sign(
        &*credential.scheme,
        &credential.key,
        request,
        SystemClock.now(),
        nonce.as_deref(),
        &origin,
    )?;
    Ok(signed.request)
}

/// A signed request whose query was changed; under a scheme that signs nothing, its credentials.
fn tampered(credential: &Credential, url: &str) -> Result<Request, Failure> {
    let path = format!("{url}/hello?scheme={}&tampered", credential.id());
    let mut request = signed(credential, &format!("{path}=no"))?;
    request.target = parse_url(&format!("{path}=yes"))?;
    if credential.id() == SchemeId::BASIC {
        // Base64 of `nobody:`.
        let nobody = HeaderValue::from_static("Basic bm9ib2R5Og==");
        request.headers.insert(AUTHORIZATION, nobody);
    }
    Ok(request)
}

async fn send(
    client: &Client,
    scheme: SchemeId,
    kind: Kind,
    request: Request,
) -> Result<Outcome, Failure> {
    let (head, body) = client.send(request).await?.into_parts();
    let answer: Value = serde_json::from_slice(&client::collect(body).await?).unwrap_or_default();
    let code = answer
        .get("code")
        .and_then(Value::as_str)
        .map(str::to_owned);
    // The echo service has seen the whole body, and who sent it.
    let echoed = answer.get("body_bytes").and_then(Value::as_u64);
    let whole = echoed == u64::try_from(BODY.len()).ok();
    let principal = answer.pointer("/headers/x-countersign-principal");
    let known = principal.and_then(Value::as_str) == Some("quickstart");
    let arrived = head.status != StatusCode::OK || (whole && known);
    let expected = kind.expected(scheme == SchemeId::BASIC);
    Ok(Outcome {
        scheme,
        kind,
        status: head.status,
        expected: arrived && (head.status, code.as_deref()) == expected,
        code,
    })
}
