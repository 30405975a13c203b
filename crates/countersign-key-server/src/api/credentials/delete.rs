//! `DELETE /v1.0/creds/{id}`

use axum::extract::Request;
use http::StatusCode;

use super::named;
use crate::api::call::{Call, Subject};
use crate::api::description::problems;
use crate::api::precondition::expectation;
use crate::api::problem::Problem;
use crate::registry::Permission;
use crate::store::Which;

problems!(Problems: InvalidHeader, InvalidPath, ScopeInsufficient, CredentialUnknown,
    RevisionStale, StoreContended, AuditUnavailable);

/// Delete a credential.
///
/// It verifies nothing from now on, and is found only by those who ask for deleted ones. Deleting
/// it again changes nothing.
#[utoipa::path(
    delete,
    path = "/v1.0/creds/{id}",
    operation_id = "delete_credential",
    params(
        ("id" = String, Path, description = "Its id; of a `basic` one the api key or the handle"),
        ("If-Match" = Option<String>, Header, description = "The revision that is meant"),
    ),
    responses((status = 200, description = "Deleted"), Problems),
    security((), ("token" = ["admin"])),
)]
pub(in crate::api) async fn delete(call: Call, request: Request) -> Result<StatusCode, Problem> {
    call.require(Permission::Administer)?;
    let (parts, _) = request.into_parts();
    let expected = expectation(&parts.headers)?;
    let record = named(&call, &parts, Which::WithDeleted).await?;
    let subject = Subject::of(&record);
    call.audit(&subject, "begun")?;
    let deleted = call.app.registry.delete(&record.id, &expected).await;
    call.audited(&subject, deleted)?;
    Ok(StatusCode::OK)
}
