//! Why a request was refused: the part the caller is told, and the part only the operator learns.
//!
//! Invariants: everything in a [`Refusal`] that reaches the caller is text written in this
//! repository, never bytes from the wire. Whether a key exists is not among it: an unknown key,
//! an inactive one, one not allowed under the scheme and a wrong signature are all
//! [`Reason::InvalidCredentials`] to the outside, and differ only in their [`Cause`].

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use http::StatusCode;

use crate::time::Timestamp;
use crate::window::Window;

/// What the `type` of a problem+json begins with; the code is the rest.
///
/// It is the address of the page that has an entry for every code: what it means, what the caller
/// does, what the operator does.
pub const PROBLEM_TYPES: &str =
    "https://docs.rs/countersign/latest/countersign/reasons/index.html#";

macro_rules! reasons {
    ($($variant:ident, $code:literal, $status:ident, $title:literal, $detail:literal;)+) => {
        /// Why a request was refused, as the caller is told.
        ///
        /// [`code`](Reason::code) is stable: scripts may match on it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Reason {
            $(#[doc = concat!("`", $code, "`: ", $detail)] $variant,)+
        }

        impl Reason {
            /// Every reason there is.
            pub const ALL: &'static [Reason] = &[$(Reason::$variant),+];

            /// The stable code, such as `nonce_replayed`.
            pub const fn code(self) -> &'static str {
                match self { $(Reason::$variant => $code,)+ }
            }

            /// The HTTP status that goes with it.
            pub const fn status(self) -> StatusCode {
                match self { $(Reason::$variant => StatusCode::$status,)+ }
            }

            /// A few words that name the problem.
            pub const fn title(self) -> &'static str {
                match self { $(Reason::$variant => $title,)+ }
            }

            /// A sentence that tells the caller what to do.
            pub const fn advice(self) -> &'static str {
                match self { $(Reason::$variant => $detail,)+ }
            }
        }
    };
}

