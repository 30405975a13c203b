//! What else is the matter with a request, or would be if its signature fitted.

use std::fmt;

use super::near_miss::NearMiss;
use crate::reason::Reason;

/// Something that is wrong whether or not the signature fits, found without a MAC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Finding {
    /// The service refuses the request for this reason.
    Refused(Reason),
    /// A further mistake, beside the one that the verdict names.
    Mistake(NearMiss),
    /// The signature has the length of another hash altogether.
    SignatureLength {
        /// Its length in bytes.
        bytes: usize,
    },

    /// The signed time has left the window.
    TimestampExpired {
        /// How many seconds ago it was signed.
        age: u64,
    },
    /// The signed time has not reached the window.
    TimestampInFuture {
        /// How many seconds it lies ahead.
        ahead: u64,
    },
    /// The signed time looks like milliseconds.
    LooksLikeMilliseconds,
    /// The request has several dates that differ.
    DatesDiffer,

    /// The request names another key than the one given.
    OtherKeyId,
    /// The key is pinned to other schemes.
    KeyPinnedElsewhere,
    /// The key is not valid yet.
    KeyNotYetValid,
    /// The key is not valid any more.
    KeyExpired,
    /// The secret is not in the form that the scheme prescribes.
    SecretUnusable,

    /// There is a body and no digest of it.
    BodyNotSigned,
    /// The body is not the one of the digest.
    BodyDoesNotMatch,
    /// The digest is that of no body at all.
    DigestOfEmptyBody,
    /// The digest is that of `{}`.
    DigestOfEmptyObject,
    /// The digest is that of the body with a line feed after it.
    DigestWithLineFeed,
    /// The digest is that of the body without the line feed at its end.
    DigestWithoutLineFeed,
    /// The digest is that of the body with other line ends.
    DigestOfOtherLineEnds,
    /// The digest is that of the same JSON with other white space.
    BodyReserialised,
    /// The digest leaves the `Content-Type` out.
    DigestWithoutContentType,
    /// The digest is over the `Content-Type` without its parameters.
    DigestOfBareContentType,
    /// The body does not match and has a `Content-Encoding`.
    ContentEncoded,
}

impl Finding {
    /// The stable code, such as `timestamp_expired`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Refused(reason) => reason.code(),
            Self::Mistake(miss) => miss.code(),
            Self::SignatureLength { .. } => "signature_length",
            Self::TimestampExpired { .. } => "timestamp_expired",
            Self::TimestampInFuture { .. } => "timestamp_in_future",
            Self::LooksLikeMilliseconds => "looks_like_milliseconds",
            Self::DatesDiffer => "dates_differ",
            Self::OtherKeyId => "other_key_id",
            Self::KeyPinnedElsewhere => "key_pinned_elsewhere",
            Self::KeyNotYetValid => "key_not_yet_valid",
            Self::KeyExpired => "key_expired",
            Self::SecretUnusable => "secret_unusable",
            Self::BodyNotSigned => "body_not_signed",
            Self::BodyDoesNotMatch => "body_does_not_match",
            Self::DigestOfEmptyBody => "digest_of_empty_body",
            Self::DigestOfEmptyObject => "digest_of_empty_object",
            Self::DigestWithLineFeed => "digest_with_line_feed",
            Self::DigestWithoutLineFeed => "digest_without_line_feed",
            Self::DigestOfOtherLineEnds => "digest_of_other_line_ends",
            Self::BodyReserialised => "body_reserialised",
            Self::DigestWithoutContentType => "digest_without_content_type",
            Self::DigestOfBareContentType => "digest_of_bare_content_type",
            Self::ContentEncoded => "content_encoded",
        }
    }

    /// What is wrong, and what to do.
    pub fn sentence(self) -> String {
        match self {
            Self::SignatureLength { bytes } => format!(
                "The signature has {bytes} bytes: HMAC-SHA-1 gives 20 and HMAC-SHA-256 gives 32; \
                 use the hash of the scheme, and send all of it."
            ),
            Self::TimestampExpired { age } => format!(
                "The request was signed {age} s ago, longer than the window allows; set the clock \
                 and sign again."
            ),
            Self::TimestampInFuture { ahead } => format!(
                "The request was signed {ahead} s in the future, more than the window allows; set \
                 the clock and sign again."
            ),
            other => other.plain().to_owned(),
        }
    }

    const fn plain(self) -> &'static str {
        match self {
            Self::Refused(reason) => reason.advice(),
            Self::Mistake(miss) => miss.sentence(),
            Self::LooksLikeMilliseconds => "The signed time looks like milliseconds; send seconds.",
            Self::DatesDiffer => {
                "The request has more than one date and they differ; send the signed one, or the \
                 same in all."
            }
            Self::OtherKeyId => "The request names another key id; explain it with that key.",
            Self::KeyPinnedElsewhere => {
                "The key is pinned to other schemes and does not verify under this one."
            }
            Self::KeyNotYetValid => "The key is not valid yet; see its not_before.",
            Self::KeyExpired => "The key is not valid any more; see its not_after.",
            Self::SecretUnusable => {
                "The secret is not in the form that the scheme prescribes (for MAC, 43 characters \
                 of base64url); give it as it was issued."
            }
            Self::BodyNotSigned => {
                "The request has a body and no signed digest of it; send the digest header."
            }
            Self::BodyDoesNotMatch => {
                "The body is not the one that was signed; something changed it after the digest \
                 was made, or the digest is of something else."
            }
            Self::DigestOfEmptyBody => {
                "The digest is that of an empty body; make it over the body that is sent."
            }
            Self::DigestOfEmptyObject => {
                "The digest is that of {} and the body is empty; where nothing is sent, sign \
                 nothing."
            }
            Self::DigestWithLineFeed => {
                "The digest covers a line feed after the body that was not sent; editors and echo \
                 add one."
            }
            Self::DigestWithoutLineFeed => {
                "The body has a line feed at its end that the digest does not cover; make the \
                 digest over the bytes as sent."
            }
            Self::DigestOfOtherLineEnds => {
                "The digest covers other line ends (LF for CR LF, or the reverse); make it over \
                 the bytes as sent."
            }
            Self::BodyReserialised => {
                "The digest covers the same JSON with other white space: it was serialised anew \
                 after signing; sign the very bytes that are sent, and verify before parsing."
            }
            Self::DigestWithoutContentType => {
                "The digest covers the body without its Content-Type; hash the Content-Type first, \
                 then the body."
            }
            Self::DigestOfBareContentType => {
                "The digest covers the Content-Type without its parameters, which something added; \
                 sign it as it is sent."
            }
            Self::ContentEncoded => {
                "The body has a Content-Encoding: the digest is over the encoded bytes, as sent; \
                 compress before signing, and verify before decompressing."
            }
            // These have a number in their sentence.
            Self::SignatureLength { .. }
            | Self::TimestampExpired { .. }
            | Self::TimestampInFuture { .. } => "",
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code(), self.sentence())
    }
}
