//! Signing, by the code that verifies.
//!
//! A request is first dressed with a place holder for its signature, read back with
//! [`Scheme::claim`] exactly as the receiver will read it, and signed over the text that claim
//! gives. So nothing is ever signed that our own verifier would read differently, and what it
//! would refuse (a nonce with a quote in it, say) is an error here. Signing is transactional: on
//! error the headers are unchanged. Headers that were signed before are signed as if they had not
//! been: what the last signing put there is taken off first.

mod body;

use std::error::Error;
use std::fmt;

use http::{HeaderMap, Method, Uri};

pub use self::body::{BodyDigest, BodyHasher, BodyToSign};

use crate::claim::Proof;
use crate::head::{Head, Origin};
use crate::key::SigningKey;
use crate::mac::Signature;
use crate::reason::Refusal;
use crate::scheme::Scheme;
use crate::time::Timestamp;

/// What a scheme needs to know to add its headers.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Signing<'a> {
    /// The id of the key.
    pub key_id: &'a str,
    /// The time to sign.
    pub at: Timestamp,
    /// The nonce, which must be fresh for every attempt.
    pub nonce: Option<&'a str>,
    /// The body.
    pub body: &'a BodyToSign<'a>,
}

/// A request about to be signed.
///
/// ```
/// use countersign_core::{AuthKey, SigningKey, Timestamp, ToSign};
/// use http::{HeaderMap, Method, Uri};
///
/// let key = SigningKey::new("example-id", "a secret of enough bytes", "dave@example.com")?;
/// let target = Uri::from_static("https://api.example.org/users?page=2");
/// let mut headers = HeaderMap::new();
/// ToSign::new(&Method::GET, &target, Timestamp::from_unix(1_348_748_096))
///     .nonce("5f2d7c")
///     .sign(&AuthKey::default(), &key, &mut headers)?;
/// assert!(headers["auth-key"].to_str()?.starts_with("MAC example-id:"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct ToSign<'a> {
    method: &'a Method,
    target: &'a Uri,
    at: Timestamp,
    nonce: Option<&'a str>,
    body: BodyToSign<'a>,
    origin: Option<Origin>,
}

impl<'a> ToSign<'a> {
    /// A request to `target`, signed at `at`. Until one of the methods below says something of a
    /// body, digests that the headers have already are signed as they are.
    pub fn new(method: &'a Method, target: &'a Uri, at: Timestamp) -> Self {
        Self {
            method,
            target,
            at,
            nonce: None,
            body: BodyToSign::default(),
            origin: None,
        }
    }

    /// With this nonce; required by MAC and Moxie, optional under Auth-Key.
    #[must_use]
    pub const fn nonce(mut self, nonce: &'a str) -> Self {
        self.nonce = Some(nonce);
        self
    }

    /// With this body; when it is empty, nothing is said of a body.
    #[must_use]
    pub fn body(mut self, body: &'a [u8]) -> Self {
        self.body = BodyToSign::whole(body);
        self
    }

    /// With the body that these pieces make up; without a byte in them, it has none.
    #[must_use]
    pub fn body_pieces(mut self, pieces: &'a [&'a [u8]]) -> Self {
        self.body = BodyToSign::pieces(pieces);
        self
    }

    /// With a body of which only the digests are known.
    #[must_use]
    pub fn body_digest(mut self, digest: BodyDigest) -> Self {
        self.body = BodyToSign::ahead(digest);
        self
    }

    /// Without a body: digests that the headers may have are stale, and are removed.
    #[must_use]
    pub fn no_body(mut self) -> Self {
        self.body = BodyToSign::none();
        self
    }

    /// For a service that is reached as `origin` says, rather than as the target does.
    #[must_use]
    pub fn origin(mut self, origin: Origin) -> Self {
        self.origin = Some(origin);
        self
    }

    /// Adds the headers that make it a signed request of `scheme`. Where there is a credential of
    /// the scheme already, its headers are taken off first, as [`Scheme::undress`] does.
    ///
    /// # Errors
    /// When the scheme cannot sign this request with this key; the headers are unchanged then.
    pub fn sign<P>(
        &self,
        scheme: &dyn Scheme,
        key: &SigningKey<P>,
        headers: &mut HeaderMap,
    ) -> Result<(), SignError> {
        let signing = Signing {
            key_id: key.id(),
            at: self.at,
            nonce: self.nonce,
            body: &self.body,
        };
        let algorithm = scheme.signing_algorithm(key.own_algorithm());
        let placeholder = Signature::placeholder(algorithm);
        let mut bare = headers.clone();
        if bare.contains_key(scheme.credential_header()) {
            scheme.undress(&mut bare);
        }
        let mut dressed = bare.clone();
        scheme.dress(&mut dressed, &signing, &placeholder)?;

        let origin = self
            .origin
            .clone()
            .unwrap_or_else(|| Origin::of_target(self.target));
        let head = Head::outgoing(self.method, self.target, &dressed, &origin)?;
        let claim = scheme
            .claim(&head)
            .ok_or_else(|| SignError::new("the scheme does not recognise its own credentials"))??;
        let Proof::Signature { derivation, .. } = claim.proof else {
            *headers = dressed;
            return Ok(());
        };
        let signature = key
            .sign(derivation, algorithm, |text| {
                scheme.canonical(&head, &claim, text);
            })
            .ok_or_else(|| SignError::new("the secret is not in the form the scheme prescribes"))?;
        // `dressed` is still borrowed by the claim.
        scheme.dress(&mut bare, &signing, &signature)?;
        *headers = bare;
        Ok(())
    }
}

/// A request could not be signed. Its headers are unchanged.
#[derive(Clone, Debug)]
pub struct SignError {
    detail: &'static str,
    refusal: Option<Refusal>,
}

impl SignError {
    /// Because of `detail`, a sentence of ours.
    pub const fn new(detail: &'static str) -> Self {
        Self {
            detail,
            refusal: None,
        }
    }
}

impl From<Refusal> for SignError {
    /// The receiver would refuse it.
    fn from(refusal: Refusal) -> Self {
        Self {
            detail: refusal.sentence(),
            refusal: Some(refusal),
        }
    }
}

impl fmt::Display for SignError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the request cannot be signed: {}", self.detail)
    }
}

impl Error for SignError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.refusal.as_ref().map(|refusal| refusal as _)
    }
}

#[cfg(test)]
mod tests;
