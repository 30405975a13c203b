//! `POST /v1.0/creds/{id}/rotate`

use axum::extract::Request;
use axum::response::Response;
use utoipa::ToSchema;

use super::{created, named};
use crate::api::body::receive;
use crate::api::call::{Call, Subject};
use crate::api::description::problems;
use crate::api::members::{Members, Value, invalid};
use crate::api::precondition::{expectation, idempotency_key};
use crate::api::problem::{Code, Problem};
use crate::api::representation::Credential;
use crate::registry::{MAX_OVERLAP, Permission};
use crate::store::Which;

/// How long the old credential goes on.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "describes what is read by hand")]
pub(in crate::api) struct RotateRequest {
    /// Seconds, 0 to end it at once; more than 30 days (2,592,000) counts as 30 days.
    #[schema(example = 86400, minimum = 0)]
    overlap_seconds: u64,
}

problems!(Problems: InvalidJson, InvalidMember, UnknownMember, DuplicateMember, MissingMember,
    InvalidHeader, InvalidPath, BodyIncomplete, ScopeInsufficient, CredentialUnknown, LimitReached,
    IdempotencyKeyReused, NotRotatable, RevisionStale, BodyTooLarge, UnsupportedMediaType,
    StoreContended, CredentialUnreadable, AuditUnavailable);

/// Issue a credential in place of another.
///
/// The new one has the principal, scheme and algorithm of the old one, and does not expire; the
/// old one expires after the overlap, or when it would anyway. The answer shows the new one with
/// its secret.
#[utoipa::path(
    post,
    path = "/v1.0/creds/{id}/rotate",
    operation_id = "rotate_credential",
    params(
        ("id" = String, Path, description = "The old one's id; of a `basic` one the api key or the handle"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters"),
        ("If-Match" = Option<String>, Header, description = "The revision of the old one that is meant"),
    ),
    request_body = RotateRequest,
    responses(
        (status = 201, description = "Issued", body = Credential<'_>, headers(
            ("Location" = String, description = "The URL of the new credential"),
            ("ETag" = String, description = "Its revision"),
        )),
        Problems,
    ),
    security((), ("token" = ["admin"])),
)]
pub(in crate::api) async fn rotate(call: Call, request: Request) -> Result<Response, Problem> {
    call.require(Permission::Administer)?;
    let (parts, body) = request.into_parts();
    let overlap = read(&receive(&parts.headers, body).await?)?;
    let key = idempotency_key(&parts.headers)?;
    let expected = expectation(&parts.headers)?;
    // A retry may come after the old one was deleted.
    let old = named(&call, &parts, Which::WithDeleted).await?;
    let subject = Subject::of(&old);
    call.audit(&subject, "begun")?;
    let registry = &call.app.registry;
    let rotated = registry
        .rotate(&call.caller, &old.id, overlap, &expected, key)
        .await;
    let issued = call.audited(&subject, rotated)?;
    // The successor's secret is read too.
    call.audit(&Subject::of(&issued.record), "issued")?;
    created(&call, &parts, &issued)
}

fn read(body: &[u8]) -> Result<u32, Problem> {
    let name = "overlap_seconds";
    let mut members = Members::read(body, &[name])?;
    match members.take(name) {
        None => Err(Problem::of_member(Code::MissingMember, name)),
        Some(Value::Whole(seconds)) => {
            let seconds = u32::try_from(seconds).unwrap_or(MAX_OVERLAP);
            Ok(seconds.min(MAX_OVERLAP))
        }
        Some(_) => Err(invalid(
            name,
            "It must be a whole number of seconds, 0 or more.",
        )),
    }
}
