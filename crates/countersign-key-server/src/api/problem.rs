//! Every answer that says no, as problem+json (RFC 9457).

use std::borrow::Cow;

use axum::response::{IntoResponse, Response};
use http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

use crate::registry::OperationError;

/// When to ask again after trouble with the store, in seconds.
const RETRY_AFTER_TROUBLE: u64 = 5;

/// The longest name of a member that is repeated to whoever sent it.
const MAX_SHOWN: usize = 64;

/// What went wrong; the [name](Code::name) is stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Code {
    InvalidJson,
    InvalidMember,
    UnknownMember,
    DuplicateMember,
    MissingMember,
    InvalidParameter,
    RepeatedParameter,
    MissingParameter,
    InvalidHeader,
    InvalidPath,
    BodyIncomplete,
    TokenRequired,
    ScopeInsufficient,
    CrossSite,
    CredentialUnknown,
    NotFound,
    MethodNotAllowed,
    LimitReached,
    IdempotencyKeyReused,
    NotRotatable,
    RevisionStale,
    BodyTooLarge,
    UnsupportedMediaType,
    ForeignHost,
    RateLimited,
    InternalError,
    StoreUnavailable,
    StoreContended,
    CredentialUnreadable,
    AuditUnavailable,
}

impl Code {
    pub(super) const fn name(self) -> &'static str {
        self.entry().0
    }

    pub(super) const fn status(self) -> StatusCode {
        self.entry().1
    }

    pub(super) const fn title(self) -> &'static str {
        self.entry().2
    }

    /// Its name, status, title, and what to do.
    const fn entry(self) -> (&'static str, StatusCode, &'static str, &'static str) {
        type Status = StatusCode;
        match self {
            Self::InvalidJson => (
                "invalid_json",
                Status::BAD_REQUEST,
                "Body is not one JSON object",
                "Send one JSON object, in UTF-8.",
            ),
            Self::InvalidMember => (
                "invalid_member",
                Status::BAD_REQUEST,
                "Invalid member",
                "A member of the body has a value that it cannot have.",
            ),
            Self::UnknownMember => (
                "unknown_member",
                Status::BAD_REQUEST,
                "Unknown member",
                "The body has a member that means nothing here; leave it out.",
            ),
            Self::DuplicateMember => (
                "duplicate_member",
                Status::BAD_REQUEST,
                "Member given twice",
                "The body has a member twice; give it once.",
            ),
            Self::MissingMember => (
                "missing_member",
                Status::BAD_REQUEST,
                "Member missing",
                "The body lacks a member that it must have.",
            ),
            Self::InvalidParameter => (
                "invalid_parameter",
                Status::BAD_REQUEST,
                "Invalid parameter",
                "A parameter of the query has a value that it cannot have.",
            ),
            Self::RepeatedParameter => (
                "repeated_parameter",
                Status::BAD_REQUEST,
                "Parameter given twice",
                "The query has a parameter twice; give it once.",
            ),
            Self::MissingParameter => (
                "missing_parameter",
                Status::BAD_REQUEST,
                "Parameter missing",
                "Say whose credentials are meant with principal=, or deleted=true for all.",
            ),
            Self::InvalidHeader => (
                "invalid_header",
                Status::BAD_REQUEST,
                "Invalid header",
                "A header of the request has a value that it cannot have.",
            ),
            Self::InvalidPath => (
                "invalid_path",
                Status::BAD_REQUEST,
                "Invalid path",
                "The path must be percent-encoded UTF-8.",
            ),
            Self::BodyIncomplete => (
                "body_incomplete",
                Status::BAD_REQUEST,
                "Body incomplete",
                "The body ended before its end; send the request again.",
            ),
            Self::TokenRequired => (
                "token_required",
                Status::UNAUTHORIZED,
                "API token required",
                "Send a valid API token: Authorization: Bearer and the token.",
            ),
            Self::ScopeInsufficient => (
                "scope_insufficient",
                Status::FORBIDDEN,
                "Scope insufficient",
                "This API token does not allow that; use one with another scope.",
            ),
            Self::CrossSite => (
                "cross_site",
                Status::FORBIDDEN,
                "Cross-site request",
                "Web pages of other sites may not call this server.",
            ),
            Self::CredentialUnknown => (
                "credential_unknown",
                Status::NOT_FOUND,
                "No such credential",
                "There is no credential with this id, or it was deleted.",
            ),
            Self::NotFound => (
                "not_found",
                Status::NOT_FOUND,
                "Nothing here",
                "There is nothing at this path; /openapi.json lists the paths.",
            ),
            Self::MethodNotAllowed => (
                "method_not_allowed",
                Status::METHOD_NOT_ALLOWED,
                "Method not allowed",
                "Use one of the methods that Allow lists.",
            ),
            Self::LimitReached => (
                "limit_reached",
                Status::CONFLICT,
                "Too many active credentials",
                "The principal has as many active credentials as it may have; delete one first.",
            ),
            Self::IdempotencyKeyReused => (
                "idempotency_key_reused",
                Status::CONFLICT,
                "Idempotency key used before",
                "The Idempotency-Key was sent with another request before; make a new one.",
            ),
            Self::NotRotatable => (
                "not_rotatable",
                Status::CONFLICT,
                "Cannot be rotated",
                "Only a credential that is active, and was not rotated before, can be rotated.",
            ),
            Self::RevisionStale => (
                "revision_stale",
                Status::PRECONDITION_FAILED,
                "Changed in the meantime",
                "The credential was changed since it was read; read it again.",
            ),
            Self::BodyTooLarge => (
                "body_too_large",
                Status::PAYLOAD_TOO_LARGE,
                "Body too large",
                "The body may have 64 KiB.",
            ),
            Self::UnsupportedMediaType => (
                "unsupported_media_type",
                Status::UNSUPPORTED_MEDIA_TYPE,
                "Not application/json",
                "Send Content-Type: application/json, with charset=utf-8 or without a charset.",
            ),
            Self::ForeignHost => (
                "foreign_host",
                Status::MISDIRECTED_REQUEST,
                "Not this server",
                "The Host header names another server; use the address this one listens on.",
            ),
            Self::RateLimited => (
                "rate_limited",
                Status::TOO_MANY_REQUESTS,
                "Too many requests",
                "Wait as long as Retry-After says.",
            ),
            Self::InternalError => (
                "internal_error",
                Status::INTERNAL_SERVER_ERROR,
                "Internal error",
                "Something is wrong with the server; its operator has the details.",
            ),
            Self::StoreUnavailable => (
                "store_unavailable",
                Status::SERVICE_UNAVAILABLE,
                "Key store unavailable",
                "The key store does not answer; try again later, a creation with the same \
                 Idempotency-Key.",
            ),
            Self::StoreContended => (
                "store_contended",
                Status::SERVICE_UNAVAILABLE,
                "Too many changes at once",
                "Others change the same credential all the time; nothing was done, try again.",
            ),
            Self::CredentialUnreadable => (
                "credential_unreadable",
                Status::SERVICE_UNAVAILABLE,
                "Credential unreadable",
                "The secret of the credential cannot be opened; the server's operator has the \
                 details.",
            ),
            Self::AuditUnavailable => (
                "audit_unavailable",
                Status::SERVICE_UNAVAILABLE,
                "Audit log unavailable",
                "What cannot be written to the audit log is not done; try again later.",
            ),
        }
    }
}

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
    /// `urn:countersign:reason:` and the code.
    #[schema(example = "urn:countersign:reason:credential_unknown")]
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
        let (code, status, title, advice) = self.code.entry();
        let body = ProblemBody {
            r#type: &format!("urn:countersign:reason:{code}"),
            title,
            status: status.as_u16(),
            detail: self.detail.as_deref().unwrap_or(advice),
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
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, seconds.into());
        }
        if self.code == Code::TokenRequired {
            let challenge = HeaderValue::from_static(r#"Bearer realm="key server""#);
            headers.insert(WWW_AUTHENTICATE, challenge);
        }
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
