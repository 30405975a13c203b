//! Keys: ids, secrets, and the sets that make rotation possible.
//!
//! Invariants: a secret is never empty, is wiped from memory when dropped, is shown by no `Debug`
//! and cannot be compared. A [`KeySet`] holds one to [`KeySet::MAX_ACTIVE`] keys of one id.

mod id;
mod secret;
mod set;

use std::fmt;
use std::sync::OnceLock;

use zeroize::Zeroizing;

pub(crate) use self::id::IdNature;
use self::id::KeptId;
pub use self::id::KeyId;
pub use self::secret::Secret;
pub use self::set::KeySet;
use crate::config::ConfigError;
use crate::encoding;
use crate::mac::{self, Algorithm, Derivation, KeyedMac, Signature};
use crate::scheme::SchemeId;
use crate::time::Timestamp;

/// A secret, whose it is, and what it may be used for.
///
/// Built by value: `SigningKey::new(id, secret, principal)?.schemes([SchemeId::AUTH_KEY])`.
// Laid out in this order: what every request reads comes first, behind the counts of the `Arc`.
#[repr(C)]
pub struct SigningKey<P = String> {
    id: KeptId,
    secret: Secret,
    schemes: Option<Box<[SchemeId]>>,
    not_before: Option<Timestamp>,
    not_after: Option<Timestamp>,
    keyed: [OnceLock<Box<KeyedMac>>; 4],
    algorithm: Algorithm,
    principal: P,
    /// What is shown in its place, where the id is the secret.
    shown_id: Option<Box<str>>,
}

impl SigningKey<String> {
    /// The key `id` of `principal`, with `secret` as the text or bytes both sides share.
    ///
    /// Some schemes read the secret as an encoding (MAC's yar profile: base64url); give it as it
    /// was issued.
    ///
    /// # Errors
    /// When the id is not a [`KeyId`], or the secret is shorter than [`MIN_SECRET_LEN`] bytes.
    pub fn new(
        id: impl Into<String>,
        secret: impl AsRef<[u8]>,
        principal: impl Into<String>,
    ) -> Result<Self, ConfigError> {
        Self::with_principal(id, secret, principal.into())
    }
}

/// The shortest secret that [`SigningKey::new`] takes: 128 bits, below which the schemes'
/// signatures can be searched for offline.
pub const MIN_SECRET_LEN: usize = 16;

impl<P> SigningKey<P> {
    /// As [`SigningKey::new`], with a principal of any type.
    ///
    /// # Errors
    /// As [`SigningKey::new`].
    pub fn with_principal(
        id: impl Into<String>,
        secret: impl AsRef<[u8]>,
        principal: P,
    ) -> Result<Self, ConfigError> {
        let (id, secret) = (id.into(), secret.as_ref());
        if (1..MIN_SECRET_LEN).contains(&secret.len()) {
            return Err(ConfigError::new(
                match shown_in_place_of(&id, secret) {
                    Some(_) => "api key".to_owned(),
                    None => format!("secret of key {id:?}"),
                },
                format!("{} bytes", secret.len()),
                "use at least 16 random bytes, or SigningKey::with_short_secret if the partner \
                 cannot change it",
            ));
        }
        Self::with_short_secret(id, secret, principal)
    }

    /// As [`SigningKey::with_principal`], for a secret that is shorter than it should be.
    ///
    /// A short secret can be found by trying: whoever records one request can search for it
    /// offline. Take it only from a partner who cannot change it.
    ///
    /// # Errors
    /// When the id is not a [`KeyId`], or the secret is empty.
    pub fn with_short_secret(
        id: impl Into<String>,
        secret: impl AsRef<[u8]>,
        principal: P,
    ) -> Result<Self, ConfigError> {
        let id = id.into();
        let secret = secret.as_ref();
        let shown_id = shown_in_place_of(&id, secret);
        if KeyId::parse(id.as_bytes()).is_none() {
            return Err(ConfigError::new(
                "key id",
                shown_id.map_or(id, String::from),
                "use 1 to 256 visible ASCII characters",
            ));
        }
        if secret.is_empty() {
            return Err(ConfigError::new(
                format!("secret of key {id:?}"),
                "",
                "use at least 16 random bytes; with an empty secret anybody could sign",
            ));
        }
        let nature = match shown_id {
            Some(_) => IdNature::Secret,
            None => IdNature::Name,
        };
        Ok(Self {
            shown_id,
            id: KeptId::new(KeyId::already_checked(id.as_bytes(), nature)),
            secret: Secret::new(secret),
            principal,
            schemes: None,
            not_before: None,
            not_after: None,
            algorithm: Algorithm::Sha1,
            keyed: Default::default(),
        })
    }

