//! Credentials, as the key server describes them.

use std::fmt;

use countersign_core::{Algorithm, ConfigError, SigningKey, Timestamp};

use crate::secret::SecretText;
use countersign_core::AuthScheme;

/// Whether a credential may be used by its holder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It may.
    Active,
    /// It may not, for now.
    Inactive,
}

impl State {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Inactive => "inactive",
        }
    }
}

/// The version of a credential, for changes that must not undo another's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ETag(Box<str>);

impl ETag {
    /// As it was sent: with its quotes.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into().into())
    }

    /// As it is sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A credential.
///
/// `Debug` shows no secret, and no id that is one.
#[derive(Clone)]
pub struct Credential {
    pub(crate) id: SecretText,
    pub(crate) principal: String,
    pub(crate) scheme: AuthScheme,
    pub(crate) algorithm: Algorithm,
    pub(crate) secret: Option<SecretText>,
    pub(crate) is_deleted: bool,
    pub(crate) state: State,
    pub(crate) created_at: Option<Timestamp>,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) last_used_at: Option<Timestamp>,
    pub(crate) rotated_to: Option<String>,
    pub(crate) etag: Option<ETag>,
}

impl Credential {
    /// What it is found, changed and deleted by: what signed requests carry as the key's id. For
    /// `basic` it is a handle, where the server gives one, and otherwise the api key itself.
    pub fn id(&self) -> &str {
        self.id.expose()
    }

    /// Whose it is.
    pub fn principal(&self) -> &str {
        &self.principal
    }

    /// What it is for.
    pub fn scheme(&self) -> AuthScheme {
        self.scheme
    }

    /// The hash function it is used with; meaningful for `mac` and `hmac-auth`.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The secret as it was issued (`basic`: the api key); `None` when the token has no scope that
    /// shows it.
    pub fn secret(&self) -> Option<&SecretText> {
        self.secret.as_ref()
    }

    /// Whether it was deleted.
    pub fn is_deleted(&self) -> bool {
        self.is_deleted
    }

    /// Whether its holder may use it.
    pub fn state(&self) -> State {
        self.state
    }

    /// When it was created, where the server says so.
    pub fn created_at(&self) -> Option<Timestamp> {
        self.created_at
    }

    /// The last second in which it may be used; `None`: no end is set.
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.expires_at
    }

    /// When it was last used, to the minute or so.
    pub fn last_used_at(&self) -> Option<Timestamp> {
        self.last_used_at
    }

    /// The credential that was issued in its place.
    pub fn rotated_to(&self) -> Option<&str> {
        self.rotated_to.as_deref()
    }

    /// Its version; listings do not give one.
    pub fn etag(&self) -> Option<&ETag> {
        self.etag.as_ref()
    }

    /// The key to sign and verify with, pinned to the schemes of the credential. Of an `agent`
    /// credential that is none: its key signs and verifies nothing.
    ///
    /// A credential that is deleted or inactive gives a key whose time is over, so that it verifies
    /// nothing, and so that refusing it costs what every other refusal costs.
    ///
    /// # Errors
    /// When the answer had no secret, or one that is too short.
    pub fn signing_key(&self) -> Result<SigningKey, ConfigError> {
        let Some(secret) = &self.secret else {
            return Err(ConfigError::new(
                "secret",
                "none",
                "use a token with the scope lookup; the key server shows secrets to no other",
            ));
        };
        let secret = secret.expose();
        let id = match self.scheme {
            AuthScheme::Basic => secret,
            _ => self.id(),
        };
        if self.scheme == AuthScheme::Mac && !is_mac_key(secret) {
            return Err(ConfigError::new(
                "mac_key",
                "***",
                "43 characters of unpadded base64url are needed, as the key server issues them",
            ));
        }
        let key = SigningKey::new(id, secret, self.principal.as_str())?
            .algorithm(self.algorithm)
            .schemes(self.scheme.verifies_under(self.algorithm).iter().copied());
        Ok(match (self.is_deleted, self.state, self.expires_at) {
            (false, State::Active, None) => key,
            (false, State::Active, Some(end)) => key.not_after(end),
            (true, ..) | (_, State::Inactive, _) => key.not_after(LONG_AGO),
        })
    }
}

/// Before every time that a clock shows.
const LONG_AGO: Timestamp = Timestamp::from_unix(i64::MIN);

fn is_mac_key(text: &str) -> bool {
    let alphabet = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    text.len() == 43 && text.bytes().all(alphabet)
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_secret = self.scheme == AuthScheme::Basic
            && self
                .secret
                .as_ref()
                .is_none_or(|secret| secret.expose() == self.id());
        let shown_id = if is_secret { "***" } else { self.id() };
        f.debug_struct("Credential")
            .field("id", &shown_id)
            .field("principal", &self.principal)
            .field("scheme", &self.scheme)
            .field("secret", &self.secret)
            .field("is_deleted", &self.is_deleted)
            .field("state", &self.state)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}