reasons! {
    MissingCredentials, "missing_credentials", UNAUTHORIZED, "Credentials required",
        "The request carries no credentials; sign it with one of the schemes in WWW-Authenticate.";
    MalformedCredentials, "malformed_credentials", UNAUTHORIZED, "Malformed credentials",
        "The credentials cannot be read; check their syntax against the scheme's description.";
    DuplicateHeader, "duplicate_header", UNAUTHORIZED, "Repeated header",
        "A header that is part of the signature was sent more than once; send it exactly once.";
    AmbiguousCredentials, "ambiguous_credentials", BAD_REQUEST, "Ambiguous credentials",
        "The request carries credentials of more than one scheme; send only one of them.";
    UnsupportedScheme, "unsupported_scheme", UNAUTHORIZED, "Unsupported scheme",
        "This service does not accept that authentication scheme; use one of those in WWW-Authenticate.";
    UnsupportedAlgorithm, "unsupported_algorithm", UNAUTHORIZED, "Unsupported algorithm",
        "This service does not accept that algorithm; sign with one the scheme lists.";
    MissingHeader, "missing_header", UNAUTHORIZED, "Missing header",
        "A header that the scheme signs is missing; add it and sign again.";
    InvalidTimestamp, "invalid_timestamp", UNAUTHORIZED, "Invalid timestamp",
        "The signed time cannot be read; send it in the form the scheme prescribes.";
    TimestampExpired, "timestamp_expired", UNAUTHORIZED, "Timestamp expired",
        "The signed time is too old; set the clock by server_time and sign again.";
    TimestampInFuture, "timestamp_in_future", UNAUTHORIZED, "Timestamp in the future",
        "The signed time lies in the future; set the clock by server_time and sign again.";
    MissingNonce, "missing_nonce", UNAUTHORIZED, "Missing nonce",
        "This service requires a nonce; add a fresh one and sign again.";
    InvalidNonce, "invalid_nonce", UNAUTHORIZED, "Invalid nonce",
        "The nonce cannot be used; send 1 to 256 visible ASCII characters without quotes or colons.";
    NonceReplayed, "nonce_replayed", UNAUTHORIZED, "Request replayed",
        "This request was already accepted once; sign again with a new nonce or a new time.";
    MissingDigest, "missing_digest", UNAUTHORIZED, "Body not signed",
        "The request has a body but no signed digest of it; add the digest header and sign again.";
    InvalidDigest, "invalid_digest", BAD_REQUEST, "Invalid digest",
        "The body digest cannot be read; send the Base64 of the whole digest.";
    DigestMismatch, "digest_mismatch", UNAUTHORIZED, "Body does not match",
        "The body is not the one that was signed; compute the digest over the bytes as sent.";
    BodyTooLarge, "body_too_large", PAYLOAD_TOO_LARGE, "Body too large",
        "The body is larger than this service verifies; send a smaller one.";
    BodyIncomplete, "body_incomplete", BAD_REQUEST, "Body incomplete",
        "The body ended early or came too slowly; send the request again.";
    InvalidCredentials, "invalid_credentials", UNAUTHORIZED, "Invalid credentials",
        "The key or the signature is not valid; check the key id, the secret and the string to sign.";
    InvalidTarget, "invalid_target", BAD_REQUEST, "Invalid request target",
        "The request target or its host cannot be verified; send one valid Host and the path as signed.";
    UntrustedForwarding, "untrusted_forwarding", BAD_REQUEST, "Untrusted forwarding",
        "The request says it was forwarded by a proxy that is not trusted; send it directly.";
    ReplayStoreFull, "replay_store_full", SERVICE_UNAVAILABLE, "Too many requests to remember",
        "The service cannot remember more requests for the moment; sign and send again later.";
    ReplayStoreUnavailable, "replay_store_unavailable", SERVICE_UNAVAILABLE, "Replay check unavailable",
        "The service cannot check for replays for the moment; sign and send again later.";
    KeyLookupUnavailable, "key_lookup_unavailable", SERVICE_UNAVAILABLE, "Keys unavailable",
        "The service cannot look up keys for the moment; sign and send again later.";
    Misconfigured, "misconfigured", INTERNAL_SERVER_ERROR, "Service misconfigured",
        "The service is not configured correctly; its operator has the details.";
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// What lies behind [`Reason::InvalidCredentials`] and others: for audit events and metrics only,
/// never for the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Cause {
    /// No key has the id.
    UnknownKey,
    /// The key's `not_before` lies in the future.
    KeyNotYetValid,
    /// The key's `not_after` has passed.
    KeyExpired,
    /// The key is pinned to other schemes, or its algorithm is another one.
    SchemeNotAllowed,
    /// The scheme cannot use the secret, which is not in the form it prescribes.
    UnusableSecret,
    /// A usable key was found and the signature is not one of it.
    SignatureMismatch,
    /// The scheme's last day of acceptance has passed.
    SchemeSunset,
    /// The request was signed before this process started, which may have forgotten its nonce.
    SignedBeforeStart,
    /// The key has reached its own share of the replay cache.
    KeyQuota,
    /// The body did not arrive within the deadline.
    BodyDeadline,
}

impl Cause {
    /// A stable name for logs and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::UnknownKey => "unknown_key",
            Self::KeyNotYetValid => "key_not_yet_valid",
            Self::KeyExpired => "key_expired",
            Self::SchemeNotAllowed => "scheme_not_allowed",
            Self::UnusableSecret => "unusable_secret",
            Self::SignatureMismatch => "signature_mismatch",
            Self::SchemeSunset => "scheme_sunset",
            Self::SignedBeforeStart => "signed_before_start",
            Self::KeyQuota => "key_quota",
            Self::BodyDeadline => "body_deadline",
        }
    }
}