    /// Pins the key to these schemes: under any other it does not verify.
    ///
    /// Without a pin it verifies under every scheme that signs; `basic`, where the id is the
    /// secret, always needs one.
    #[must_use]
    pub fn schemes(mut self, schemes: impl IntoIterator<Item = SchemeId>) -> Self {
        self.schemes = Some(schemes.into_iter().collect());
        self
    }

    /// The key is not valid before `time`.
    #[must_use]
    pub fn not_before(mut self, time: Timestamp) -> Self {
        self.not_before = Some(time);
        self
    }

    /// The key is not valid after `time`.
    #[must_use]
    pub fn not_after(mut self, time: Timestamp) -> Self {
        self.not_after = Some(time);
        self
    }

    /// The algorithm of the credential, for schemes that leave it to the credential (MAC);
    /// HMAC-SHA-1 unless given, as the original issues them.
    #[must_use]
    pub fn algorithm(mut self, algorithm: Algorithm) -> Self {
        self.algorithm = algorithm;
        self
    }

    /// The id, by which the key is looked up. Where it is the secret itself (Basic), it must not
    /// be shown: see [`public_id`](SigningKey::public_id).
    pub fn id(&self) -> &str {
        self.id.as_str()
    }

    pub(crate) fn id_bytes(&self) -> &[u8] {
        self.id.as_bytes()
    }

    /// The id as it may be shown: a hash of it where the id is the secret itself (Basic).
    pub fn public_id(&self) -> &str {
        self.shown_id.as_deref().unwrap_or_else(|| self.id())
    }

    /// Whose key it is.
    pub fn principal(&self) -> &P {
        &self.principal
    }

    /// The secret.
    pub fn secret(&self) -> &Secret {
        &self.secret
    }

    /// The algorithm of the credential.
    pub(crate) fn own_algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Whether the key may be used under `scheme`.
    pub(crate) fn allows(&self, scheme: SchemeId) -> bool {
        match &self.schemes {
            Some(pinned) => pinned.contains(&scheme),
            None => scheme != SchemeId::BASIC,
        }
    }

    /// Where `now` lies in the key's validity.
    pub(crate) fn validity(&self, now: Timestamp) -> Validity {
        if self.not_before.is_some_and(|start| now < start) {
            Validity::NotYet
        } else if self.not_after.is_some_and(|end| now > end) {
            Validity::Over
        } else {
            Validity::Valid
        }
    }

    /// Whether a request may be signed with the key under `scheme` at `now`: it is pinned to the
    /// scheme or to none, and valid.
    pub fn may_sign(&self, scheme: SchemeId, now: Timestamp) -> bool {
        self.allows(scheme) && self.validity(now) == Validity::Valid
    }

    /// A MAC keyed with this key as the scheme derives it; `None` when the secret is not in the
    /// form the scheme prescribes.
    ///
    /// Where the key does not depend on the request, the keyed state is kept: cloning it costs a
    /// fifth less than keying anew.
    pub(crate) fn keyed(
        &self,
        derivation: Derivation<'_>,
        algorithm: Algorithm,
    ) -> Option<KeyedMac> {
        let secret = self.secret.expose();
        match derivation {
            Derivation::Raw => self.kept(0, algorithm, || KeyedMac::new(algorithm, secret)),
            Derivation::Base64Url => self.kept(2, algorithm, || {
                let decoded = Zeroizing::new(encoding::base64url_exact::<32>(secret)?);
                KeyedMac::new(algorithm, &*decoded)
            }),
            Derivation::HashOfTextThenSecret(text) => {
                KeyedMac::new(algorithm, &*mac::hashed_key([text, secret]))
            }
            Derivation::HashOfSecretThenText(text) => {
                KeyedMac::new(algorithm, &*mac::hashed_key([secret, text]))
            }
        }
    }

    fn kept(
        &self,
        first: usize,
        algorithm: Algorithm,
        make: impl FnOnce() -> Option<KeyedMac>,
    ) -> Option<KeyedMac> {
        let slot = match algorithm {
            Algorithm::Sha1 => self.keyed.get(first),
            Algorithm::Sha256 => self.keyed.get(first.saturating_add(1)),
        }?;
        if let Some(keyed) = slot.get() {
            return Some(KeyedMac::clone(keyed));
        }
        let keyed = make()?;
        Some(KeyedMac::clone(slot.get_or_init(|| Box::new(keyed))))
    }

    /// Whether `signature` is the MAC of `message` under this key as `derivation` makes it, with
    /// the algorithm that the signature's length tells: constant time in its bytes.
    ///
    /// For services that verify on behalf of others and are given the string to sign. Pins,
    /// validity and the algorithm of the credential are the caller's to check. A secret that is
    /// not in the form that the derivation prescribes verifies nothing.
    pub fn verifies(
        &self,
        derivation: Derivation<'_>,
        message: &[u8],
        signature: &Signature,
    ) -> bool {
        let Some(mut keyed) = self.keyed(derivation, signature.algorithm()) else {
            return false;
        };
        keyed.update(message);
        keyed.verify(signature)
    }

