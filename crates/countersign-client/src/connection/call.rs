//! One call: tries, waits, and the answer.

use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, LOCATION};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use reqwest::Response;
use tokio::time::Instant;
use url::Url;
use zeroize::Zeroizing;

use super::patience::{self, LONGEST_RETRY_AFTER};
use super::token::{self, Token};
use super::{Connection, Inner};
use crate::error::{ClientError, ErrorKind};
use crate::text;

/// The room an answer is read into at first: a credential fits, and so its secret is not moved.
const USUAL_ANSWER: usize = 8 * 1024;

/// The most of an error's text that is shown.
const MAX_CAUSE: usize = 300;

/// Whether a call may be made again when it is not known what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Repeat {
    Allowed,
    Forbidden,
}

/// Which API of the server is spoken to, and who speaks.
#[derive(Clone)]
pub(super) enum Api {
    /// That of credentials: the caller shows the token of the connection, and refusals are problem
    /// documents.
    Creds,
    /// That of agents: the caller shows a session or nothing, never the token, which is for
    /// another API; and refusals are plain text.
    Agent { session: Option<HeaderValue> },
}

/// What is asked of the key server.
pub(crate) struct Call {
    pub(super) api: Api,
    method: Method,
    url: Url,
    headers: HeaderMap,
    body: Option<Zeroizing<Vec<u8>>>,
    repeat: Repeat,
    /// The most bytes of an answer.
    limit: usize,
    attempts: Option<u32>,
}

impl Call {
    pub(crate) fn new(method: Method, url: Url, repeat: Repeat, limit: usize) -> Self {
        let mut headers = HeaderMap::new();
        let json = HeaderValue::from_static("application/json, application/problem+json");
        headers.insert(ACCEPT, json);
        Self {
            api: Api::Creds,
            method,
            url,
            headers,
            body: None,
            repeat,
            limit,
            attempts: None,
        }
    }

    /// To the agent API: in `session`, whose `Authorization` it is, or in none.
    pub(crate) fn agent(
        url: Url,
        session: Option<HeaderValue>,
        repeat: Repeat,
        limit: usize,
    ) -> Self {
        let json = HeaderValue::from_static("application/json");
        Self {
            api: Api::Agent { session },
            ..Self::new(Method::POST, url, repeat, limit).header(ACCEPT, json)
        }
    }

    pub(crate) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    pub(crate) fn json(mut self, body: impl Into<Zeroizing<Vec<u8>>>) -> Self {
        self.body = Some(body.into());
        self.header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
    }

    /// At most so many tries, if the connection is set to more.
    pub(crate) fn at_most(mut self, attempts: u32) -> Self {
        self.attempts = Some(attempts);
        self
    }
}

/// An answer with a status of success.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Zeroizing<Vec<u8>>,
}

impl Connection {
    /// Makes the call, again if it may be and helps, until its time is over.
    pub(crate) async fn call(&self, call: &Call) -> Result<Answer, ClientError> {
        let inner = &*self.0;
        let deadline = Instant::now()
            .checked_add(inner.timeout)
            .unwrap_or_else(far_away);
        let attempts = call.attempts.unwrap_or(u32::MAX).min(inner.attempts);
        let mut number = 1;
        let mut has_new_token = false;
        loop {
            let token = match call.api {
                Api::Creds => inner.token.current(),
                Api::Agent { .. } => None,
            };
            let tried =
                tokio::time::timeout_at(deadline, inner.attempt(call, token.as_ref())).await;
            let error = match tried {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(error)) => error,
                Err(_) => return Err(self.late()),
            };
            if error.status() == Some(StatusCode::UNAUTHORIZED.as_u16())
                && !has_new_token
                && matches!(call.api, Api::Creds)
                && inner.token.changed_since(token.as_ref()).await
            {
                // The first was refused before anything was done.
                has_new_token = true;
                continue;
            }
            let Some(pause) = pause_after(&error, call.repeat, number).filter(|pause| {
                number < attempts && deadline.saturating_duration_since(Instant::now()) > *pause
            }) else {
                return Err(error);
            };
            tracing::debug!(%error, ?pause, "asking the key server again");
            tokio::time::sleep(pause).await;
            number = number.saturating_add(1);
        }
    }

    fn late(&self) -> ClientError {
        let limit = self.0.timeout;
        self.error(
            ErrorKind::Unreachable,
            format!("gave no whole answer within {limit:?}"),
        )
    }
}

