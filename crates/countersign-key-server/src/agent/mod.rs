//! The agent API without HTTP: accounts, sessions, and keys that are made and kept here, usable
//! only by whoever knows the password of the key.
//!
//! Invariants:
//! * A request signature is looked at before its nonce is claimed, and the nonce is claimed before
//!   anything is done: [`Agents::signed`] gives a [`Signed`], which [`Agents::claim`] turns into
//!   [`Claimed`], which is what everything else takes. So a wrong signature burns no nonce.
//! * A nonce is claimed by writing it down: of racing claims one wins, and a restart forgets none.
//! * A private key is opened with the key signature, which is never kept: a store and its master
//!   key together open none.
//! * An unknown account costs the same MAC as a wrong password, and is answered alike.
//! * An endpoint that is refused is refused whether its signature is right or not.

mod account;
mod algorithm;
mod error;
#[cfg(test)]
mod kept_tests;
mod key;
mod names;
mod nonce;
mod private_key;
mod session;
mod signature;
#[cfg(test)]
mod string_to_sign_tests;
mod trials;
mod work;

use std::fmt;
use std::hash::{BuildHasher as _, RandomState};
use std::num::NonZeroU32;
use std::sync::Arc;

use countersign_core::{AuthScheme, Timestamp};
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use zeroize::Zeroizing;

use self::account::Account;
pub(crate) use self::algorithm::{Algorithm, NAMESPACES};
pub(crate) use self::error::AgentError;
use self::key::NewKey;
pub(crate) use self::key::{Key, namespace};
pub(crate) use self::names::{KeyName, UserName, check_email, check_password, check_phone};
pub(crate) use self::nonce::Nonce;
use self::session::Sessions;
pub(crate) use self::session::{LONGEST as LONGEST_SESSION, Session, Token};
pub(crate) use self::signature::Signature;
pub(crate) use self::trials::Endpoint;
use self::trials::{Consequence, Trials};
use self::work::Workshop;
use crate::registry::Registry;
use crate::store::Which;

/// How many nonces an account may claim in a minute, and at once, and how many accounts an API key
/// may create: nonces are kept for ever.
const NONCES_PER_MINUTE: NonZeroU32 = NonZeroU32::new(120).unwrap();

/// The password of nobody: an unknown account costs what a known one does.
const NOBODY: &[u8] = b"the password of nobody";

/// Everything that agents can ask for.
pub(crate) struct Agents {
    registry: Arc<Registry>,
    sessions: Sessions,
    trials: Trials,
    /// By a keyed hash of who claims, so that there are never more than 65,536 of them.
    claims: DefaultKeyedRateLimiter<u16>,
    hasher: RandomState,
    makers: Workshop,
    users: Workshop,
}

/// A request whose signature is right.
#[derive(Debug)]
#[must_use]
pub(crate) struct Signed {
    user: UserName,
    nonce: Nonce,
    claimant: Claimant,
}

/// Whom a nonce counts against: whoever has signed. The account that an API key is shown for may
/// be somebody else's.
#[derive(Debug, Hash)]
enum Claimant {
    Account(UserName),
    ApiKey(String),
}

/// A request whose signature is right and whose nonce was never used before.
#[derive(Debug)]
pub(crate) struct Claimed {
    user: UserName,
}

/// What an account is created from.
pub(crate) struct NewAccount {
    pub(crate) user: UserName,
    pub(crate) email: String,
    pub(crate) phone: Option<String>,
    pub(crate) password: Zeroizing<String>,
}

impl Agents {
    pub(crate) fn new(registry: Arc<Registry>) -> Self {
        Self {
            registry,
            sessions: Sessions::default(),
            trials: Trials::new(),
            claims: RateLimiter::keyed(Quota::per_minute(NONCES_PER_MINUTE)),
            hasher: RandomState::new(),
            makers: Workshop::for_long_work(),
            users: Workshop::for_short_work(),
        }
    }

    /// Refuses an endpoint that has sent too many wrong signatures.
    pub(crate) fn admit(&self, endpoint: Endpoint) -> Result<(), AgentError> {
        match self.trials.refused(endpoint) {
            None => Ok(()),
            Some(seconds) => Err(AgentError::Suspended(seconds)),
        }
    }

