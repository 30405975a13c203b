//! The schemes: how each reads its credentials, what text it signs, and how it says no.
//!
//! A scheme is pure and stateless. One canonicalisation feeds verification, signing and
//! explanation, so what this crate signs is what it verifies.

use std::fmt;

use http::header::{HeaderMap, HeaderName, HeaderValue};

use crate::canonical::Canonical;
use crate::claim::Claim;
use crate::head::Head;
use crate::mac::{Algorithm, Signature, Strength};
use crate::policy::DigestStrength;
use crate::reason::Refusal;
use crate::sign::{SignError, Signing};
use crate::window::Window;

#[cfg(feature = "auth-key")]
pub mod auth_key;
#[cfg(feature = "mac")]
pub mod basic;
#[cfg(feature = "hmac-auth")]
pub mod hmac_auth;
#[cfg(feature = "mac")]
pub mod mac;
#[cfg(feature = "moxie")]
pub mod moxie;

/// The stable name of a scheme: what keys are pinned to and metrics are labelled with.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SchemeId(&'static str);

impl SchemeId {
    /// Auth-Key as its wiki describes it.
    pub const AUTH_KEY: Self = Self("auth-key");
    /// The first dialect of Auth-Key's original program.
    pub const AUTH_KEY_V1: Self = Self("auth-key-v1");
    /// The second.
    pub const AUTH_KEY_V2: Self = Self("auth-key-v2");
    /// The third and last.
    pub const AUTH_KEY_V3: Self = Self("auth-key-v3");
    /// HMAC-Auth with SHA-1.
    pub const HMAC_AUTH: Self = Self("hmac-auth");
    /// HMAC-Auth with SHA-256.
    pub const HMAC_AUTH_SHA256: Self = Self("hmac-auth-sha256");
    /// Moxie HMACDigest.
    pub const MOXIE: Self = Self("moxie");
    /// OAuth MAC, yar profile.
    pub const MAC: Self = Self("mac");
    /// OAuth MAC, draft profile.
    pub const MAC_DRAFT: Self = Self("mac-draft");
    /// Basic with an `api_key`.
    pub const BASIC: Self = Self("basic");

    /// Every scheme of this crate, whether its feature is enabled or not.
    pub const ALL: [Self; 10] = [
        Self::AUTH_KEY,
        Self::AUTH_KEY_V1,
        Self::AUTH_KEY_V2,
        Self::AUTH_KEY_V3,
        Self::HMAC_AUTH,
        Self::HMAC_AUTH_SHA256,
        Self::MOXIE,
        Self::MAC,
        Self::MAC_DRAFT,
        Self::BASIC,
    ];

    /// The id of a scheme defined elsewhere; lower-case words joined by hyphens.
    pub const fn custom(name: &'static str) -> Self {
        Self(name)
    }

    /// The scheme of this crate with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|id| id.0 == name)
    }

    /// The name.
    pub const fn name(self) -> &'static str {
        self.0
    }
}

impl fmt::Debug for SchemeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl fmt::Display for SchemeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// A way to sign requests.
///
/// The schemes of this crate are the reason it exists; implement the trait for one of your own.
pub trait Scheme: fmt::Debug + Send + Sync + 'static {
    /// Its stable name.
    fn id(&self) -> SchemeId;

    /// The best proof it can give.
    fn strength(&self) -> Strength;

    /// The best digest by which it can cover a body; `None` when it cannot.
    fn body_digest(&self) -> Option<DigestStrength>;

    /// Whether a request can carry a nonce of its own; a layer that requires one refuses to be
    /// built with a scheme that has no place for it.
    fn has_nonce(&self) -> bool {
        true
    }

    /// The window it is used with unless another is configured.
    fn default_window(&self) -> Window {
        Window::DEFAULT
    }

    /// The header that carries its credentials.
    fn credential_header(&self) -> &HeaderName;

    /// The word with which its credentials begin, where they have one. Schemes with the same
    /// header and word are readings of one credential.
    fn credential_word(&self) -> Option<&str> {
        None
    }

    /// Reads the credentials: `None` when the request has none of this scheme.
    ///
    /// Must be cheap and bounded: it runs on whatever anybody sends.
    fn claim<'a>(&'a self, head: &Head<'a>) -> Option<Result<Claim<'a>, Refusal>>;

    /// Writes the text that is signed. Two requests that differ in anything the scheme covers
    /// must write different texts.
    fn canonical(&self, head: &Head<'_>, claim: &Claim<'_>, text: &mut Canonical<'_>);

    /// The `WWW-Authenticate` value, with the reason when the refused request was of this scheme.
    fn challenge(&self, realm: &str, refusal: Option<&Refusal>) -> HeaderValue;

    /// The algorithm it signs with under a key whose record says `of_key`.
    fn signing_algorithm(&self, of_key: Algorithm) -> Algorithm;

    /// Adds the headers of a signed request: dates, nonce, digests, and the credential with
    /// `signature`. Digests in the headers are stale when there is
    /// [no body](crate::BodyToSign::is_known_to_be_empty), and when the body has others. Called
    /// twice: with a place holder, so that everything else can be signed,
    /// and with the signature.
    ///
    /// # Errors
    /// When the request cannot be signed as it is.
    fn dress(
        &self,
        headers: &mut HeaderMap,
        signing: &Signing<'_>,
        signature: &Signature,
    ) -> Result<(), SignError>;

    /// Takes off every header that [`dress`](Scheme::dress) may have added, `Date` excepted: what
    /// is left is a request that was never signed. Credentials of other schemes stay.
    fn undress(&self, headers: &mut HeaderMap) {
        headers.remove(self.credential_header());
    }
}

