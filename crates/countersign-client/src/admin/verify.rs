//! Verification by the server, for callers that must not hold secrets.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_core::SchemeId;
use serde_json::{Value, json};

use crate::wire::VerdictBody;

/// What the server is asked to verify.
#[derive(Clone, Debug)]
#[must_use]
pub struct Verification {
    scheme: SchemeId,
    id: String,
    string_to_sign: Vec<u8>,
    signature: String,
    text: Option<Vec<u8>>,
}

impl Verification {
    /// That `signature`, written as the request has it, is the one of the credential `id` for
    /// `string_to_sign` under `scheme`.
    pub fn new(
        scheme: SchemeId,
        id: impl Into<String>,
        string_to_sign: impl Into<Vec<u8>>,
        signature: impl Into<String>,
    ) -> Self {
        Self {
            scheme,
            id: id.into(),
            string_to_sign: string_to_sign.into(),
            signature: signature.into(),
            text: None,
        }
    }

    /// The text that the key is derived with, for the `auth-key` schemes, which have one: the time
    /// of the request, as the request writes it.
    pub fn derived_with(mut self, text: impl Into<Vec<u8>>) -> Self {
        self.text = Some(text.into());
        self
    }

    pub(super) fn body(&self) -> Value {
        let mut body = json!({
            "scheme": self.scheme.name(),
            "id": self.id,
            "string_to_sign": STANDARD.encode(&self.string_to_sign),
            "signature": self.signature,
        });
        if let (Some(text), Some(members)) = (&self.text, body.as_object_mut()) {
            let derivation = json!({ "text": STANDARD.encode(text) });
            members.insert("derivation".to_owned(), derivation);
        }
        body
    }
}

/// What the server found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    principal: Option<String>,
}

impl Verdict {
    pub(super) fn of(body: VerdictBody) -> Self {
        let VerdictBody { valid, principal } = body;
        Self {
            principal: principal.filter(|_| valid),
        }
    }

    /// Whether it is valid.
    pub fn is_valid(&self) -> bool {
        self.principal.is_some()
    }

    /// Whose it is, when it is valid.
    pub fn principal(&self) -> Option<&str> {
        self.principal.as_deref()
    }
}
