//! The database and its views, made on the first start.
//!
//! Every server that starts brings them into being, so all of it may happen at once and be cut off
//! at any point: what another has made meanwhile is looked at anew.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::database::{Database, Write};
use super::trouble::{contended, incompatible, misconfigured, nonsense};
use crate::store::StoreError;

/// Where the views are.
pub(super) const DESIGN: &str = "_design/countersign";

/// The version of the views. A newer program raises it when it changes them; documents have a
/// version of their own.
const VERSION: u64 = 2;

/// How often it is looked again at what others have made meanwhile.
const ATTEMPTS: usize = 10;

/// A view: which documents are in it, in which order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum View {
    /// Credentials by `[order, id]`.
    All,
    /// Those that were not deleted.
    Present,
    /// Credentials by `[hash of the principal, order, id]`.
    AllOfPrincipal,
    /// Those that were not deleted.
    PresentOfPrincipal,
    /// Idempotency keys by the time until which they are remembered, with their `_rev`.
    Remembered,
    /// Entries that are not kept for ever, by their last second, with their `_rev`.
    Passing,
}

impl View {
    const EACH: [Self; 6] = [
        Self::All,
        Self::Present,
        Self::AllOfPrincipal,
        Self::PresentOfPrincipal,
        Self::Remembered,
        Self::Passing,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Present => "present",
            Self::AllOfPrincipal => "all_of_principal",
            Self::PresentOfPrincipal => "present_of_principal",
            Self::Remembered => "remembered",
            Self::Passing => "passing",
        }
    }

    /// Its path in the database.
    pub(super) fn path(self) -> String {
        format!("{DESIGN}/_view/{}", self.name())
    }

    fn map(self) -> String {
        let (condition, emitted) = match self {
            Self::All => ("doc.type === 'credential'", "[doc.order, doc.id], null"),
            Self::Present => (
                "doc.type === 'credential' && doc.deleted_at === undefined",
                "[doc.order, doc.id], null",
            ),
            Self::AllOfPrincipal => (
                "doc.type === 'credential'",
                "[doc.principal_hash, doc.order, doc.id], null",
            ),
            Self::PresentOfPrincipal => (
                "doc.type === 'credential' && doc.deleted_at === undefined",
                "[doc.principal_hash, doc.order, doc.id], null",
            ),
            Self::Remembered => ("doc.type === 'idempotency'", "doc.until, doc._rev"),
            Self::Passing => (
                "doc.type === 'entry' && doc.forget_after !== undefined",
                "doc.forget_after, doc._rev",
            ),
        };
        format!("function (doc) {{ if ({condition}) {{ emit({emitted}); }} }}")
    }
}

/// Makes the database and its views, unless they are there.
///
/// # Errors
/// When it is no CouchDB, we may not, a newer program was here before, or the database is already
/// something else.
pub(super) async fn prepare(database: &Database) -> Result<(), StoreError> {
    check_server(database).await?;
    for _ in 0..ATTEMPTS {
        let Some(documents) = documents_in(database).await? else {
            make_database(database).await?;
            continue;
        };
        let rev = match database.read_any(DESIGN).await? {
            Some(design) => match version_of(&design)? {
                VERSION => return Ok(()),
                version if version > VERSION => return Err(newer()),
                _ => Some(rev_of(&design)?),
            },
            // Another server may have made it after it was looked for and before it was counted.
            None if documents > 0 && database.read_any(DESIGN).await?.is_none() => {
                return Err(foreign(database));
            }
            None if documents > 0 => continue,
            None => None,
        };
        if let Write::Written(_) = database.write_any(DESIGN, &design(rev.as_deref())).await? {
            return Ok(());
        }
    }
    Err(contended())
}

/// Whether the database and its views are there.
///
/// # Errors
/// When they are not.
pub(super) async fn check(database: &Database) -> Result<(), StoreError> {
    let design = database.read_any(DESIGN).await?;
    match design.as_ref().map(version_of).transpose()? {
        Some(VERSION) => Ok(()),
        Some(version) if version > VERSION => Err(newer()),
        _ => Err(super::trouble::gone()),
    }
}

async fn check_server(database: &Database) -> Result<(), StoreError> {
    let answer = database.server().await?;
    if answer.status != StatusCode::OK {
        return Err(answer.refusal());
    }
    let greets = |name| answer.json().is_some_and(|body| body.get(name).is_some());
    if greets("couchdb") || greets("express-pouchdb") {
        Ok(())
    } else {
        Err(incompatible(
            "what answers at the address of CouchDB is something else",
        ))
    }
}

/// How many documents there are, or nothing if there is no database.
async fn documents_in(database: &Database) -> Result<Option<u64>, StoreError> {
    let answer = database.database(Method::GET).await?;
    let body = answer.json().ok_or_else(nonsense)?;
    match answer.status {
        StatusCode::OK => {
            let count = body.get("doc_count").and_then(Value::as_u64);
            count.map(Some).ok_or_else(nonsense)
        }
        StatusCode::NOT_FOUND if body.get("error").is_some_and(|it| it == "not_found") => Ok(None),
        _ => Err(answer.refusal()),
    }
}

async fn make_database(database: &Database) -> Result<(), StoreError> {
    let answer = database.database(Method::PUT).await?;
    match answer.status {
        // On a cluster the rest of the nodes follow; 412: another server was faster.
        StatusCode::CREATED | StatusCode::ACCEPTED | StatusCode::PRECONDITION_FAILED => Ok(()),
        _ => Err(answer.refusal()),
    }
}

fn design(rev: Option<&str>) -> Value {
    let mut views = json!({});
    for view in View::EACH {
        if let Some(views) = views.as_object_mut() {
            views.insert(view.name().to_owned(), json!({ "map": view.map() }));
        }
    }
    let mut design = json!({
        "_id": DESIGN,
        "language": "javascript",
        "version": VERSION,
        "views": views,
    });
    if let (Some(design), Some(rev)) = (design.as_object_mut(), rev) {
        design.insert("_rev".to_owned(), rev.into());
    }
    design
}

fn version_of(design: &Value) -> Result<u64, StoreError> {
    design
        .get("version")
        .and_then(Value::as_u64)
        .ok_or_else(|| {
            incompatible("the views of the CouchDB database were not made by a key server")
        })
}

fn rev_of(design: &Value) -> Result<String, StoreError> {
    let rev = design.get("_rev").and_then(Value::as_str);
    rev.map(str::to_owned).ok_or_else(nonsense)
}

fn newer() -> StoreError {
    incompatible("a newer key server has prepared this CouchDB database; use that version")
}

fn foreign(database: &Database) -> StoreError {
    let name = database.name();
    misconfigured(format!(
        "the CouchDB database {name} holds something else; name one that is empty or not there \
         yet, and if it is a yar key store, import it: key_server import"
    ))
}