    /// The session of a token.
    pub(crate) async fn session(&self, jwt: &str) -> Result<Session, AgentError> {
        let found = self.sessions.find(&self.registry, jwt).await?;
        found.ok_or(AgentError::NoSession)
    }

    /// Checks what the account password of `user` has signed: the user name, `host`, `fields` and
    /// the nonce, joined.
    pub(crate) async fn signed(
        &self,
        user: &UserName,
        host: &str,
        fields: &[&str],
        nonce: Nonce,
        signature: &Signature,
        endpoint: Endpoint,
    ) -> Result<Signed, AgentError> {
        let account = Account::find(&self.registry, user).await?;
        let password = account.as_ref().map_or(NOBODY, |it| it.password.as_bytes());
        let signed = [&[user.as_str(), host], fields, &[nonce.as_str()]].concat();
        let right = signature.is_of(password, &signed) && account.is_some();
        self.judge(right, endpoint).await?;
        Ok(Signed {
            user: user.clone(),
            nonce,
            claimant: Claimant::Account(user.clone()),
        })
    }

    /// Checks what the secret of an API key has signed of a new account, and tells whose the API
    /// key is.
    pub(crate) async fn signed_with_api_key(
        &self,
        new: &NewAccount,
        host: &str,
        api_key: &str,
        nonce: Nonce,
        signature: &Signature,
        endpoint: Endpoint,
    ) -> Result<(Signed, String), AgentError> {
        let found = self.registry.find(api_key, Which::Present).await?;
        let now = self.registry.now();
        let usable = found.as_ref().filter(|record| {
            record.scheme == AuthScheme::Agent
                && record.id.as_str() == api_key
                && record.life.is_active(now)
        });
        let secret = match usable {
            Some(record) => self.registry.reveal(record)?,
            None => Zeroizing::new(String::from_utf8_lossy(NOBODY).into_owned()),
        };
        let mut fields = vec![new.user.as_str(), host, &new.email];
        fields.extend(new.phone.as_deref());
        fields.extend([new.password.as_str(), api_key, nonce.as_str()]);
        let right = signature.is_of(secret.as_bytes(), &fields);
        let owner = usable.filter(|_| right);
        self.judge(owner.is_some(), endpoint).await?;
        let Some(record) = owner else {
            return Err(AgentError::WrongSignature);
        };
        self.registry.note_use(record);
        let signed = Signed {
            user: new.user.clone(),
            nonce,
            claimant: Claimant::ApiKey(api_key.to_owned()),
        };
        Ok((signed, record.principal.as_str().to_owned()))
    }

    /// What follows from a signature. Many requests at once may have been admitted before the first
    /// was found wrong, so a right one is asked once more whether its endpoint is refused.
    async fn judge(&self, right: bool, endpoint: Endpoint) -> Result<(), AgentError> {
        if right {
            return self.admit(endpoint);
        }
        match self.trials.wrong(endpoint) {
            Consequence::Answer(delay) => {
                tokio::time::sleep(delay).await;
                Err(AgentError::WrongSignature)
            }
            Consequence::Refuse(seconds) => Err(AgentError::Suspended(seconds)),
        }
    }

    /// Claims the nonce of a request, for ever.
    pub(crate) async fn claim(&self, signed: Signed) -> Result<Claimed, AgentError> {
        let Signed {
            user,
            nonce,
            claimant,
        } = signed;
        let [first, second, ..] = self.hasher.hash_one(&claimant).to_be_bytes();
        let slot = u16::from_be_bytes([first, second]);
        self.claims.check_key(&slot).map_err(|refusal| {
            let wait = refusal.wait_time_from(DefaultClock::default().now());
            AgentError::TooOften(wait.as_secs().saturating_add(1))
        })?;
        let entry = nonce.entry(user.as_str());
        if self.registry.add_entry(entry, b"", None).await? {
            Ok(Claimed { user })
        } else {
            Err(AgentError::NonceReused)
        }
    }

