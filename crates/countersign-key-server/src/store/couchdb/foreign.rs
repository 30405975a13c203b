//! Reading a database that is not ours.

use http::{Method, StatusCode};
use serde_json::Value;
use zeroize::Zeroize as _;

use super::database::{Database, Documents, Range};
use super::trouble::misconfigured;
use crate::store::StoreError;

/// How many documents are read at a time.
const PAGE: usize = 100;

/// A document, whose texts are wiped when it is dropped: they may be secrets.
pub(crate) struct ForeignDocument {
    /// Its `_id`.
    pub(crate) id: String,
    /// All of it, or nothing readable.
    pub(crate) body: Value,
}

impl Drop for ForeignDocument {
    fn drop(&mut self) {
        wipe(&mut self.body);
    }
}

/// As deep as JSON is read, which is bounded.
fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(values) => values.iter_mut().for_each(wipe),
        Value::Object(members) => members.values_mut().for_each(wipe),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

impl Database {
    /// Whether there is such a database.
    ///
    /// # Errors
    /// When there is not, or it cannot be told.
    pub(crate) async fn must_exist(&self) -> Result<(), StoreError> {
        let answer = self.database(Method::GET).await?;
        match answer.status {
            StatusCode::OK => Ok(()),
            StatusCode::NOT_FOUND => {
                let name = self.name();
                Err(misconfigured(format!("CouchDB has no database {name}")))
            }
            _ => Err(answer.refusal()),
        }
    }

    /// The next documents after the id `after`, in the order of their ids; none at the end.
    ///
    /// # Errors
    /// When they cannot be read.
    pub(crate) async fn documents_after(
        &self,
        after: Option<&str>,
    ) -> Result<Vec<ForeignDocument>, StoreError> {
        let range = Range {
            start: after.map(Value::from),
            end: None,
            // The range begins with the document that the last page ended with.
            limit: PAGE.saturating_add(1),
            documents: Documents::Included,
        };
        let rows = self.rows("_all_docs", &range).await?;
        let mut documents = Vec::with_capacity(rows.len());
        for mut row in rows {
            let id = row.get("id").and_then(Value::as_str);
            let id = id.ok_or_else(super::trouble::nonsense)?.to_owned();
            let body = row.get_mut("doc").map(Value::take).unwrap_or_default();
            // Dropped all the same, for its texts.
            let document = ForeignDocument { id, body };
            if after != Some(document.id.as_str()) {
                documents.push(document);
            }
        }
        Ok(documents)
    }
}