/// The part of the request a [`Refusal`] is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Field {
    /// The header that holds the credential.
    Credential,
    /// The key id, where it has a header of its own.
    KeyId,
    /// The `Date` header.
    Date,
    /// The header with the signed time, where that is not `Date`.
    SignedDate,
    /// The nonce.
    Nonce,
    /// The digest of the body.
    Digest,
    /// The `Host` header or the authority of the target.
    Host,
    /// The path and query.
    Target,
    /// One of the signed extension headers.
    SignedHeader,
}

/// The times a caller needs to set its clock right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerTime {
    /// What the server's clock showed.
    pub now: Timestamp,
    /// The window it allowed.
    pub window: Window,
}

/// A refused request.
#[derive(Clone, Debug)]
pub struct Refusal {
    reason: Reason,
    detail: &'static str,
    field: Option<Field>,
    cause: Option<Cause>,
    server_time: Option<ServerTime>,
    source: Option<Arc<dyn Error + Send + Sync>>,
}

impl Refusal {
    /// A refusal that says what [`Reason::advice`] says.
    pub const fn new(reason: Reason) -> Self {
        Self {
            reason,
            detail: reason.advice(),
            field: None,
            cause: None,
            server_time: None,
            source: None,
        }
    }

    /// [`Reason::InvalidCredentials`], the same to the outside whatever the `cause`.
    pub const fn invalid_credentials(cause: Cause) -> Self {
        Self::new(Reason::InvalidCredentials).caused_by(cause)
    }

    /// Says `detail`, a sentence of ours, in place of the general advice.
    #[must_use]
    pub const fn detail(mut self, detail: &'static str) -> Self {
        self.detail = detail;
        self
    }

    /// Names the part of the request at fault.
    #[must_use]
    pub const fn field(mut self, field: Field) -> Self {
        self.field = Some(field);
        self
    }

    /// Adds what the operator should know.
    #[must_use]
    pub const fn caused_by(mut self, cause: Cause) -> Self {
        self.cause = Some(cause);
        self
    }

    /// Adds the times that let a caller correct its clock.
    #[must_use]
    pub const fn at(mut self, now: Timestamp, window: Window) -> Self {
        self.server_time = Some(ServerTime { now, window });
        self
    }

    /// Adds the error behind it, for the operator.
    #[must_use]
    pub fn with_source(mut self, source: Arc<dyn Error + Send + Sync>) -> Self {
        self.source = Some(source);
        self
    }

    /// Why, as the caller is told.
    pub const fn reason(&self) -> Reason {
        self.reason
    }

    /// The sentence the caller is told.
    pub const fn sentence(&self) -> &'static str {
        self.detail
    }

    /// The part of the request at fault, where there is one.
    pub const fn about(&self) -> Option<Field> {
        self.field
    }

    /// What lies behind it. Never show it to the caller.
    pub const fn cause(&self) -> Option<Cause> {
        self.cause
    }

    /// The times behind a refusal for staleness.
    pub const fn server_time(&self) -> Option<ServerTime> {
        self.server_time
    }
}

impl From<Reason> for Refusal {
    fn from(reason: Reason) -> Self {
        Self::new(reason)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.reason.code(), self.detail)
    }
}

impl Error for Refusal {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source
            .as_deref()
            .map(|source| source as &(dyn Error + 'static))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn codes_are_unique_snake_case_words() {
        let codes: HashSet<_> = Reason::ALL.iter().map(|reason| reason.code()).collect();
        assert_eq!(codes.len(), Reason::ALL.len());
        assert!(
            codes
                .iter()
                .all(|code| code.bytes().all(|b| b == b'_' || b.is_ascii_lowercase()))
        );
    }

    #[test]
    fn nothing_said_to_the_caller_depends_on_the_cause() {
        let unknown = Refusal::invalid_credentials(Cause::UnknownKey);
        let wrong = Refusal::invalid_credentials(Cause::SignatureMismatch);
        assert_eq!(unknown.to_string(), wrong.to_string());
        assert_eq!(unknown.sentence(), wrong.sentence());
    }
}
