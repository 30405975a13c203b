//! One database of a CouchDB, over HTTP.
//!
//! Invariants:
//! * A document is missing only if CouchDB says so in its own words, and of a document: any other
//!   404 is an error.
//! * A document is changed or removed only by its `_rev`.
//! * No id reaches outside of its place in a path, and no key outside of its place in a query.

use http::{Method, StatusCode};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::address::Address;
use super::connections::{Answer, Connections, Wait};
use super::document::{Draft, Found};
use super::trouble::{nonsense, unavailable};
use crate::store::StoreError;

/// What stays as it is in a path or query; the rest is percent-encoded, so that no id reaches
/// outside of its place.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'~');

/// A database, of which nothing is known but its address.
#[derive(Debug)]
pub(crate) struct Database {
    connections: Connections,
    name: String,
}

/// What became of a write.
pub(super) enum Write {
    /// It is made, and this is the `_rev` it made.
    Written(String),
    /// It is not: the document has another `_rev`.
    Conflict,
}

/// Which rows of a view are read.
#[derive(Default)]
pub(super) struct Range {
    pub(super) start: Option<Value>,
    pub(super) end: Option<Value>,
    pub(super) limit: usize,
    pub(super) documents: Documents,
}

/// Whether rows come with the documents that they stand for.
#[derive(Default, PartialEq, Eq)]
pub(super) enum Documents {
    #[default]
    Without,
    Included,
}

impl Database {
    /// A database, to which no connection has been made yet.
    ///
    /// # Errors
    /// When `address` is none, or names a file that cannot be used.
    pub(crate) fn new(address: &str) -> Result<Self, StoreError> {
        let address = Address::parse(address)?;
        Ok(Self {
            name: address.database.clone(),
            connections: Connections::new(address)?,
        })
    }

    /// The database's name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Asks the server, not the database.
    pub(super) async fn server(&self) -> Result<Answer, StoreError> {
        self.connections
            .call(Method::GET, "../", None, Wait::Call)
            .await
    }

    /// Asks for the database itself, or makes it.
    pub(super) async fn database(&self, method: Method) -> Result<Answer, StoreError> {
        self.connections.call(method, "", None, Wait::Call).await
    }

    /// The document of ours with this id.
    pub(super) async fn read(&self, id: &str) -> Result<Option<Found>, StoreError> {
        let found = self.read_any(id).await?;
        found.map(|body| Found::parse(body, id)).transpose()
    }

    /// The document with this id, whatever it is.
    pub(super) async fn read_any(&self, id: &str) -> Result<Option<Value>, StoreError> {
        let path = format!("/{}?conflicts=true", place_of(id));
        let answer = self
            .connections
            .call(Method::GET, &path, None, Wait::Call)
            .await?;
        match (answer.status, answer.json()) {
            (StatusCode::OK, Some(body @ Value::Object(_))) => Ok(Some(body)),
            (StatusCode::OK, _) => Err(nonsense()),
            (StatusCode::NOT_FOUND, Some(body)) if is_missing_document(&body) => Ok(None),
            _ => Err(answer.refusal()),
        }
    }

    /// Writes a document of ours: a new one, or one in place of the revision `rev`.
    pub(super) async fn write(
        &self,
        id: &str,
        rev: Option<&str>,
        document: &Draft,
    ) -> Result<Write, StoreError> {
        self.write_any(id, &document.to_json(id, rev)).await
    }

    /// Writes a document that has its `_id`, and its `_rev` if it is not a new one.
    pub(super) async fn write_any(&self, id: &str, document: &Value) -> Result<Write, StoreError> {
        let path = format!("/{}", place_of(id));
        let answer = self
            .connections
            .call(Method::PUT, &path, Some(document), Wait::Call)
            .await?;
        outcome(&answer, id)
    }

    /// Removes the revision `rev` of a document.
    pub(super) async fn remove(&self, id: &str, rev: &str) -> Result<Write, StoreError> {
        let path = format!("/{}?rev={}", place_of(id), encoded(rev));
        let answer = self
            .connections
            .call(Method::DELETE, &path, None, Wait::Call)
            .await?;
        outcome(&answer, id)
    }

