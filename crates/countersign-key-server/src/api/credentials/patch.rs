//! `PATCH /v1.0/creds/{id}`

use axum::extract::Request;
use axum::response::Response;
use http::StatusCode;
use utoipa::ToSchema;

use super::named;
use crate::api::body::receive;
use crate::api::call::{Call, Subject};
use crate::api::description::problems;
use crate::api::members::{Members, Value, invalid};
use crate::api::precondition::expectation;
use crate::api::problem::Problem;
use crate::api::representation::{Credential, answer};
use crate::registry::{Expiry, Patch, Permission, time};
use crate::store::{State, Which};

/// What is to change; what is left out stays as it is.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "describes what is read by hand")]
pub(in crate::api) struct PatchRequest {
    /// Whether its holder may use it: `active` or `inactive`.
    #[schema(
        required = false,
        example = "inactive",
        pattern = "^(active|inactive)$"
    )]
    state: String,
    /// The last second in which it may be used (parts of a second are dropped), or `null`: it
    /// does not expire.
    #[schema(format = DateTime, example = "2027-01-01T00:00:00Z")]
    expires_at: Option<String>,
}

problems!(Problems: InvalidJson, InvalidMember, UnknownMember, DuplicateMember, InvalidHeader,
    InvalidPath, BodyIncomplete, ScopeInsufficient, CredentialUnknown, RevisionStale, BodyTooLarge,
    UnsupportedMediaType, StoreContended, AuditUnavailable);

/// Change a credential.
///
/// The answer shows it without its secret. With `If-Match`, only if it still has that revision.
#[utoipa::path(
    patch,
    path = "/v1.0/creds/{id}",
    operation_id = "change_credential",
    params(
        ("id" = String, Path, description = "Its id; of a `basic` one the api key or the handle"),
        ("If-Match" = Option<String>, Header, description = "The revision that is meant"),
    ),
    request_body = PatchRequest,
    responses(
        (status = 200, description = "Changed", body = Credential<'_>, headers(
            ("Location" = String, description = "The URL of the credential"),
            ("ETag" = String, description = "Its revision"),
        )),
        Problems,
    ),
    security((), ("token" = ["admin"])),
)]
pub(in crate::api) async fn patch(call: Call, request: Request) -> Result<Response, Problem> {
    call.require(Permission::Administer)?;
    let (parts, body) = request.into_parts();
    let patch = read(&receive(&parts.headers, body).await?)?;
    let expected = expectation(&parts.headers)?;
    let record = named(&call, &parts, Which::Present).await?;
    let subject = Subject::of(&record);
    call.audit(&subject, "begun")?;
    let patched = call.app.registry.patch(&record.id, patch, &expected).await;
    let record = call.audited(&subject, patched)?;
    answer(StatusCode::OK, &call.base(&parts), &record, None)
}

fn read(body: &[u8]) -> Result<Patch, Problem> {
    let mut members = Members::read(body, &["state", "expires_at"])?;
    let state = members.text("state")?;
    let state = state.map(|name| {
        State::from_name(&name).ok_or_else(|| invalid("state", "It must be active or inactive."))
    });
    let expiry = match members.take("expires_at") {
        None => Some(Expiry::AsItIs),
        Some(Value::Null) => Some(Expiry::Never),
        Some(Value::Text(text)) => time::parse(&text).map(Expiry::At),
        Some(_) => None,
    };
    Ok(Patch {
        state: state.transpose()?,
        expiry: expiry.ok_or_else(|| {
            let why = "It must be an RFC 3339 time, like 2027-01-01T00:00:00Z, or null.";
            invalid("expires_at", why)
        })?,
    })
}
