//! What an answer without success means.

use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};

use super::{Inner, patience};
use crate::error::{ClientError, ErrorKind};
use crate::problem::Problem;

impl Inner {
    pub(super) fn refused(
        &self,
        status: StatusCode,
        headers: &HeaderMap,
        body: &[u8],
    ) -> ClientError {
        let problem = Problem::read(headers, body);
        let is_ours = problem
            .as_ref()
            .is_some_and(|problem| problem.code.is_some());
        let number = status.as_u16();
        let (kind, sentence) = match number {
            401 => (
                ErrorKind::Refused,
                "refuses the token (401); give one that it has issued and that is not revoked"
                    .to_owned(),
            ),
            403 => (
                ErrorKind::Refused,
                "refuses this to the token (403); give one with the scope it needs".to_owned(),
            ),
            404 if problem.as_ref().is_some_and(Problem::is_unknown_credential) => (
                ErrorKind::NotFound,
                "knows no such credential (404)".to_owned(),
            ),
            404 => (
                ErrorKind::Protocol,
                "answered 404, but not as a key server does: check the host and the path of the \
                 URL"
                .to_owned(),
            ),
            409 if is_ours => (ErrorKind::Conflict, "found a conflict (409)".to_owned()),
            412 if is_ours => (
                ErrorKind::Stale,
                "says that the credential was changed meanwhile (412); read it again".to_owned(),
            ),
            400 | 413 | 415 | 422 if is_ours => (
                ErrorKind::Invalid,
                format!("cannot use the request ({number})"),
            ),
            429 | 500..=599 => self.not_now(number, headers),
            _ => (
                ErrorKind::Protocol,
                format!("answered {number}, which the API does not have: check the URL"),
            ),
        };
        let error = ClientError::new(kind, self.base.origin(), sentence).with_status(status);
        match problem {
            Some(problem) => error.with_problem(problem.code.as_deref(), problem.detail.as_deref()),
            None => error,
        }
    }

    /// What is said when the server has too much to do, or cannot do it.
    fn not_now(&self, number: u16, headers: &HeaderMap) -> (ErrorKind, String) {
        let retry_after = patience::retry_after(headers, &*self.clock);
        if number == 429 {
            let kind = ErrorKind::Limited { retry_after };
            return (kind, "limits the requests (429)".to_owned());
        }
        let kind = ErrorKind::Unavailable { retry_after };
        (kind, format!("is not available ({number})"))
    }

    /// As [`refused`](Self::refused), by the agent API, which says why in plain text.
    pub(super) fn refused_agent(
        &self,
        status: StatusCode,
        headers: &HeaderMap,
        body: &[u8],
    ) -> ClientError {
        let said = Said::read(headers, body);
        let number = status.as_u16();
        let code = said.as_ref().and_then(|said| said.code);
        let is_ours = said.is_some() && code != Some(NO_RESOURCE);
        let (kind, sentence) = match number {
            401 => (
                ErrorKind::Refused,
                "refuses the session (401); log in again".to_owned(),
            ),
            403 => (
                ErrorKind::Refused,
                "refuses the signature (403): it knows another password, or signs over another \
                 host name"
                    .to_owned(),
            ),
            404 if is_ours => (ErrorKind::NotFound, "knows no such thing (404)".to_owned()),
            400 if code.is_some_and(|code| CONFLICTS.contains(&code)) => {
                (ErrorKind::Conflict, "found a conflict (400)".to_owned())
            }
            409 if is_ours => (ErrorKind::Conflict, "found a conflict (409)".to_owned()),
            400 | 405 | 406 | 413 | 415 | 422 if is_ours => (
                ErrorKind::Invalid,
                format!("cannot use the request ({number})"),
            ),
            421 if is_ours => (
                ErrorKind::Invalid,
                "has another name (421): use a URL with the host that it serves".to_owned(),
            ),
            429 | 500..=599 => self.not_now(number, headers),
            _ => (
                ErrorKind::Protocol,
                format!(
                    "answered {number}, but not as the agent API does: check the URL, and whether \
                     the server has the agent API"
                ),
            ),
        };
        let error = ClientError::new(kind, self.base.origin(), sentence).with_status(status);
        match said {
            Some(said) => error.with_problem(said.code, Some(said.sentence)),
            None => error,
        }
    }
}

/// The code of a path that leads nowhere.
const NO_RESOURCE: &str = "not_found";

/// The codes of what cannot be made because it is there already.
const CONFLICTS: [&str; 3] = ["account_exists", "key_exists", "nonce_reused"];

/// What the agent API says of a refusal: a code, a colon and a sentence. The original has the
/// sentence alone.
struct Said<'a> {
    code: Option<&'a str>,
    sentence: &'a str,
}

impl<'a> Said<'a> {
    /// `None` when the answer is no plain text.
    fn read(headers: &HeaderMap, body: &'a [u8]) -> Option<Self> {
        let kind = headers.get(CONTENT_TYPE)?.to_str().ok()?;
        let kind = kind.split(';').next()?.trim();
        let text = str::from_utf8(body).ok()?.trim();
        if !kind.eq_ignore_ascii_case("text/plain") || text.is_empty() {
            return None;
        }
        let is_code = |text: &str| {
            let allowed = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
            !text.is_empty() && text.bytes().all(allowed)
        };
        Some(match text.split_once(": ") {
            Some((code, sentence)) if is_code(code) => Self {
                code: Some(code),
                sentence,
            },
            _ => Self {
                code: None,
                sentence: text,
            },
        })
    }
}