/// How long to wait before the call is made again; `None` when that does not help or is not safe.
fn pause_after(error: &ClientError, repeat: Repeat, number: u32) -> Option<Duration> {
    let transient = matches!(
        error.kind(),
        ErrorKind::Unreachable | ErrorKind::Limited { .. } | ErrorKind::Unavailable { .. }
    );
    let asked = error.retry_after();
    let worthwhile = transient && asked.unwrap_or_default() <= LONGEST_RETRY_AFTER;
    (worthwhile && repeat == Repeat::Allowed).then(|| patience::pause(number, asked))
}

/// For timeouts beyond what the clock can count.
fn far_away() -> Instant {
    const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);
    let now = Instant::now();
    now.checked_add(YEAR).unwrap_or(now)
}

impl Inner {
    async fn attempt(&self, call: &Call, token: Option<&Token>) -> Result<Answer, ClientError> {
        let mut request = self
            .http
            .request(call.method.clone(), call.url.clone())
            .headers(call.headers.clone());
        let shown = match &call.api {
            Api::Creds => token.and_then(|token| token::authorization(token)),
            Api::Agent { session } => session.clone(),
        };
        if let Some(value) = shown {
            request = request.header(AUTHORIZATION, value);
        }
        if let Some(body) = &call.body {
            // There may be passwords in it, so the copy is wiped too.
            request = request.body(Bytes::from_owner(body.clone()));
        }
        let mut response = request.send().await.map_err(|error| self.silent(error))?;
        let status = response.status();
        if status.is_redirection() {
            return Err(self.redirected(&response));
        }
        let body = self.read(&mut response, call.limit).await?;
        let headers = std::mem::take(response.headers_mut());
        if status.is_success() {
            return Ok(Answer {
                status,
                headers,
                body,
            });
        }
        Err(match call.api {
            Api::Creds => self.refused(status, &headers, &body),
            Api::Agent { .. } => self.refused_agent(status, &headers, &body),
        })
    }

    async fn read(
        &self,
        response: &mut Response,
        limit: usize,
    ) -> Result<Zeroizing<Vec<u8>>, ClientError> {
        let mut body = Zeroizing::new(Vec::with_capacity(USUAL_ANSWER.min(limit)));
        loop {
            let piece = response.chunk().await.map_err(|error| self.silent(error))?;
            let Some(piece) = piece else {
                return Ok(body);
            };
            if body.len().saturating_add(piece.len()) > limit {
                let sentence = format!(
                    "answered with more than {limit} bytes, which no key server does: check the URL"
                );
                return Err(self.protocol(sentence).with_status(response.status()));
            }
            body.extend_from_slice(&piece);
        }
    }

    fn silent(&self, error: reqwest::Error) -> ClientError {
        // The path may be a secret.
        let error = error.without_url();
        let cause = text::causes(&error, MAX_CAUSE);
        let sentence = if error.is_connect() {
            format!("cannot be reached: {cause}")
        } else {
            format!("gave no whole answer: {cause}")
        };
        ClientError::new(ErrorKind::Unreachable, self.base.origin(), sentence)
    }

    fn redirected(&self, response: &Response) -> ClientError {
        let status = response.status();
        let target = response
            .headers()
            .get(LOCATION)
            .and_then(|location| location.to_str().ok())
            .and_then(|location| self.base.target_of(location));
        let target = target.map_or_else(
            || "to nowhere".to_owned(),
            |target| format!("to {}", text::shown(&target, MAX_CAUSE)),
        );
        let sentence = format!(
            "answered {} and redirects {target}, which is not followed: the token would go there; \
             give the URL under which the key server itself answers",
            status.as_u16()
        );
        self.protocol(sentence).with_status(status)
    }

    fn protocol(&self, sentence: impl Into<String>) -> ClientError {
        ClientError::protocol(self.base.origin(), sentence)
    }
}
