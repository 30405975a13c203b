//! Issuing and managing credentials.

mod change;
mod create;
mod list;
mod verify;

use std::fmt;
use std::time::Duration;

use http::header::{ETAG, IF_MATCH};
use http::{HeaderName, HeaderValue, Method};

pub use self::change::Change;
pub use self::create::NewCredential;
pub use self::list::{Credentials, Listing};
pub use self::verify::{Verdict, Verification};
use crate::connection::{Answer, Call, Connection, Repeat};
use crate::credential::{Credential, ETag};
use crate::error::{ClientError, ErrorKind};
use crate::lookup::MAX_CREDENTIAL;
use crate::wire::{self, CredentialBody};

/// The folder of all credentials.
const CREDS: &str = "v1.0/creds";

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Whether deleted credentials count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Deleted {
    /// They count as unknown.
    #[default]
    Hidden,
    /// They are found too.
    Shown,
}

/// Issues and manages credentials. Its token needs the scope `admin`.
///
/// Calls that change nothing, deletions, and calls with an idempotency key are repeated for a while
/// when the server cannot be reached; see [`ConnectionBuilder`](crate::ConnectionBuilder).
#[derive(Clone)]
pub struct AdminClient {
    connection: Connection,
}

impl AdminClient {
    /// Speaks to the key server over `connection`.
    pub fn new(connection: Connection) -> Self {
        Self { connection }
    }

    /// Issues a credential; the answer has its secret.
    ///
    /// # Errors
    /// When it was not issued, or it is not known whether it was: see [`NewCredential`] for how to
    /// go on then.
    pub async fn create(&self, new: &NewCredential) -> Result<Credential, ClientError> {
        let key = match new.idempotency_key_value() {
            Some(key) => key.to_owned(),
            None => self.new_idempotency_key()?,
        };
        let url = self.connection.base().below(CREDS);
        let call = self
            .call_with_key(url, &key)?
            .json(self.written(&new.body())?);
        self.credential(&self.connection.call(&call).await?)
    }

    /// The credential `id`, with its secret.
    ///
    /// # Errors
    /// [`NotFound`](ErrorKind::NotFound) when there is none, or only a deleted one and those are
    /// [`Hidden`](Deleted::Hidden).
    pub async fn find(&self, id: &str, deleted: Deleted) -> Result<Credential, ClientError> {
        let mut url = self.item(id, "")?;
        if deleted == Deleted::Shown {
            url.set_query(Some("deleted=true"));
        }
        let call = Call::new(Method::GET, url, Repeat::Allowed, MAX_CREDENTIAL);
        self.credential(&self.connection.call(&call).await?)
    }

    /// The credentials that `listing` asks for, fetched page by page as they are taken.
    pub fn list(&self, listing: Listing) -> Credentials {
        Credentials::new(self.connection.clone(), listing)
    }

    /// Deletes the credential `id`: it is kept, marked as deleted, and verifies nothing from now
    /// on. Deleting it again succeeds.
    ///
    /// Whoever has cached the key uses it until the cache asks again, or is told to.
    ///
    /// # Errors
    /// [`NotFound`](ErrorKind::NotFound) when there is none.
    pub async fn delete(&self, id: &str) -> Result<(), ClientError> {
        let url = self.item(id, "")?;
        let call = Call::new(Method::DELETE, url, Repeat::Allowed, MAX_CREDENTIAL);
        self.connection.call(&call).await.map(drop)
    }

    /// Changes the credential `id`; what it is now.
    ///
    /// Not repeated by itself: a repeat could undo what somebody else changed in between.
    ///
    /// # Errors
    /// [`Stale`](ErrorKind::Stale) when it was changed since the `ETag` in `change` was read.
    pub async fn change(&self, id: &str, change: &Change) -> Result<Credential, ClientError> {
        let body = change
            .body()
            .ok_or_else(|| self.invalid("was not asked: the time cannot be written as a date"))?;
        let url = self.item(id, "")?;
        let mut call = Call::new(Method::PATCH, url, Repeat::Forbidden, MAX_CREDENTIAL)
            .json(self.written(&body)?);
        if let Some(etag) = change.expected() {
            call = call.header(IF_MATCH, self.header(etag.as_str())?);
        }
        self.credential(&self.connection.call(&call).await?)
    }

