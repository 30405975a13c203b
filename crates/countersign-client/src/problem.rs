//! What the key server says of a failure: problem documents (RFC 9457).

use http::HeaderMap;
use http::header::CONTENT_TYPE;
use serde::Deserialize;

/// The code of an id that is unknown or deleted.
const UNKNOWN_CREDENTIAL: &str = "credential_unknown";

/// A problem document; what it says is not checked yet.
#[derive(Debug, Deserialize)]
pub(crate) struct Problem {
    pub(crate) code: Option<String>,
    pub(crate) detail: Option<String>,
}

impl Problem {
    /// `None` when the answer is none.
    pub(crate) fn read(headers: &HeaderMap, body: &[u8]) -> Option<Self> {
        let kind = headers.get(CONTENT_TYPE)?.to_str().ok()?;
        let kind = kind.split(';').next()?.trim();
        if !kind.eq_ignore_ascii_case("application/problem+json") {
            return None;
        }
        serde_json::from_slice(body).ok()
    }

    /// Whether the key server itself says that it has no such credential. A proxy in front of it,
    /// or another server at a mistyped URL, does not.
    pub(crate) fn is_unknown_credential(&self) -> bool {
        self.code.as_deref() == Some(UNKNOWN_CREDENTIAL)
    }
}
