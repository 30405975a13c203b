//! Keys from a key server.

use std::fmt;

use countersign_core::{KeyId, KeyLookup, KeySet, LookupError};
use http::Method;

use crate::connection::{Call, Connection, Repeat};
use crate::credential::Credential;
use crate::error::{ClientError, ErrorKind};
use crate::wire::{self, CredentialBody};
use countersign_core::AuthScheme;

/// The most bytes of an answer with one credential. The longest has less than 10 KiB: a principal
/// of 256 characters, each written as two escapes, and a few hundred bytes.
pub(crate) const MAX_CREDENTIAL: usize = 64 * 1024;

/// How often a lookup is tried: once more, for the connection that was just being closed. A request
/// waits for it, and a cache around this has the keys of before.
const ATTEMPTS: u32 = 2;

/// How the handles of `basic` credentials begin, by which administrators know them, and under which
/// the key server finds them too.
const HANDLE_PREFIX: &str = "basic-";

/// Looks keys up at a key server.
///
/// Put a `CachedLookup` around it: on its own it asks for every request.
///
/// * An id that the key server does not know, or whose credential is deleted, has no keys. An api
///   key of the agent API has none either: it is for no scheme of requests.
/// * A credential that is inactive or expired has a key whose time is over: it verifies nothing.
/// * Every key is pinned to the schemes that its credential was issued for.
/// * Everything else is a failed lookup, which is answered 503 and never remembered: no answer in
///   time, a refused token, an answer without the secret, of another id, too long or malformed, and
///   a 404 that is not the key server's own.
#[derive(Clone)]
pub struct KeyServerClient {
    connection: Connection,
}

impl KeyServerClient {
    /// Asks over `connection`, whose token needs the scope `lookup`.
    pub fn new(connection: Connection) -> Self {
        Self { connection }
    }

    async fn find(&self, id: &str) -> Result<Option<KeySet>, ClientError> {
        let base = self.connection.base();
        let Some(url) = base.item("v1.0/creds", id, "") else {
            // `.` and `..` cannot be asked for, and are never issued.
            return Ok(None);
        };
        let call = Call::new(Method::GET, url, Repeat::Allowed, MAX_CREDENTIAL).at_most(ATTEMPTS);
        let answer = match self.connection.call(&call).await {
            Ok(answer) => answer,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let wrong = |sentence: String| self.connection.protocol(sentence);
        if answer.status != http::StatusCode::OK {
            let status = answer.status.as_u16();
            return Err(wrong(format!(
                "answered {status}, which no lookup is answered"
            )));
        }
        let credential = wire::json::<CredentialBody>(&answer.body)
            .and_then(|body| body.read(None))
            .map_err(wrong)?;
        self.keys_of(id, &credential)
    }

    fn keys_of(&self, id: &str, credential: &Credential) -> Result<Option<KeySet>, ClientError> {
        let wrong = |sentence: String| self.connection.protocol(sentence);
        let key = credential.signing_key();
        let key = key.map_err(|error| wrong(format!("gave a key that cannot be used: {error}")))?;
        if key.id() == id {
            let schemes = credential.scheme().verifies_under(credential.algorithm());
            return Ok((!schemes.is_empty()).then(|| KeySet::from(key)));
        }
        if credential.scheme() == AuthScheme::Basic && id.starts_with(HANDLE_PREFIX) {
            // As an api key it is nobody's.
            return Ok(None);
        }
        Err(wrong(
            "answered with another credential than was asked for; a cache in front of it may be \
             at fault"
                .to_owned(),
        ))
    }
}

impl KeyLookup for KeyServerClient {
    type Principal = String;

    async fn lookup(&self, id: KeyId<'_>) -> Result<Option<KeySet>, LookupError> {
        self.find(id.as_str()).await.map_err(LookupError::new)
    }
}

impl fmt::Debug for KeyServerClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyServerClient")
            .field("connection", &self.connection)
            .finish()
    }
}
