//! Why a signed call failed.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;

use countersign_core::SignError;

#[cfg(feature = "auth-key")]
use super::response::RefusedAnswer;
use super::source::CredentialError;
use crate::body::BoxError;

/// A call that gave no answer: because the request could not be signed, and was not sent, or
/// because the client inside failed, whose error is the [source](Error::source) then.
///
/// Only [`CallErrorKind::Inner`], [`CallErrorKind::ClockOff`] and [`CallErrorKind::Answer`] come
/// after a request was sent.
pub struct CallError {
    kind: CallErrorKind,
    detail: Cow<'static, str>,
    source: Option<BoxError>,
}

/// What went wrong in a signed call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CallErrorKind {
    /// It is not clear which host the request is for.
    Authority,
    /// There is no key to sign with, or none that may be used.
    Credentials,
    /// The body ended in an error of its own.
    Body,
    /// The body is too large to be hashed in memory, and its digest was not given.
    BodyTooLarge,
    /// The scheme cannot sign the request as it is.
    Unsignable,
    /// The operating system gave no random bytes for a nonce.
    Randomness,
    /// The service refused the time of the request: one of the two clocks is wrong.
    ClockOff,
    /// The answer is not believed; a layer that verifies answers refused it.
    Answer,
    /// The client inside failed.
    Inner,
}

impl CallError {
    pub(super) fn new(kind: CallErrorKind, detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind,
            detail: detail.into(),
            source: None,
        }
    }

    pub(super) fn caused_by(mut self, source: impl Into<BoxError>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The error of the client inside: as it is when it is one of ours, from a layer further in.
    pub(super) fn inner(source: impl Into<BoxError>) -> Self {
        match source.into().downcast::<Self>() {
            Ok(ours) => *ours,
            Err(source) => Self::new(CallErrorKind::Inner, "the client failed").caused_by(source),
        }
    }

    #[cfg(feature = "auth-key")]
    pub(super) fn refused(answer: RefusedAnswer) -> Self {
        Self::new(CallErrorKind::Answer, "the answer is not given out").caused_by(answer)
    }

    /// The answer that was refused, under [`CallErrorKind::Answer`].
    #[cfg(feature = "auth-key")]
    pub fn refused_answer(&self) -> Option<&RefusedAnswer> {
        self.source.as_deref()?.downcast_ref()
    }

    /// What went wrong.
    pub const fn kind(&self) -> CallErrorKind {
        self.kind
    }
}

impl From<CredentialError> for CallError {
    fn from(error: CredentialError) -> Self {
        Self::new(
            CallErrorKind::Credentials,
            "the request was not sent, as there is no key to sign it with",
        )
        .caused_by(error)
    }
}

impl From<SignError> for CallError {
    fn from(error: SignError) -> Self {
        Self::new(CallErrorKind::Unsignable, "the request was not sent").caused_by(error)
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl fmt::Debug for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallError")
            .field("kind", &self.kind)
            .field("detail", &self.detail)
            .field("source", &self.source)
            .finish()
    }
}

impl Error for CallError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        let source: &(dyn Error + 'static) = self.source.as_deref()?;
        Some(source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_of_the_client_is_the_source() {
        let inner = std::io::Error::other("connection refused");
        let error = CallError::inner(inner);
        assert_eq!(error.kind(), CallErrorKind::Inner);
        let source = error.source().unwrap();
        assert!(source.downcast_ref::<std::io::Error>().is_some());
    }

    #[test]
    fn an_error_of_a_layer_further_in_keeps_its_kind() {
        let inner = CallError::new(CallErrorKind::Answer, "not believed");
        assert_eq!(CallError::inner(inner).kind(), CallErrorKind::Answer);
    }
}