    /// Creates an account and logs it in; when it was created.
    pub(crate) async fn create_account(
        &self,
        claimed: Claimed,
        mut new: NewAccount,
        principal: String,
        seconds: u64,
    ) -> Result<(Timestamp, Token), AgentError> {
        let account = Account {
            password: std::mem::take(&mut *new.password),
            email: new.email,
            phone: new.phone,
            principal,
            created: self.registry.now().as_unix(),
        };
        account.add(&self.registry, &claimed.user).await?;
        let token = self.begin_session(claimed, seconds).await?;
        Ok((account.created_at(), token))
    }

    /// Begins a session.
    pub(crate) async fn begin_session(
        &self,
        claimed: Claimed,
        seconds: u64,
    ) -> Result<Token, AgentError> {
        self.sessions
            .begin(&self.registry, &claimed.user, seconds)
            .await
    }

    /// Begins a session in place of another.
    pub(crate) async fn refresh(
        &self,
        session: &Session,
        seconds: u64,
    ) -> Result<Token, AgentError> {
        self.forget_ended_sessions().await?;
        self.sessions
            .refresh(&self.registry, session, seconds)
            .await
    }

    /// Ends a session.
    pub(crate) async fn end_session(&self, session: &Session) -> Result<(), AgentError> {
        self.forget_ended_sessions().await?;
        self.sessions.end(&self.registry, session).await
    }

    /// Removes the ended sessions that would be over by now: whatever adds one calls this first,
    /// so that there are never more than those of the last hour.
    async fn forget_ended_sessions(&self) -> Result<(), AgentError> {
        self.registry.forget_entries().await?;
        Ok(())
    }

    /// The key of `user` with this id.
    pub(crate) async fn key(&self, user: &UserName, id: &KeyName) -> Result<Key, AgentError> {
        let found = Key::find(&self.registry, user, id).await?;
        found.ok_or(AgentError::KeyUnknown)
    }

    /// Makes a key; when it was made.
    pub(crate) async fn create_key(
        &self,
        claimed: Claimed,
        asked: AskedKey<'_>,
        key_signature: &Signature,
    ) -> Result<Timestamp, AgentError> {
        let Claimed { user } = claimed;
        // A key costs up to seconds of computing, so an id that is taken is told first.
        if Key::find(&self.registry, &user, asked.id).await?.is_some() {
            return Err(AgentError::KeyExists);
        }
        let algorithm = asked.algorithm;
        let pair = self.makers.run(move || algorithm.generate()).await?;
        let new = NewKey {
            algorithm,
            namespace: asked.namespace,
            host: asked.host,
            user: &user,
            id: asked.id,
            key_signature: key_signature.bytes(),
        };
        let now = self.registry.now();
        let key = Key::seal(new, &pair.private, pair.public, now)?;
        key.add(&self.registry, &user, asked.id).await?;
        Ok(now)
    }

    /// Signs `data` with a key.
    pub(crate) async fn sign(
        &self,
        claimed: Claimed,
        id: &KeyName,
        key: &Key,
        key_signature: &Signature,
        data: Vec<u8>,
    ) -> Result<Vec<u8>, AgentError> {
        let private = open(&claimed, id, key, key_signature)?;
        let algorithm = key.algorithm;
        self.users
            .run(move || algorithm.sign(&private, &data))
            .await
    }

    /// The secret that a key shares with the owner of another public key.
    pub(crate) async fn agree(
        &self,
        claimed: Claimed,
        id: &KeyName,
        key: &Key,
        key_signature: &Signature,
        peer: Vec<u8>,
    ) -> Result<Zeroizing<Vec<u8>>, AgentError> {
        let private = open(&claimed, id, key, key_signature)?;
        let algorithm = key.algorithm;
        self.users
            .run(move || algorithm.agree(&private, &peer))
            .await
    }
}

/// What key is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AskedKey<'a> {
    pub(crate) algorithm: Algorithm,
    pub(crate) namespace: &'static str,
    pub(crate) host: &'a str,
    pub(crate) id: &'a KeyName,
}

fn open(
    claimed: &Claimed,
    id: &KeyName,
    key: &Key,
    key_signature: &Signature,
) -> Result<Zeroizing<Vec<u8>>, AgentError> {
    key.open(&claimed.user, id, key_signature.bytes())
        .ok_or(AgentError::WrongKeySignature)
}

impl fmt::Debug for Agents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Agents")
            .field("trials", &self.trials)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for NewAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NewAccount(***)")
    }
}