    /// Signs what `write` writes.
    pub(crate) fn sign(
        &self,
        derivation: Derivation<'_>,
        algorithm: Algorithm,
        write: impl FnOnce(&mut crate::canonical::Canonical<'_>),
    ) -> Option<Signature> {
        let mut keyed = self.keyed(derivation, algorithm)?;
        crate::canonical::Canonical::stream(&mut |piece| keyed.update(piece), write);
        Some(keyed.sign())
    }
}

impl<P> fmt::Debug for SigningKey<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("id", &self.public_id())
            .field("secret", &self.secret)
            .field("schemes", &self.schemes)
            .field("not_before", &self.not_before)
            .field("not_after", &self.not_after)
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}

/// What is shown of an id that is its own secret: enough to tell keys apart, and of no use to
/// whoever reads it.
fn shown_in_place_of(id: &str, secret: &[u8]) -> Option<Box<str>> {
    (id.as_bytes() == secret).then(|| {
        let hash = mac::hashed_key([secret, b""]);
        let start = hash.first_chunk::<8>().copied().unwrap_or_default();
        format!("sha256:{}", encoding::to_hex(&start)).into()
    })
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Validity {
    Valid,
    NotYet,
    Over,
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "correct horse battery staple";

    #[test]
    fn bad_57_no_debug_shows_a_secret() {
        let key = SigningKey::new("id", SECRET, "dave").unwrap();
        key.keyed(Derivation::Raw, Algorithm::Sha1).unwrap();
        let shown = format!("{key:?} {:#?} {:?}", key, KeySet::from(key_of("id")));
        for part in ["horse", "staple", "99, 111, 114", "636f7272"] {
            assert!(!shown.contains(part), "{shown}");
        }
        assert!(shown.contains("***"));
    }

    fn key_of(id: &str) -> SigningKey {
        SigningKey::new(id, SECRET, "dave").unwrap()
    }

    #[test]
    fn bad_39_and_58_empty_and_short_secrets_are_refused_with_the_fix() {
        let empty = SigningKey::new("id", "", "dave").unwrap_err().to_string();
        assert!(empty.contains("anybody could sign"), "{empty}");
        assert!(SigningKey::with_short_secret("id", "", "dave").is_err());
        let short = SigningKey::new("id", "fifteen bytes..", "dave")
            .unwrap_err()
            .to_string();
        assert!(
            short.contains("with_short_secret") && !short.contains("fifteen"),
            "{short}"
        );
        assert!(SigningKey::with_short_secret("id", "short", "dave").is_ok());
    }

    #[test]
    fn validity_includes_both_ends() {
        let at = Timestamp::from_unix;
        let key = key_of("a").not_before(at(10)).not_after(at(20));
        let found: Vec<_> = [9, 10, 20, 21].map(|now| key.validity(at(now))).into();
        let expected = [
            Validity::NotYet,
            Validity::Valid,
            Validity::Valid,
            Validity::Over,
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_pin_excludes_every_other_scheme_and_basic_needs_one() {
        let free = key_of("a");
        assert!(free.allows(SchemeId::MOXIE) && !free.allows(SchemeId::BASIC));
        let pinned = key_of("a").schemes([SchemeId::BASIC]);
        assert!(pinned.allows(SchemeId::BASIC) && !pinned.allows(SchemeId::MOXIE));
    }

    #[test]
    fn a_mac_of_given_bytes_verifies_under_its_own_derivation_and_message_only() {
        let key = key_of("a");
        let derivation = Derivation::HashOfTextThenSecret(b"time");
        let right = key
            .sign(derivation, Algorithm::Sha256, |text| text.put(b"message"))
            .unwrap();
        assert!(key.verifies(derivation, b"message", &right));
        assert!(!key.verifies(derivation, b"messages", &right));
        for other in [
            Derivation::Raw,
            Derivation::Base64Url,
            Derivation::HashOfTextThenSecret(b"timer"),
            Derivation::HashOfSecretThenText(b"time"),
        ] {
            assert!(!key.verifies(other, b"message", &right), "{other:?}");
        }
    }

    #[test]
    fn a_secret_in_the_wrong_form_gives_no_mac() {
        let key = key_of("a");
        assert!(key.keyed(Derivation::Base64Url, Algorithm::Sha1).is_none());
        assert!(key.keyed(Derivation::Raw, Algorithm::Sha1).is_some());
    }
}
