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
        let retry_after = || patience::retry_after(headers, &*self.clock);
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
            429 => {
                let retry_after = retry_after();
                let kind = ErrorKind::Limited { retry_after };
                (kind, "limits the requests (429)".to_owned())
            }
            500..=599 => {
                let retry_after = retry_after();
                let kind = ErrorKind::Unavailable { retry_after };
                (kind, format!("is not available ({number})"))
            }
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

    /// As [`refused`](Self::refused), by the agent API, which says why in plain text.
    pub(super) fn refused_agent(
        &self,
        status: StatusCode,
        headers: &HeaderMap,
        body: &[u8],
    ) -> ClientError {
        let problem = Problem::read(headers, body);
        let said = sentence_of(headers, body);
        let is_ours = said.is_some() || problem.is_some();
        let retry_after = || patience::retry_after(headers, &*self.clock);
        let number = status.as_u16();
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
            409 if is_ours => (ErrorKind::Conflict, "found a conflict (409)".to_owned()),
            400 | 405 | 406 | 413 | 415 | 422 if is_ours => (
                ErrorKind::Invalid,
                format!("cannot use the request ({number})"),
            ),
            429 => {
                let retry_after = retry_after();
                let kind = ErrorKind::Limited { retry_after };
                (kind, "limits the requests (429)".to_owned())
            }
            500..=599 => {
                let retry_after = retry_after();
                let kind = ErrorKind::Unavailable { retry_after };
                (kind, format!("is not available ({number})"))
            }
            _ => (
                ErrorKind::Protocol,
                format!("answered {number}, but not as the agent API does: check the URL"),
            ),
        };
        let error = ClientError::new(kind, self.base.origin(), sentence).with_status(status);
        match (problem, said) {
            (Some(problem), _) => {
                error.with_problem(problem.code.as_deref(), problem.detail.as_deref())
            }
            (None, said) => error.with_problem(None, said),
        }
    }
}

/// The sentence in a body of plain text.
fn sentence_of<'a>(headers: &HeaderMap, body: &'a [u8]) -> Option<&'a str> {
    let kind = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let is_text = kind
        .split(';')
        .next()?
        .trim()
        .eq_ignore_ascii_case("text/plain");
    let text = str::from_utf8(body).ok()?.trim();
    (is_text && !text.is_empty()).then_some(text)
}
