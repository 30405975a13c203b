//! Sessions: JSON web tokens, which say who has logged in, until when.
//!
//! Signed with HMAC-SHA256 by a key that the store keeps sealed, so they survive a restart and are
//! good at every server of the store. Ended sessions are kept until they would have ended anyway.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_core::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde::{Deserialize, Serialize};
use tokio::sync::OnceCell;
use zeroize::Zeroizing;

use super::AgentError;
use super::names::UserName;
use crate::registry::{OperationError, Registry};
use crate::seal::UnsealError;
use crate::store::{EntryId, EntryKind};

/// The longest session, in seconds, as in the original.
pub(crate) const LONGEST: u64 = 3600;

/// How long after a login its session can be refreshed, in seconds: a day, then the password is
/// needed again.
const LAST_REFRESH: i64 = 24 * 3600;

/// The longest token that is looked at: twice what is issued for the longest user name.
const MAX_TOKEN_LEN: usize = 1024;

/// The random bytes of a session's id.
const ID_BYTES: usize = 16;

/// The random bytes of the key.
const KEY_BYTES: usize = 32;

/// Somebody who is logged in.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) user: UserName,
    id: String,
    logged_in_at: Timestamp,
    expires_at: Timestamp,
}

/// A token as it is handed out.
pub(crate) struct Token {
    /// What the holder sends.
    pub(crate) jwt: Zeroizing<String>,
    /// The first second in which it is not taken.
    pub(crate) expires_at: Timestamp,
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token(***, until {})", self.expires_at.as_unix())
    }
}

#[derive(Deserialize, Serialize)]
struct Claims {
    sub: String,
    jti: String,
    iat: i64,
    exp: i64,
    /// When the password was shown.
    auth_time: i64,
}

/// What tokens are signed with.
struct Keys {
    sign: EncodingKey,
    verify: DecodingKey,
}

/// Issues sessions, finds and ends them.
#[derive(Default)]
pub(super) struct Sessions(OnceCell<Keys>);

impl Sessions {
    /// Begins a session of `seconds` seconds.
    pub(super) async fn begin(
        &self,
        registry: &Registry,
        user: &UserName,
        seconds: u64,
    ) -> Result<Token, AgentError> {
        let now = registry.now();
        self.issue(registry, user, now, after(now, seconds)).await
    }

    /// The session whose token this is; none when it is over, or the token is none of ours.
    pub(super) async fn find(
        &self,
        registry: &Registry,
        jwt: &str,
    ) -> Result<Option<Session>, AgentError> {
        if jwt.len() > MAX_TOKEN_LEN {
            return Ok(None);
        }
        let mut validation = Validation::new(Algorithm::HS256);
        // The time is told by the registry's clock, below.
        validation.validate_exp = false;
        validation.required_spec_claims.clear();
        let keys = self.keys(registry).await?;
        let Ok(token) = decode::<Claims>(jwt, &keys.verify, &validation) else {
            return Ok(None);
        };
        let claims = token.claims;
        let Ok(user) = UserName::parse(claims.sub) else {
            return Ok(None);
        };
        let session = Session {
            user,
            id: claims.jti,
            logged_in_at: Timestamp::from_unix(claims.auth_time),
            expires_at: Timestamp::from_unix(claims.exp),
        };
        if session.expires_at <= registry.now() {
            return Ok(None);
        }
        let ended = registry.entry(&session.end_entry()).await?.is_some();
        Ok((!ended).then_some(session))
    }

    /// Ends a session and begins one in its place; of racing calls, one does.
    pub(super) async fn refresh(
        &self,
        registry: &Registry,
        session: &Session,
        seconds: u64,
    ) -> Result<Token, AgentError> {
        let now = registry.now();
        let last = session.logged_in_at.plus(LAST_REFRESH);
        if last <= now {
            return Err(AgentError::NoSession);
        }
        let expires_at = after(now, seconds).min(last);
        self.end(registry, session).await?;
        self.issue(registry, &session.user, session.logged_in_at, expires_at)
            .await
    }

    /// Ends a session before its time.
    pub(super) async fn end(
        &self,
        registry: &Registry,
        session: &Session,
    ) -> Result<(), AgentError> {
        let needed_until = Some(session.expires_at);
        let entry = session.end_entry();
        if registry.add_entry(entry, b"", needed_until).await? {
            Ok(())
        } else {
            Err(AgentError::NoSession)
        }
    }

    async fn issue(
        &self,
        registry: &Registry,
        user: &UserName,
        logged_in_at: Timestamp,
        expires_at: Timestamp,
    ) -> Result<Token, AgentError> {
        let mut id = [0; ID_BYTES];
        getrandom::fill(&mut id)?;
        let claims = Claims {
            sub: user.as_str().to_owned(),
            jti: URL_SAFE_NO_PAD.encode(id),
            iat: registry.now().as_unix(),
            exp: expires_at.as_unix(),
            auth_time: logged_in_at.as_unix(),
        };
        let keys = self.keys(registry).await?;
        let jwt = encode(&Header::new(Algorithm::HS256), &claims, &keys.sign)
            .map(Zeroizing::new)
            .map_err(|error| {
                tracing::error!(%error, "a session token cannot be signed");
                AgentError::Operation(OperationError::Unreadable(UnsealError::Damaged))
            })?;
        Ok(Token { jwt, expires_at })
    }

    async fn keys(&self, registry: &Registry) -> Result<&Keys, AgentError> {
        self.0.get_or_try_init(|| Keys::of(registry)).await
    }
}

impl Session {
    /// What says that it was ended.
    fn end_entry(&self) -> EntryId {
        EntryId::new(EntryKind::EndedSession, self.user.as_str(), &self.id)
    }
}

impl Keys {
    /// Those of the store, which are made when there are none yet.
    async fn of(registry: &Registry) -> Result<Self, AgentError> {
        let id = || EntryId::new(EntryKind::TokenKey, "", "1");
        if let Some(kept) = registry.entry(&id()).await? {
            return Self::from_secret(&kept);
        }
        let mut secret = Zeroizing::new([0; KEY_BYTES]);
        getrandom::fill(&mut *secret)?;
        if registry.add_entry(id(), &*secret, None).await? {
            return Self::from_secret(&*secret);
        }
        // Another server of the store was faster.
        match registry.entry(&id()).await? {
            Some(kept) => Self::from_secret(&kept),
            None => Err(OperationError::Contended.into()),
        }
    }

    fn from_secret(secret: &[u8]) -> Result<Self, AgentError> {
        let unusable = |_| OperationError::Unreadable(UnsealError::Damaged);
        Ok(Self {
            sign: EncodingKey::from_secret(secret).map_err(unusable)?,
            verify: DecodingKey::from_secret(secret).map_err(unusable)?,
        })
    }
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sessions(***)")
    }
}

fn after(now: Timestamp, seconds: u64) -> Timestamp {
    now.plus(i64::try_from(seconds.min(LONGEST)).unwrap_or(0))
}
