//! Credentials as a resource: one file for each thing that can be done with them.

pub(super) mod create;
pub(super) mod delete;
pub(super) mod list;
pub(super) mod patch;
pub(super) mod read;
pub(super) mod rotate;

use axum::response::Response;
use http::StatusCode;
use http::request::Parts;

use super::call::{Call, Subject};
use super::problem::{Code, Problem};
use super::query::id_of;
use super::representation::answer;
use crate::registry::Issued;
use crate::store::{Record, Which};

/// The credential that the path names. When there is none, an audit line says so.
async fn named(call: &Call, parts: &Parts, which: Which) -> Result<Record, Problem> {
    let id = id_of(&parts.uri)?;
    if let Some(record) = call.app.registry.find(&id, which).await? {
        return Ok(record);
    }
    let disguised = call.app.registry.disguise(&id);
    let subject = Subject {
        credential: Some(disguised.as_str()),
        ..Subject::default()
    };
    call.audit(&subject, Code::CredentialUnknown.name())?;
    Err(Code::CredentialUnknown.into())
}

/// The answer that shows a new credential.
fn created(call: &Call, parts: &Parts, issued: &Issued) -> Result<Response, Problem> {
    let secret = issued.secret.as_ref().map(|it| it.as_str());
    answer(
        StatusCode::CREATED,
        &call.base(parts),
        &issued.record,
        secret,
    )
}
