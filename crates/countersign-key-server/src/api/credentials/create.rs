//! `POST /v1.0/creds`

use axum::extract::Request;
use axum::response::Response;
use countersign_core::Algorithm;
use utoipa::ToSchema;

use super::created;
use crate::api::body::receive;
use crate::api::call::{Call, Subject};
use crate::api::description::problems;
use crate::api::members::{Members, invalid};
use crate::api::precondition::idempotency_key;
use crate::api::problem::Problem;
use crate::api::representation::Credential;
use crate::credential::{AuthScheme, Principal};
use crate::registry::{NewCredential, Permission};

/// What is to be issued.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "describes what is read by hand")]
pub(in crate::api) struct CreateRequest {
    /// To whom: no control characters.
    #[schema(example = "dave@example.com", min_length = 1, max_length = 256)]
    principal: String,
    /// For which scheme; `basic` unless given.
    #[schema(
        required = false,
        example = "mac",
        pattern = "^(basic|mac|auth-key|hmac-auth|moxie|agent)$"
    )]
    auth_scheme: String,
    /// For which hash function, of `mac` and `hmac-auth` only; `hmac-sha-1` unless given.
    #[schema(
        required = false,
        example = "hmac-sha-256",
        pattern = "^hmac-sha-(1|256)$"
    )]
    algorithm: String,
}

problems!(Problems: InvalidJson, InvalidMember, UnknownMember, DuplicateMember, MissingMember,
    InvalidHeader, BodyIncomplete, ScopeInsufficient, LimitReached, IdempotencyKeyReused,
    BodyTooLarge, UnsupportedMediaType, StoreContended, CredentialUnreadable, AuditUnavailable);

/// Issue a credential.
///
/// The answer shows its secret. Sent again with the same `Idempotency-Key` within 24 hours, the
/// same body gets the same credential, and another one is refused.
#[utoipa::path(
    post,
    path = "/v1.0/creds",
    operation_id = "create_credential",
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters")),
    request_body = CreateRequest,
    responses(
        (status = 201, description = "Issued", body = Credential<'_>, headers(
            ("Location" = String, description = "The URL of the credential"),
            ("ETag" = String, description = "Its revision"),
        )),
        Problems,
    ),
    security((), ("token" = ["admin"])),
)]
pub(in crate::api) async fn create(call: Call, request: Request) -> Result<Response, Problem> {
    call.require(Permission::Administer)?;
    let (parts, body) = request.into_parts();
    let new = read(&receive(&parts.headers, body).await?)?;
    let key = idempotency_key(&parts.headers)?;
    let subject = Subject {
        principal: Some(new.principal.as_str()),
        ..Subject::default()
    };
    call.audit(&subject, "begun")?;
    let issued = match call.app.registry.create(&call.caller, &new, key).await {
        Ok(issued) => {
            call.audit(&Subject::of(&issued.record), "done")?;
            issued
        }
        failed => call.audited(&subject, failed)?,
    };
    created(&call, &parts, &issued)
}

fn read(body: &[u8]) -> Result<NewCredential, Problem> {
    let mut members = Members::read(body, &["principal", "auth_scheme", "algorithm"])?;
    let principal = Principal::parse(members.required("principal")?).map_err(|_| {
        invalid(
            "principal",
            "It must have 1 to 256 characters, none of them a control character.",
        )
    })?;
    let scheme = match members.text("auth_scheme")? {
        None => AuthScheme::Basic,
        Some(name) => AuthScheme::from_name(&name).ok_or_else(|| {
            let names = AuthScheme::ALL.map(AuthScheme::name).join(", ");
            invalid("auth_scheme", format!("It must be one of {names}."))
        })?,
    };
    let algorithm = match members.text("algorithm")? {
        None => Algorithm::Sha1,
        Some(_) if !scheme.has_algorithm() => {
            let why = "Only mac and hmac-auth have an algorithm; leave it out.";
            return Err(invalid("algorithm", why));
        }
        Some(name) => Algorithm::from_name(&name).ok_or_else(|| {
            let names = Algorithm::ALL.map(Algorithm::name).join(" or ");
            invalid("algorithm", format!("It must be {names}."))
        })?,
    };
    Ok(NewCredential {
        principal,
        scheme,
        algorithm,
    })
}