/// Removes `Authorization` if it has this scheme word, and so is not somebody else's.
#[cfg(feature = "mac")]
pub(crate) fn remove_authorization(headers: &mut HeaderMap, word: &str) {
    let values = headers.get_all(http::header::AUTHORIZATION);
    let ours = |value: &HeaderValue| {
        after_scheme_word(crate::head::trim(value.as_bytes()), word).is_some()
    };
    if values.iter().any(ours) {
        headers.remove(http::header::AUTHORIZATION);
    }
}

/// Sets a header of ours, refusing what cannot be a header value.
pub(crate) fn set(
    headers: &mut HeaderMap,
    name: impl http::header::IntoHeaderName,
    value: &str,
) -> Result<(), SignError> {
    let value = HeaderValue::from_str(value)
        .map_err(|_| SignError::new("a value has characters that no header can carry"))?;
    headers.insert(name, value);
    Ok(())
}

/// As [`set`], for a credential: marked sensitive, so that `Debug` does not show it and HTTP/2
/// keeps it out of its compression tables.
pub(crate) fn set_credential(
    headers: &mut HeaderMap,
    name: &HeaderName,
    value: &str,
) -> Result<(), SignError> {
    set(headers, name, value)?;
    if let Some(value) = headers.get_mut(name) {
        value.set_sensitive(true);
    }
    Ok(())
}

/// Splits `Word rest` and gives `rest` without leading blanks when the word is `scheme`,
/// whatever its case; `None` when it is another word. There are no blanks in `scheme`.
pub(crate) fn after_scheme_word<'a>(value: &'a [u8], scheme: &str) -> Option<&'a [u8]> {
    let (word, rest) = value.split_at_checked(scheme.len())?;
    let ends = matches!(rest, [] | [b' ' | b'\t', ..]);
    (ends && word.eq_ignore_ascii_case(scheme.as_bytes())).then(|| crate::head::trim(rest))
}

/// Whether any `Authorization` header has this scheme word. Looking at all of them lets a repeated
/// header be reported instead of its second value being overlooked.
#[cfg(feature = "mac")]
pub(crate) fn has_scheme_word(head: &Head<'_>, word: &str) -> bool {
    let values = head.headers().get_all(http::header::AUTHORIZATION);
    values
        .iter()
        .any(|value| after_scheme_word(crate::head::trim(value.as_bytes()), word).is_some())
}

/// Reads decimal seconds: digits only, no sign, no leading zero, within `i64`.
pub(crate) fn unix_seconds(text: &[u8]) -> Option<crate::time::Timestamp> {
    let valid = text.iter().all(u8::is_ascii_digit) && (text == b"0" || !text.starts_with(b"0"));
    let seconds = std::str::from_utf8(text)
        .ok()
        .filter(|_| valid)?
        .parse()
        .ok()?;
    Some(crate::time::Timestamp::from_unix(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_68_seconds_have_one_spelling() {
        for bad in [
            "",
            " 123",
            "123 ",
            "+123",
            "0123",
            "0x5f",
            "1e9",
            "12.5",
            "-1",
            "\u{665}",
            "abc",
            "99999999999999999999",
            "9223372036854775808",
        ] {
            assert!(unix_seconds(bad.as_bytes()).is_none(), "{bad:?}");
        }
        assert_eq!(unix_seconds(b"0").unwrap().as_unix(), 0);
        assert_eq!(
            unix_seconds(b"9223372036854775807").unwrap().as_unix(),
            i64::MAX
        );
    }

    #[test]
    fn the_scheme_word_is_a_token_in_any_case() {
        assert_eq!(after_scheme_word(b"mAc  \t x y ", "MAC"), Some(&b"x y"[..]));
        assert_eq!(after_scheme_word(b"MAC", "MAC"), Some(&b""[..]));
        assert_eq!(after_scheme_word(b"MACx y", "MAC"), None);
        assert_eq!(after_scheme_word(b"", "MAC"), None);
    }

    #[test]
    fn names_lead_back_to_their_scheme() {
        for id in SchemeId::ALL {
            assert_eq!(SchemeId::from_name(id.name()), Some(id));
        }
        assert_eq!(SchemeId::from_name("hmac"), None);
    }
}
