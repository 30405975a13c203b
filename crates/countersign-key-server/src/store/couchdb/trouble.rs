//! What can go wrong with CouchDB, in words.
//!
//! Of what CouchDB answers, nothing is repeated but the status and the name of an error that it is
//! known to have: an answer may hold anything, our own password included.

use http::StatusCode;
use serde_json::Value;

use crate::store::{StoreError, StoreErrorKind};

/// Names of CouchDB's errors that tell an operator more than the status does.
const ERROR_NAMES: [&str; 8] = [
    "bad_request",
    "document_too_large",
    "enospc",
    "file_exists",
    "internal_server_error",
    "maintenance_mode",
    "nodedown",
    "timeout",
];

pub(super) fn unavailable(message: impl Into<String>) -> StoreError {
    StoreError::new(StoreErrorKind::Unavailable, message)
}

pub(super) fn damaged(message: impl Into<String>) -> StoreError {
    StoreError::new(StoreErrorKind::Damaged, message)
}

pub(super) fn incompatible(message: impl Into<String>) -> StoreError {
    StoreError::new(StoreErrorKind::Incompatible, message)
}

pub(super) fn misconfigured(message: impl Into<String>) -> StoreError {
    StoreError::new(StoreErrorKind::Misconfigured, message)
}

/// CouchDB answered what no correct one answers.
pub(super) fn nonsense() -> StoreError {
    unavailable(
        "what answers in the place of CouchDB does not answer like CouchDB; look at its address, \
         and at what stands in between",
    )
}

/// Others keep writing the same document.
pub(super) fn contended() -> StoreError {
    unavailable("a document in CouchDB is being changed too often to be changed; try again")
}

/// What was there at the start is not there any more.
pub(super) fn gone() -> StoreError {
    unavailable(
        "the database, or the part of it that the key server made, is no longer in CouchDB; \
         restore it, or start the key server again if an empty one is wanted",
    )
}

/// The status is none of those that the call knows what to do with.
pub(super) fn refused(status: StatusCode, body: Option<&Value>) -> StoreError {
    match status {
        StatusCode::UNAUTHORIZED => {
            misconfigured("CouchDB does not accept the user and password that it was given")
        }
        StatusCode::FORBIDDEN => misconfigured(
            "the user may not do that in CouchDB: make it an administrator of the database (of \
             the server, if the database is to be created)",
        ),
        StatusCode::NOT_FOUND => gone(),
        StatusCode::ACCEPTED => unavailable(
            "too few nodes of the CouchDB cluster have taken the change; it may be lost or not",
        ),
        status if status.is_redirection() => unavailable(format!(
            "CouchDB answered with a redirect ({}), which is not followed; give its own address",
            status.as_u16()
        )),
        status => {
            let name = body.and_then(error_name).unwrap_or("no reason given");
            unavailable(format!("CouchDB answered {}: {name}", status.as_u16()))
        }
    }
}

fn error_name(body: &Value) -> Option<&'static str> {
    let name = body.get("error")?.as_str()?;
    ERROR_NAMES.into_iter().find(|known| *known == name)
}
