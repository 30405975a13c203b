//! Accounts, and the API keys with which they are created.

use std::fmt;
use std::time::Duration;

use countersign_core::{AuthScheme, ConfigError, Timestamp};

use super::session::{LONGEST_SESSION, Session};
use super::text::{Password, part};
use crate::credential::Credential;

/// An account: whoever knows its password acts for it.
#[derive(Clone)]
pub struct Account {
    user_name: Box<str>,
    password: Password,
}

impl Account {
    /// The account `user_name`.
    ///
    /// # Errors
    /// When the name is empty or has a colon.
    pub fn new(user_name: impl Into<String>, password: Password) -> Result<Self, ConfigError> {
        Ok(Self {
            user_name: part("user name", user_name)?,
            password,
        })
    }

    /// Its name.
    pub fn user_name(&self) -> &str {
        &self.user_name
    }

    pub(super) fn password(&self) -> &Password {
        &self.password
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("user_name", &self.user_name)
            .finish_non_exhaustive()
    }
}

/// An account to be created.
///
/// ```
/// use countersign_client::agent::{Account, NewAccount, Password};
///
/// # fn main() -> Result<(), countersign_core::ConfigError> {
/// let account = Account::new("dave", Password::new("correct horse battery staple")?)?;
/// let new = NewAccount::new(account, "dave@example.com")?.phone_number("+46 70 123 45 67")?;
/// # let _ = new;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use]
pub struct NewAccount {
    account: Account,
    e_mail: Box<str>,
    phone_number: Option<Box<str>>,
    lifetime: Duration,
}

impl NewAccount {
    /// This account, of whoever has this mail address.
    ///
    /// # Errors
    /// When the address is empty or has a colon.
    pub fn new(account: Account, e_mail: impl Into<String>) -> Result<Self, ConfigError> {
        Ok(Self {
            account,
            e_mail: part("mail address", e_mail)?,
            phone_number: None,
            lifetime: LONGEST_SESSION,
        })
    }

    /// With this phone number.
    ///
    /// # Errors
    /// When it is empty or has a colon.
    pub fn phone_number(mut self, number: impl Into<String>) -> Result<Self, ConfigError> {
        self.phone_number = Some(part("phone number", number)?);
        Ok(self)
    }

    /// How long the session lasts that begins with the account: [`LONGEST_SESSION`] unless set, as
    /// it can be ended by [`logout`](super::AgentClient::logout).
    pub fn lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = lifetime;
        self
    }

    pub(super) fn account(&self) -> &Account {
        &self.account
    }

    pub(super) fn e_mail(&self) -> &str {
        &self.e_mail
    }

    pub(super) fn phone(&self) -> Option<&str> {
        self.phone_number.as_deref()
    }

    pub(super) fn session_lifetime(&self) -> Duration {
        self.lifetime
    }
}

impl fmt::Debug for NewAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewAccount")
            .field("account", &self.account)
            .finish_non_exhaustive()
    }
}

/// An API key: a credential with which accounts are created.
#[derive(Clone)]
pub struct ApiKey {
    id: Box<str>,
    secret: Password,
}

impl ApiKey {
    /// The API key `id`, whose secret signs.
    ///
    /// # Errors
    /// When the id is empty or has a colon, or the secret is empty.
    pub fn new(id: impl Into<String>, secret: impl Into<String>) -> Result<Self, ConfigError> {
        let secret = Password::new(secret);
        Ok(Self {
            id: part("API key", id)?,
            secret: secret
                .map_err(|_| ConfigError::new("secret of the API key", "", "give its secret"))?,
        })
    }

    /// The one that a key server issued.
    ///
    /// # Errors
    /// When the credential is not for the scheme `agent`, or has no secret.
    pub fn of(credential: &Credential) -> Result<Self, ConfigError> {
        if credential.scheme() != AuthScheme::Agent {
            return Err(ConfigError::new(
                "API key",
                credential.scheme().name(),
                "use a credential of the scheme agent; no other creates accounts",
            ));
        }
        let Some(secret) = credential.secret() else {
            return Err(ConfigError::new(
                "secret of the API key",
                "",
                "use a token with the scope lookup; the key server shows secrets to no other",
            ));
        };
        Self::new(credential.id(), secret.expose())
    }

    /// Its id, which is sent and is no secret.
    pub fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn secret(&self) -> &Password {
        &self.secret
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKey")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// What a server says of an account that it has created.
#[derive(Clone, Debug)]
pub struct CreatedAccount {
    pub(super) created_at: Timestamp,
    pub(super) is_enabled: bool,
    pub(super) can_relay: bool,
    pub(super) session: Session,
}

impl CreatedAccount {
    /// When it was created.
    pub fn created_at(&self) -> Timestamp {
        self.created_at
    }

    /// Whether it may be used already.
    pub fn is_enabled(&self) -> bool {
        self.is_enabled
    }

    /// Whether it may send messages to other servers, where the server has messages.
    pub fn can_relay(&self) -> bool {
        self.can_relay
    }

    /// The session that it begins with.
    pub fn session(&self) -> &Session {
        &self.session
    }
}
