//! What is asked for when a credential is issued.

use countersign_core::Algorithm;
use serde_json::{Value, json};

use countersign_core::AuthScheme;

/// A credential to be issued.
///
/// Every [`create`](super::AdminClient::create) makes one credential, however often it is repeated
/// inside. A caller that wants to repeat it itself, after a restart for instance, gives an
/// [`idempotency_key`](NewCredential::idempotency_key) of its own and keeps it: the same key with
/// the same credential asked for is answered with the one that was issued first.
///
/// ```
/// use countersign_client::{AuthScheme, NewCredential};
///
/// let new = NewCredential::new("dave@example.com", AuthScheme::Mac).idempotency_key("order-4711");
/// # let _ = new;
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct NewCredential {
    principal: String,
    scheme: AuthScheme,
    algorithm: Option<Algorithm>,
    idempotency_key: Option<String>,
}

impl NewCredential {
    /// Of `principal`, for `scheme`. A principal has 1 to 256 characters, none of which is a
    /// control character.
    pub fn new(principal: impl Into<String>, scheme: AuthScheme) -> Self {
        Self {
            principal: principal.into(),
            scheme,
            algorithm: None,
            idempotency_key: None,
        }
    }

    /// The hash function it is used with, for `mac` and `hmac-auth`; the server's choice unless
    /// set.
    pub fn algorithm(mut self, algorithm: Algorithm) -> Self {
        self.algorithm = Some(algorithm);
        self
    }

    /// By which the server knows a repetition; a random one for each call unless set.
    pub fn idempotency_key(mut self, key: impl Into<String>) -> Self {
        self.idempotency_key = Some(key.into());
        self
    }

    pub(super) fn idempotency_key_value(&self) -> Option<&str> {
        self.idempotency_key.as_deref()
    }

    pub(super) fn body(&self) -> Value {
        let mut body = json!({
            "principal": self.principal,
            "auth_scheme": self.scheme.name(),
        });
        if let (Some(algorithm), Some(members)) = (self.algorithm, body.as_object_mut()) {
            members.insert("algorithm".to_owned(), json!(algorithm.name()));
        }
        body
    }
}
