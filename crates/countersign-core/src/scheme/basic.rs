//! Basic with an `api_key`: the `basic` credentials of the creds key server.
//!
//! ```text
//! Authorization: Basic base64(api_key ":")          the password is empty
//! ```
//!
//! Nothing is signed: the key itself is sent, so there is no window, no nonce and no replay
//! check, and only TLS protects it. A key verifies here only if it is pinned to
//! [`SchemeId::BASIC`] and its secret is its id; the original let the public identifier of a MAC
//! key pass as an `api_key`.

use http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};

use super::{Scheme, SchemeId, after_scheme_word, remove_authorization, set_credential};
use crate::canonical::Canonical;
use crate::challenge::Challenge;
use crate::claim::{Claim, Proof};
use crate::config::ConfigError;
use crate::encoding;
use crate::head::Head;
use crate::key::{KeyId, SigningKey};
use crate::mac::{Algorithm, Signature, Strength};
use crate::policy::DigestStrength;
use crate::reason::{Field, Reason, Refusal};
use crate::sign::{SignError, Signing};

const WORD: &str = "Basic";

/// The Basic scheme with an `api_key` as user name and an empty password.
#[derive(Clone, Copy, Debug, Default)]
pub struct Basic;

impl Basic {
    /// The key for an `api_key` of `principal`.
    ///
    /// # Errors
    /// As [`SigningKey::with_principal`].
    pub fn key<P>(api_key: &str, principal: P) -> Result<SigningKey<P>, ConfigError> {
        let key = SigningKey::with_principal(api_key, api_key, principal)?;
        Ok(key.schemes([SchemeId::BASIC]))
    }

    fn read<'a>(head: &Head<'a>) -> Result<Claim<'a>, Refusal> {
        let malformed = || Refusal::new(Reason::MalformedCredentials).field(Field::Credential);
        let value = head
            .single(&AUTHORIZATION, Field::Credential)?
            .unwrap_or_default();
        let encoded = after_scheme_word(value, WORD).ok_or_else(malformed)?;
        // Three quarters of the longest text that is read.
        let mut room = [0_u8; KeyId::MAX_LEN + 8];
        let decoded = encoding::base64_into(encoded, &mut room).ok_or_else(malformed)?;
        let api_key = decoded.strip_suffix(b":").ok_or_else(malformed)?;
        if api_key.contains(&b':') {
            return Err(malformed());
        }
        Claim::with_decoded_id(SchemeId::BASIC, api_key, Proof::Possession).ok_or_else(malformed)
    }
}

impl Scheme for Basic {
    fn id(&self) -> SchemeId {
        SchemeId::BASIC
    }

    fn strength(&self) -> Strength {
        Strength::Bearer
    }

    fn body_digest(&self) -> Option<DigestStrength> {
        None
    }

    fn has_nonce(&self) -> bool {
        false
    }

    fn credential_header(&self) -> &HeaderName {
        &AUTHORIZATION
    }

    fn credential_word(&self) -> Option<&str> {
        Some(WORD)
    }

    fn claim<'a>(&'a self, head: &Head<'a>) -> Option<Result<Claim<'a>, Refusal>> {
        super::has_scheme_word(head, WORD).then(|| Self::read(head))
    }

    fn canonical(&self, _head: &Head<'_>, _claim: &Claim<'_>, _text: &mut Canonical<'_>) {}

    fn challenge(&self, realm: &str, refusal: Option<&Refusal>) -> HeaderValue {
        let challenge = Challenge::new(WORD).param("realm", realm);
        match refusal {
            Some(refusal) => challenge.param("error", refusal.reason().code()).finish(),
            None => challenge.finish(),
        }
    }

    fn signing_algorithm(&self, of_key: Algorithm) -> Algorithm {
        of_key
    }

    fn dress(
        &self,
        headers: &mut HeaderMap,
        signing: &Signing<'_>,
        _signature: &Signature,
    ) -> Result<(), SignError> {
        let encoded = encoding::to_base64(format!("{}:", signing.key_id).as_bytes());
        set_credential(headers, &AUTHORIZATION, &format!("{WORD} {encoded}"))
    }

    fn undress(&self, headers: &mut HeaderMap) {
        remove_authorization(headers, WORD);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Request;

    fn claimed(value: &str) -> Option<Result<String, Reason>> {
        let request = Request::new("GET", "/").header("authorization", value);
        let claim = request.claim(&Basic)?;
        Some(
            claim
                .map(|claim| claim.key_id().as_str().to_owned())
                .map_err(|r| r.reason()),
        )
    }

    #[test]
    fn the_api_key_is_the_user_name_and_the_password_is_empty() {
        let live = "Basic NWY0MTQ5ZjgwNTdhNDkwM2FmMTgwNWU3NGMyZTFkMjA6";
        assert_eq!(
            claimed(live),
            Some(Ok("5f4149f8057a4903af1805e74c2e1d20".to_owned()))
        );
        assert_eq!(claimed(&live.replace("Basic", "bAsIc ")), claimed(live));
    }

    #[test]
    fn anything_else_is_malformed_or_not_ours() {
        let malformed = Some(Err(Reason::MalformedCredentials));
        for (bad, expected) in [
            ("Basic", malformed.clone()),
            ("Basic !!!", malformed.clone()),
            ("Basic Og==", malformed.clone()),     // ":"
            ("Basic YTpi", malformed.clone()),     // "a:b"
            ("Basic YTpiOg==", malformed.clone()), // "a:b:"
            ("Basic YQ==", malformed.clone()),     // "a"
            ("Basic YSBiOg==", malformed),         // "a b:"
            ("Bearer x", None),
            ("", None),
        ] {
            assert_eq!(claimed(bad), expected, "{bad}");
        }
        let huge = format!("Basic {}", "QUFB".repeat(10_000));
        assert_eq!(claimed(&huge), Some(Err(Reason::MalformedCredentials)));
    }
}
