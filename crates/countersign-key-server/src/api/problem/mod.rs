//! Every answer that says no, as problem+json (RFC 9457).

mod code;

use std::borrow::Cow;

use axum::response::{IntoResponse, Response};
use countersign_core::PROBLEM_TYPES;
use http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

pub(super) use self::code::Code;
use crate::registry::OperationError;

/// When to ask again after trouble with the store, in seconds.
const RETRY_AFTER_TROUBLE: u64 = 5;

/// The longest name of a member that is repeated to whoever sent it.
const MAX_SHOWN: usize = 64;

/// An answer that says no.
#[derive(Debug)]
pub(super) struct Problem {
    code: Code,
    detail: Option<Cow<'static, str>>,
    member: Option<String>,
    parameter: Option<&'static str>,
    header: Option<&'static str>,
    retry_after: Option<u64>,
}

impl Problem {
    /// A member of the body is at fault; its name is cut where it is long.
    pub(super) fn of_member(code: Code, member: &str) -> Self {
        let shown: String = member.chars().take(MAX_SHOWN).collect();
        Self {
            member: Some(shown),
            ..code.into()
        }
    }

    /// A parameter of the query is at fault.
    pub(super) fn of_parameter(code: Code, parameter: &'static str) -> Self {
        Self {
            parameter: Some(parameter),
            ..code.into()
        }
    }

    /// A header of the request is at fault.
    pub(super) fn of_header(header: &'static str) -> Self {
        Self {
            header: Some(header),
            ..Code::InvalidHeader.into()
        }
    }

    /// With more to say than its code does.
    pub(super) fn because(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// To be tried again after so many seconds.
    pub(super) fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    pub(super) fn code(&self) -> Code {
        self.code
    }

    /// The answer as text, which is what clients of the agent API show: the code, what is at fault,
    /// and what to do.
    pub(super) fn into_text(self) -> Response {
        let detail = self.detail.as_deref().unwrap_or(self.code.advice());
        let mut body = format!("{}: ", self.code.name());
        if let Some(member) = &self.member {
            // Text from the wire is escaped.
            body.extend(member.escape_default());
            body.push_str(": ");
        }
        body.push_str(detail);
        let mut response = (self.code.status(), body).into_response();
        let headers = response.headers_mut();
        let plain = HeaderValue::from_static("text/plain; charset=utf-8");
        headers.insert(CONTENT_TYPE, plain);
        self.add_headers(headers);
        response
    }

    fn add_headers(&self, headers: &mut HeaderMap) {
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, seconds.into());
        }
        let challenge = match self.code {
            Code::TokenRequired => r#"Bearer realm="key server""#,
            Code::SessionRequired => r#"Bearer realm="agent""#,
            _ => return,
        };
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    }
}

impl From<Code> for Problem {
    fn from(code: Code) -> Self {
        let trouble = code.status() == StatusCode::SERVICE_UNAVAILABLE;
        Self {
            code,
            detail: None,
            member: None,
            parameter: None,
            header: None,
            retry_after: trouble.then_some(RETRY_AFTER_TROUBLE),
        }
    }
}

impl From<OperationError> for Problem {
    fn from(error: OperationError) -> Self {
        match error {
            OperationError::Store(_) => Code::StoreUnavailable.into(),
            OperationError::Contended => Code::StoreContended.into(),
            OperationError::Unreadable(_) => Code::CredentialUnreadable.into(),
            OperationError::NoRandomNumbers => Code::InternalError.into(),
            OperationError::Unknown => Code::CredentialUnknown.into(),
            OperationError::Stale => Code::RevisionStale.into(),
            OperationError::LimitReached => Code::LimitReached.into(),
            OperationError::IdempotencyKeyReused => Code::IdempotencyKeyReused.into(),
            OperationError::NotRotatable => Code::NotRotatable.into(),
            OperationError::InvalidCursor => {
                Self::of_parameter(Code::InvalidParameter, "cursor").because(
                    "The cursor belongs to another listing, or was changed; start again without it.",
                )
            }
        }
    }
}

/// Why a request was refused (RFC 9457).
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(super) struct ProblemBody<'a> {
    /// Where the code is explained.
    #[schema(
        example = "https://docs.rs/countersign/latest/countersign/reasons/index.html#credential_unknown"
    )]
    r#type: &'a str,
    /// The code in words.
    #[schema(example = "No such credential")]
    title: &'a str,
    /// The status of the answer.
    #[schema(example = 404, minimum = 400, maximum = 599)]
    status: u16,
    /// What to do.
    #[schema(example = "There is no credential with this id, or it was deleted.")]
    detail: &'a str,
    /// Stable; programs decide by it.
    #[schema(example = "credential_unknown")]
    code: &'a str,
    /// The member of the body at fault, cut after 64 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    member: Option<&'a str>,
    /// The parameter of the query at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    parameter: Option<&'a str>,
    /// The header at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    header: Option<&'a str>,
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (code, status) = (self.code.name(), self.code.status());
        let body = ProblemBody {
            r#type: &format!("{PROBLEM_TYPES}{code}"),
            title: self.code.title(),
            status: status.as_u16(),
            detail: self.detail.as_deref().unwrap_or(self.code.advice()),
            code,
            member: self.member.as_deref(),
            parameter: self.parameter,
            header: self.header,
        };
        let body = serde_json::to_vec(&body).unwrap_or_default();
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        let problem = HeaderValue::from_static("application/problem+json");
        headers.insert(CONTENT_TYPE, problem);
        self.add_headers(headers);
        response
    }
}

/// What a route answers to methods that it does not have.
pub(super) fn method_not_allowed(allowed: &'static str) -> Response {
    let mut response = Problem::from(Code::MethodNotAllowed).into_response();
    let allowed = HeaderValue::from_static(allowed);
    response.headers_mut().insert(ALLOW, allowed);
    response
}
