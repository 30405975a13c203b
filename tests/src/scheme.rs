//! A scheme that counts the MACs computed under it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use countersign::{
    Algorithm, Canonical, Claim, DigestStrength, Head, Refusal, Scheme, SchemeId, SignError,
    Signature, Signing, Strength, Window,
};
use http::header::{HeaderMap, HeaderName, HeaderValue};

/// A scheme that counts how often its text is written, which is once per MAC.
#[derive(Clone, Debug)]
pub struct Counting {
    scheme: Arc<dyn Scheme>,
    written: Arc<AtomicUsize>,
}

impl Counting {
    /// `scheme`, counted.
    pub fn new(scheme: Arc<dyn Scheme>) -> Self {
        Self {
            scheme,
            written: Arc::default(),
        }
    }

    /// How often the text was written since the last call.
    pub fn take(&self) -> usize {
        self.written.swap(0, Ordering::SeqCst)
    }
}

impl Scheme for Counting {
    fn id(&self) -> SchemeId {
        self.scheme.id()
    }

    fn strength(&self) -> Strength {
        self.scheme.strength()
    }

    fn body_digest(&self) -> Option<DigestStrength> {
        self.scheme.body_digest()
    }

    fn default_window(&self) -> Window {
        self.scheme.default_window()
    }

    fn credential_header(&self) -> &HeaderName {
        self.scheme.credential_header()
    }

    fn credential_word(&self) -> Option<&str> {
        self.scheme.credential_word()
    }

    fn has_nonce(&self) -> bool {
        self.scheme.has_nonce()
    }

    fn claim<'a>(&'a self, head: &Head<'a>) -> Option<Result<Claim<'a>, Refusal>> {
        self.scheme.claim(head)
    }

    fn canonical(&self, head: &Head<'_>, claim: &Claim<'_>, text: &mut Canonical<'_>) {
        self.written.fetch_add(1, Ordering::SeqCst);
        self.scheme.canonical(head, claim, text);
    }

    fn challenge(&self, realm: &str, refusal: Option<&Refusal>) -> HeaderValue {
        self.scheme.challenge(realm, refusal)
    }

    fn signing_algorithm(&self, of_key: Algorithm) -> Algorithm {
        self.scheme.signing_algorithm(of_key)
    }

    fn dress(
        &self,
        headers: &mut HeaderMap,
        signing: &Signing<'_>,
        signature: &Signature,
    ) -> Result<(), SignError> {
        self.scheme.dress(headers, signing, signature)
    }
}
