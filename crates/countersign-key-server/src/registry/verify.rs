//! Verifying signatures for callers that must not hold secrets.
//!
//! Invariants: the answer is yes or no, never a MAC, so nothing can be signed with it. An unknown
//! id, a credential that may not be used and one of another scheme cost the same unsealing and
//! the same MAC as a wrong signature, and are answered alike.

use countersign_core::{Algorithm, Derivation, SchemeId, Signature, SigningKey, Timestamp};

use super::{OperationError, Registry};
use crate::credential::{AuthScheme, CredentialId, Principal};
use crate::seal::Keyring;
use crate::store::{Life, Record, Revision};

/// How a scheme makes a MAC: what a request says, unless the scheme leaves it to the credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recipe {
    /// The secret's bytes are the key.
    Raw(Option<Algorithm>),
    /// The secret spells the key in base64url.
    Base64Url(Option<Algorithm>),
    /// SHA-256(text ‖ secret) is the key.
    TextThenSecret(Algorithm),
    /// SHA-256(secret ‖ text) is the key.
    SecretThenText(Algorithm),
}

impl Recipe {
    /// That of `scheme`; `None` when it signs nothing, or is not one of ours.
    pub fn of(scheme: SchemeId) -> Option<Self> {
        Some(match scheme {
            SchemeId::AUTH_KEY => Self::TextThenSecret(Algorithm::Sha256),
            SchemeId::AUTH_KEY_V1 | SchemeId::AUTH_KEY_V2 | SchemeId::AUTH_KEY_V3 => {
                Self::SecretThenText(Algorithm::Sha256)
            }
            SchemeId::HMAC_AUTH | SchemeId::MOXIE => Self::Raw(Some(Algorithm::Sha1)),
            SchemeId::HMAC_AUTH_SHA256 => Self::Raw(Some(Algorithm::Sha256)),
            SchemeId::MAC => Self::Base64Url(None),
            SchemeId::MAC_DRAFT => Self::Raw(None),
            _ => return None,
        })
    }

    /// The algorithm, where the scheme prescribes it.
    pub const fn algorithm(self) -> Option<Algorithm> {
        match self {
            Self::Raw(algorithm) | Self::Base64Url(algorithm) => algorithm,
            Self::TextThenSecret(algorithm) | Self::SecretThenText(algorithm) => Some(algorithm),
        }
    }

    /// Whether the key depends on a text of the request.
    pub const fn has_text(self) -> bool {
        matches!(self, Self::TextThenSecret(_) | Self::SecretThenText(_))
    }

    const fn derivation(self, text: &[u8]) -> Derivation<'_> {
        match self {
            Self::Raw(_) => Derivation::Raw,
            Self::Base64Url(_) => Derivation::Base64Url,
            Self::TextThenSecret(_) => Derivation::HashOfTextThenSecret(text),
            Self::SecretThenText(_) => Derivation::HashOfSecretThenText(text),
        }
    }
}

/// A signature to verify.
#[derive(Clone, Copy, Debug)]
pub struct ToVerify<'a> {
    /// The scheme of the request.
    pub scheme: SchemeId,
    /// How the scheme makes a MAC.
    pub recipe: Recipe,
    /// The text that the key depends on, where it does: the request's time.
    pub text: &'a [u8],
    /// The id that the request claims.
    pub id: &'a str,
    /// What was signed.
    pub string_to_sign: &'a [u8],
    /// The signature that the request has.
    pub signature: Signature,
}

/// What is said of a signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Whose it is, when it is right.
    pub principal: Option<Principal>,
    /// The credential, when there is one: for the audit log, not for the caller.
    pub credential: Option<CredentialId>,
}

impl Registry {
    /// Whether a signature is right, and whose it is.
    ///
    /// # Errors
    /// When the store does not tell, or the secret does not open.
    pub async fn verify(&self, it: &ToVerify<'_>) -> Result<Verdict, OperationError> {
        let found = match CredentialId::parse(it.id) {
            Ok(id) => self.ask(self.store.get(&id)).await?,
            Err(_) => None,
        };
        let of_scheme = found.as_ref().filter(|record| {
            let schemes = record.scheme.verifies_under(record.algorithm);
            schemes.contains(&it.scheme)
        });
        let record = of_scheme.unwrap_or(&self.decoy.0);
        let secret = self.reveal(record)?;
        // The MAC is always of the signature's own length, so that it costs the same whatever the
        // credential says.
        let derivation = it.recipe.derivation(it.text);
        let right = SigningKey::with_short_secret(record.id.as_str(), &*secret, ())
            .is_ok_and(|key| key.verifies(derivation, it.string_to_sign, &it.signature));
        let algorithm = it.recipe.algorithm().unwrap_or(record.algorithm);
        let usable = record.life.is_active(self.now()) && it.signature.algorithm() == algorithm;
        let valid = of_scheme.filter(|_| right && usable);
        if let Some(record) = valid {
            self.note_use(record);
        }
        Ok(Verdict {
            principal: valid.map(|record| record.principal.clone()),
            credential: found.as_ref().map(|record| record.id.clone()),
        })
    }
}

/// A credential that nobody has, to be opened in place of one that does not exist.
pub(super) struct Decoy(Record);

impl Decoy {
    pub(super) fn new(keyring: &Keyring) -> Result<Self, getrandom::Error> {
        let drawn = crate::credential::generate(AuthScheme::Mac)?;
        let id = CredentialId::already_checked(drawn.id.as_str().to_owned());
        let principal =
            Principal::parse("nobody@example.com").map_err(|_| getrandom::Error::UNEXPECTED)?; // it is one
        Ok(Self(Record {
            sealed: keyring.seal(&id, &principal, drawn.secret.as_bytes())?,
            id,
            principal,
            scheme: AuthScheme::Mac,
            algorithm: Algorithm::Sha1,
            created_at: Timestamp::from_unix(0),
            life: Life::default(),
            last_used_at: None,
            revision: Revision::FIRST,
        }))
    }
}