    /// Rows of the view `view`, such as `_design/x/_view/y` or `_all_docs`, as it is now.
    pub(super) async fn rows(&self, view: &str, range: &Range) -> Result<Vec<Value>, StoreError> {
        let mut path = format!("/{view}?limit={}&update=true&reduce=false", range.limit);
        if range.documents == Documents::Included {
            path.push_str("&include_docs=true&conflicts=true");
        }
        for (name, key) in [("startkey", &range.start), ("endkey", &range.end)] {
            if let Some(key) = key {
                path.extend(["&", name, "=", &encoded(&key.to_string())]);
            }
        }
        let answer = self
            .connections
            .call(Method::GET, &path, None, Wait::View)
            .await?;
        rows_of(&answer)
    }

    /// The documents with these ids: a row for each.
    pub(super) async fn read_many(&self, ids: &[String]) -> Result<Vec<Value>, StoreError> {
        let body = serde_json::json!({ "keys": ids });
        let path = "/_all_docs?include_docs=true&conflicts=true";
        let answer = self
            .connections
            .call(Method::POST, path, Some(&body), Wait::View)
            .await?;
        rows_of(&answer)
    }

    /// Writes many documents, each with its `_rev` in it, and says which of them were not written
    /// because theirs is another by now.
    pub(super) async fn write_many(
        &self,
        documents: Vec<Value>,
    ) -> Result<Vec<String>, StoreError> {
        let expected = documents.len();
        let body = serde_json::json!({ "docs": documents });
        let answer = self
            .connections
            .call(Method::POST, "/_bulk_docs", Some(&body), Wait::View)
            .await?;
        let (StatusCode::CREATED | StatusCode::OK, Some(Value::Array(results))) =
            (answer.status, answer.json())
        else {
            return Err(answer.refusal());
        };
        if results.len() != expected {
            return Err(nonsense());
        }
        let mut conflicts = Vec::new();
        for result in results {
            let id = result
                .get("id")
                .and_then(Value::as_str)
                .ok_or_else(nonsense)?;
            match result.get("error").and_then(Value::as_str) {
                None => {}
                Some("conflict") => conflicts.push(id.to_owned()),
                Some(_) => return Err(unavailable("CouchDB did not take all of many changes")),
            }
        }
        Ok(conflicts)
    }
}

/// Whether a 404 is about a document that is not there, rather than about a database or view.
fn is_missing_document(body: &Value) -> bool {
    let member = |name| body.get(name).and_then(Value::as_str);
    member("error") == Some("not_found") && matches!(member("reason"), Some("missing" | "deleted"))
}

fn outcome(answer: &Answer, id: &str) -> Result<Write, StoreError> {
    let body = answer.json();
    let member = |name| {
        body.as_ref()
            .and_then(|body| body.get(name))
            .and_then(Value::as_str)
    };
    match answer.status {
        StatusCode::CREATED | StatusCode::OK => match (member("id"), member("rev")) {
            (Some(written), Some(rev)) if written == id => Ok(Write::Written(rev.to_owned())),
            _ => Err(nonsense()),
        },
        StatusCode::CONFLICT if member("error") == Some("conflict") => Ok(Write::Conflict),
        _ => Err(answer.refusal()),
    }
}

fn rows_of(answer: &Answer) -> Result<Vec<Value>, StoreError> {
    if answer.status != StatusCode::OK {
        return Err(answer.refusal());
    }
    match answer.json() {
        Some(Value::Object(mut body)) => match body.remove("rows") {
            Some(Value::Array(rows)) => Ok(rows),
            _ => Err(nonsense()),
        },
        _ => Err(nonsense()),
    }
}

/// Where a document is. Only the ids of design and local documents have a slash that is one.
fn place_of(id: &str) -> String {
    for folder in ["_design/", "_local/"] {
        if let Some(name) = id.strip_prefix(folder) {
            return format!("{folder}{}", encoded(name));
        }
    }
    encoded(id)
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, KEPT).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_cannot_leave_its_place() {
        assert_eq!(
            place_of("credential:../a?b=\"c\"#%2f+&"),
            "credential%3A%2E%2E%2Fa%3Fb%3D%22c%22%23%252f%2B%26"
        );
        assert_eq!(place_of("_design/countersign"), "_design/countersign");
        assert_eq!(place_of("_local/a/b"), "_local/a%2Fb");
    }

    #[test]
    fn only_couchdbs_own_words_mean_that_a_document_is_missing() {
        let body = |reason: &str| serde_json::json!({"error": "not_found", "reason": reason});
        assert!(is_missing_document(&body("missing")) && is_missing_document(&body("deleted")));
        for other in [
            "no_db_file",
            "Database does not exist.",
            "missing_named_view",
            "",
        ] {
            assert!(!is_missing_document(&body(other)), "{other}");
        }
        assert!(!is_missing_document(&Value::Null));
    }
}
