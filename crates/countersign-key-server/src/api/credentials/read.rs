//! `GET /v1.0/creds/{id}`

use axum::extract::Request;
use axum::response::Response;
use http::StatusCode;

use super::named;
use crate::api::call::{Call, Subject};
use crate::api::description::problems;
use crate::api::problem::{Code, Problem};
use crate::api::query::{DELETED, PRINCIPAL, Query};
use crate::api::representation::{Credential, answer};
use crate::registry::Permission;

problems!(Problems: InvalidParameter, RepeatedParameter, InvalidPath, CredentialUnknown,
    CredentialUnreadable, AuditUnavailable);

/// Get a credential.
///
/// With its secret, for callers of the scope `lookup` or `admin` and unless it is deleted. Whether
/// it may be used is told by `state` and `expires_at`.
#[utoipa::path(
    get,
    path = "/v1.0/creds/{id}",
    operation_id = "get_credential",
    params(
        ("id" = String, Path, description = "Its id; of a `basic` one the api key or the handle"),
        ("deleted" = Option<bool>, Query, description = "Whether it may be a deleted one"),
    ),
    responses(
        (status = 200, description = "The credential", body = Credential<'_>, headers(
            ("Location" = String, description = "The URL of the credential"),
            ("ETag" = String, description = "Its revision"),
        )),
        Problems,
    ),
    security((), ("token" = ["lookup"]), ("token" = ["verify"]), ("token" = ["admin"])),
)]
pub(in crate::api) async fn read(call: Call, request: Request) -> Result<Response, Problem> {
    call.require(Permission::Inspect)?;
    let (parts, _) = request.into_parts();
    let query = Query::of(&parts.uri, &[DELETED, PRINCIPAL])?;
    if query.principal.is_some() {
        return Err(Problem::of_parameter(Code::InvalidParameter, PRINCIPAL)
            .because("Ask for one credential by its id, or for those of a principal, not both."));
    }
    let record = named(&call, &parts, query.which()?).await?;
    let shown = record.life.deleted_at.is_none() && call.caller.may(Permission::Reveal);
    let secret = if shown {
        let secret = call.app.registry.reveal(&record)?;
        call.audit(&Subject::of(&record), "done")?;
        call.app.registry.note_use(&record);
        Some(secret)
    } else {
        None
    };
    let secret = secret.as_ref().map(|it| it.as_str());
    answer(StatusCode::OK, &call.base(&parts), &record, secret)
}