    /// Issues a new credential for the principal of the credential `id`, which expires after
    /// `overlap` (at most 30 days, in whole seconds); zero ends it at once.
    ///
    /// # Errors
    /// When it was not issued, or it is not known whether it was.
    pub async fn rotate(&self, id: &str, overlap: Duration) -> Result<Credential, ClientError> {
        let key = self.new_idempotency_key()?;
        let body = serde_json::json!({ "overlap_seconds": overlap.as_secs() });
        let call = self
            .call_with_key(self.item(id, "/rotate")?, &key)?
            .json(self.written(&body)?);
        self.credential(&self.connection.call(&call).await?)
    }

    /// Whether the request that `verification` describes is signed by whom it says, decided by the
    /// server: for a caller that must not hold secrets. Its token needs the scope `verify` only.
    ///
    /// # Errors
    /// When the server did not decide.
    pub async fn verify(&self, verification: &Verification) -> Result<Verdict, ClientError> {
        let url = self.connection.base().below("v1.0/verify");
        // It changes nothing, so asking twice is safe.
        let call = Call::new(Method::POST, url, Repeat::Allowed, MAX_CREDENTIAL)
            .json(self.written(&verification.body())?);
        let answer = self.connection.call(&call).await?;
        let verdict = wire::json(&answer.body).map_err(|wrong| self.connection.protocol(wrong))?;
        Ok(Verdict::of(verdict))
    }

    /// Asks whether the server and its store are ready.
    ///
    /// # Errors
    /// When they are not, or the server cannot be reached.
    pub async fn ready(&self) -> Result<(), ClientError> {
        let url = self.connection.base().below("readyz");
        let call = Call::new(Method::GET, url, Repeat::Allowed, MAX_CREDENTIAL);
        self.connection.call(&call).await.map(drop)
    }

    fn item(&self, id: &str, rest: &str) -> Result<url::Url, ClientError> {
        let url = self.connection.base().item(CREDS, id, rest);
        url.ok_or_else(|| {
            let sentence = "was not asked: there is never a credential with this id";
            self.connection.error(ErrorKind::NotFound, sentence)
        })
    }

    fn call_with_key(&self, url: url::Url, key: &str) -> Result<Call, ClientError> {
        let call = Call::new(Method::POST, url, Repeat::Allowed, MAX_CREDENTIAL);
        Ok(call.header(IDEMPOTENCY_KEY, self.header(key)?))
    }

    fn credential(&self, answer: &Answer) -> Result<Credential, ClientError> {
        let etag = answer.headers.get(ETAG);
        let etag = etag.and_then(|etag| etag.to_str().ok()).map(ETag::new);
        wire::json::<CredentialBody>(&answer.body)
            .and_then(|body| body.read(etag))
            .map_err(|wrong| self.connection.protocol(wrong).with_status(answer.status))
    }

    /// 128 random bits.
    fn new_idempotency_key(&self) -> Result<String, ClientError> {
        let mut bytes = [0_u8; 16];
        getrandom::fill(&mut bytes)
            .map_err(|_| self.invalid("was not asked: the system has no random numbers"))?;
        Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
    }

    fn written(&self, body: &serde_json::Value) -> Result<Vec<u8>, ClientError> {
        serde_json::to_vec(body).map_err(|_| self.invalid("was not asked: there is no JSON for it"))
    }

    fn header(&self, text: &str) -> Result<HeaderValue, ClientError> {
        HeaderValue::from_str(text).map_err(|_| {
            self.invalid("was not asked: an ETag or idempotency key is no header value")
        })
    }

    fn invalid(&self, sentence: &str) -> ClientError {
        self.connection.error(ErrorKind::Invalid, sentence)
    }
}

impl fmt::Debug for AdminClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdminClient")
            .field("connection", &self.connection)
            .finish()
    }
}
