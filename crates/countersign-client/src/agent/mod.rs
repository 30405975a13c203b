//! The agent API: accounts, and keys that a server makes, keeps and uses for them.
//!
//! A private key never leaves the server, and the server cannot open it either: that takes the
//! password of the key, which is not sent. What is sent is made from it for this account, server
//! and key. The account password signs every request that makes or uses a key.
//!
//! Invariants:
//! * Every signed request has a nonce of its own. One whose outcome is not known is never sent
//!   again by itself; see [`AgentClient`].
//! * Passwords, tokens, key signatures and shared secrets are wiped after use and shown by no
//!   `Debug`.

mod account;
mod answer;
mod key;
mod nonce;
mod request;
mod session;
mod signature;
mod text;

use std::fmt;
use std::time::Duration;

use countersign_core::ConfigError;

pub use self::account::{Account, ApiKey, CreatedAccount, NewAccount};
use self::answer::{
    AlgorithmsBody, Answered, CreatedBody, NothingBody, PublicKeyBody, SessionBody,
    SharedSecretBody, SignatureBody, StoredBody,
};
pub use self::key::{Key, KeyAlgorithm, NAMESPACE, PublicKey, SharedSecret, StoredKey};
use self::request::{Body, Use};
pub use self::session::{LONGEST_SESSION, Session};
pub use self::text::Password;
use crate::connection::{Call, Connection, Repeat};
use crate::error::{ClientError, ErrorKind};
use crate::wire;

/// The most bytes of an answer: the list of algorithms has a tenth of it.
const MAX_ANSWER: usize = 64 * 1024;

/// How long a whole call may take unless set: the key server takes seconds to make an RSA key, and
/// holds back what it answers to wrong signatures for up to 8 seconds.
pub const DEFAULT_AGENT_TIMEOUT: Duration = Duration::from_secs(30);

/// Speaks to the agent API of a key server.
///
/// The server's name is part of what is signed, with its port unless that is the scheme's own: a
/// proxy on the way must leave `Host` as it is.
///
/// What changes something is sent once. When its outcome is not known
/// ([`Unreachable`](ErrorKind::Unreachable), [`Unavailable`](ErrorKind::Unavailable)), it may have
/// happened: look first, with [`login`](AgentClient::login) or
/// [`public_key`](AgentClient::public_key), before it is asked for again. What only reads is
/// repeated for a while; see [`ConnectionBuilder`](crate::ConnectionBuilder).
///
/// The API token of the connection is for the API of credentials, and is not shown to this one.
///
/// ```no_run
/// use countersign_client::agent::{Account, AgentClient, Key, LONGEST_SESSION, Password};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let client = AgentClient::to("https://keys.example.com")?;
/// let account = Account::new("dave", Password::new(std::env::var("ACCOUNT_PASSWORD")?)?)?;
/// let session = client.login(&account, LONGEST_SESSION).await?;
///
/// let key = Key::new("ed448", "MyKey", Password::new(std::env::var("KEY_PASSWORD")?)?)?;
/// client.create_key(&session, &account, &key).await?;
/// let signature = client.sign_data(&session, &account, &key, b"an order").await?;
/// # let _ = signature;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct AgentClient {
    connection: Connection,
}

impl AgentClient {
    /// Speaks over `connection`, whose time for a call should be [`DEFAULT_AGENT_TIMEOUT`].
    pub fn new(connection: Connection) -> Self {
        Self { connection }
    }

    /// Speaks to the key server at `url`, with nothing else set than [`DEFAULT_AGENT_TIMEOUT`].
    ///
    /// # Errors
    /// When the URL cannot be used.
    pub fn to(url: impl Into<String>) -> Result<Self, ConfigError> {
        let connection = Connection::builder(url).timeout(DEFAULT_AGENT_TIMEOUT);
        connection.build().map(Self::new)
    }

    /// Creates an account, which begins with a session.
    ///
    /// # Errors
    /// [`Refused`](ErrorKind::Refused) when the API key is not known or has another secret;
    /// [`Conflict`](ErrorKind::Conflict) when there is such an account.
    pub async fn create_account(
        &self,
        new: &NewAccount,
        api_key: &ApiKey,
    ) -> Result<CreatedAccount, ClientError> {
        let seconds = self.seconds(new.session_lifetime())?;
        let body = request::create_account(new, api_key, &self.host(), &self.nonce()?, seconds);
        let call = self.call("Account/Create", None, Repeat::Forbidden, body)?;
        self.said::<CreatedBody>(&call).await
    }

    /// Begins a session that lasts for `lifetime`, in whole seconds.
    ///
    /// # Errors
    /// [`Refused`](ErrorKind::Refused) when there is no such account, or it has another password.
    pub async fn login(
        &self,
        account: &Account,
        lifetime: Duration,
    ) -> Result<Session, ClientError> {
        let seconds = self.seconds(lifetime)?;
        let body = request::login(account, &self.host(), &self.nonce()?, seconds);
        let call = self.call("Account/Login", None, Repeat::Forbidden, body)?;
        self.said::<SessionBody>(&call).await
    }

    /// Begins a session in place of `session`, which ends.
    ///
    /// # Errors
    /// [`Refused`](ErrorKind::Refused) when the session has ended.
    pub async fn refresh(
        &self,
        session: &Session,
        lifetime: Duration,
    ) -> Result<Session, ClientError> {
        let body = request::refresh(self.seconds(lifetime)?);
        let call = self.call("Account/Refresh", Some(session), Repeat::Forbidden, body)?;
        self.said::<SessionBody>(&call).await
    }

    /// Ends `session`.
    ///
    /// # Errors
    /// [`Refused`](ErrorKind::Refused) when it has ended already.
    pub async fn logout(&self, session: &Session) -> Result<(), ClientError> {
        let body = request::empty();
        let call = self.call("Account/Logout", Some(session), Repeat::Forbidden, body)?;
        self.said::<NothingBody>(&call).await
    }

    /// The algorithms for which the server makes keys.
    ///
    /// # Errors
    /// [`Refused`](ErrorKind::Refused) when the session has ended.
    pub async fn algorithms(&self, session: &Session) -> Result<Vec<KeyAlgorithm>, ClientError> {
        let body = request::empty();
        let call = self.call("Crypto/GetAlgorithms", Some(session), Repeat::Allowed, body)?;
        self.said::<AlgorithmsBody>(&call).await
    }

    /// Has the server make `key` for `account`, whose session it is.
    ///
    /// # Errors
    /// [`Refused`](ErrorKind::Refused) when the session has ended or the account has another
    /// password, [`NotFound`](ErrorKind::NotFound) when the server does not know the algorithm,
    /// [`Conflict`](ErrorKind::Conflict) when the account has a key with this id.
    pub async fn create_key(
        &self,
        session: &Session,
        account: &Account,
        key: &Key,
    ) -> Result<StoredKey, ClientError> {
        let body = request::create_key(account, key, &self.host(), &self.nonce()?);
        let call = self.call("Crypto/CreateKey", Some(session), Repeat::Forbidden, body)?;
        self.said::<StoredBody>(&call).await
    }

    /// The public half of the key `id` of the session's account.
    ///
    /// # Errors
    /// [`NotFound`](ErrorKind::NotFound) when the account has no such key,
    /// [`Invalid`](ErrorKind::Invalid) when the id is empty or has a colon.
    pub async fn public_key(&self, session: &Session, id: &str) -> Result<PublicKey, ClientError> {
        let id = text::part("id of the key", id);
        let id = id.map_err(|error| self.invalid(format!("was not asked: {error}")))?;
        let body = request::public_key(&id);
        let call = self.call("Crypto/GetPublicKey", Some(session), Repeat::Allowed, body)?;
        self.said::<PublicKeyBody>(&call).await
    }

    /// What `key` signs of `data`, in the form of its algorithm.
    ///
    /// # Errors
    /// [`Refused`](ErrorKind::Refused) when a password is wrong, the session has ended, or the key
    /// was made for another algorithm or server name, [`NotFound`](ErrorKind::NotFound) when there
    /// is no such key, [`Invalid`](ErrorKind::Invalid) when its algorithm signs nothing.
    pub async fn sign_data(
        &self,
        session: &Session,
        account: &Account,
        key: &Key,
        data: &[u8],
    ) -> Result<Vec<u8>, ClientError> {
        let body = self.body_to_use(account, key, Use::Sign(data))?;
        let call = self.call("Crypto/SignData", Some(session), Repeat::Forbidden, body)?;
        self.said::<SignatureBody>(&call).await
    }

    /// The secret that `key` shares with the owner of `public_key`, which is in the form of the
    /// key's own algorithm.
    ///
    /// # Errors
    /// As [`sign_data`](AgentClient::sign_data).
    pub async fn shared_secret(
        &self,
        session: &Session,
        account: &Account,
        key: &Key,
        public_key: &[u8],
    ) -> Result<SharedSecret, ClientError> {
        let body = self.body_to_use(account, key, Use::Agree(public_key))?;
        let call = self.call(
            "Crypto/GetSharedSecret",
            Some(session),
            Repeat::Forbidden,
            body,
        )?;
        self.said::<SharedSecretBody>(&call).await
    }

    fn body_to_use(
        &self,
        account: &Account,
        key: &Key,
        asked: Use<'_>,
    ) -> Result<Body, ClientError> {
        let nonce = self.nonce()?;
        Ok(request::use_key(account, key, &self.host(), &nonce, asked))
    }

    fn call(
        &self,
        resource: &str,
        session: Option<&Session>,
        repeat: Repeat,
        body: Body,
    ) -> Result<Call, ClientError> {
        let url = self.connection.base().below(&format!("Agent/{resource}"));
        let session = session.and_then(Session::authorization);
        let body = body.map_err(|_| self.invalid("was not asked: there is no JSON for it"))?;
        Ok(Call::agent(url, session, repeat, MAX_ANSWER).json(body))
    }

    async fn said<A: Answered>(&self, call: &Call) -> Result<A::Said, ClientError> {
        let answer = self.connection.call(call).await?;
        wire::json::<A>(&answer.body)
            .and_then(A::read)
            .map_err(|wrong| self.connection.protocol(wrong).with_status(answer.status))
    }

    /// As every request will have it.
    fn host(&self) -> String {
        self.connection.base().host()
    }

    fn nonce(&self) -> Result<String, ClientError> {
        nonce::nonce().map_err(|_| self.invalid("was not asked: the system has no random numbers"))
    }

    fn seconds(&self, lifetime: Duration) -> Result<u64, ClientError> {
        session::seconds(lifetime)
            .ok_or_else(|| self.invalid("was not asked: a session lasts from 1 to 3600 seconds"))
    }

    fn invalid(&self, sentence: impl Into<String>) -> ClientError {
        self.connection.error(ErrorKind::Invalid, sentence)
    }
}

impl fmt::Debug for AgentClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AgentClient")
            .field("connection", &self.connection)
            .finish()
    }
}

#[cfg(test)]
mod tests;
