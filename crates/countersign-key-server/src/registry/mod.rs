//! The rules of the key server, without HTTP: what is issued, who may see what, what changes how.
//!
//! Invariants:
//! * A secret is opened by [`Registry::reveal`], by the verification of a signature, and where a
//!   credential is issued; nothing else sees one.
//! * A store that is down or slow is an error, never "there is no such credential".
//! * Every wait for a store is bounded, and so is every repetition of a change that others raced.
//! * API tokens are enforced from the first one that was ever created, whether revoked or not.

mod caller;
mod change;
mod create;
mod cursor;
#[cfg(feature = "agent")]
mod entries;
mod error;
mod read;
mod rotate;
pub(crate) mod time;
mod tokens;
mod usage;
mod verify;

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use countersign_core::{Clock, SystemClock, Timestamp};

pub use self::caller::{Caller, Permission};
pub use self::change::{Expectation, Expiry, Patch};
pub use self::create::{Issued, NewCredential};
pub use self::error::{OperationError, RegistryError};
pub use self::read::ListedPage;
pub use self::rotate::MAX_OVERLAP;
use self::tokens::Tokens;
use self::usage::Usage;
use self::verify::Decoy;
pub use self::verify::{Recipe, ToVerify, Verdict};
use crate::seal::{Keyring, MasterKey};
use crate::store::{CredentialStore, StoreError, StoreErrorKind};

/// How long a store may take: many times what a healthy one needs, and less than the patience of
/// a caller.
const STORE_TIMEOUT: Duration = Duration::from_secs(5);

/// How often something is tried again that others raced, or a new id is drawn when one is taken.
const TRIES: u32 = 16;

/// Issues, finds, changes and verifies credentials that a store keeps sealed.
pub struct Registry {
    store: Arc<dyn CredentialStore>,
    keyring: Keyring,
    decoy: Decoy,
    tokens: Tokens,
    usage: Arc<Usage>,
    clock: Arc<dyn Clock>,
    max_active: Option<u32>,
    store_timeout: Duration,
}

impl Registry {
    /// Opens the keyring of `store` with the master key, or makes one in a new store.
    ///
    /// Starts a task that writes down when credentials were last used, so it must be called
    /// within a tokio runtime.
    ///
    /// # Errors
    /// When the master key does not open the keyring, or the store cannot be read or written.
    pub async fn open(
        store: Arc<dyn CredentialStore>,
        master: &MasterKey,
    ) -> Result<Self, RegistryError> {
        let keyring = keyring_of(&*store, master).await?;
        Ok(Self {
            decoy: Decoy::new(&keyring)?,
            keyring,
            tokens: Tokens::default(),
            usage: Usage::start(Arc::clone(&store)),
            store,
            clock: Arc::new(SystemClock),
            max_active: None,
            store_timeout: STORE_TIMEOUT,
        })
    }

    /// Tells the time from this clock; the system's unless set.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// The most active credentials that a principal may have; as many as it likes unless set.
    #[must_use]
    pub fn max_active(mut self, most: Option<u32>) -> Self {
        self.max_active = most;
        self
    }

    /// How long the store may take before it counts as down; 5 seconds unless set.
    #[must_use]
    pub fn store_timeout(mut self, longest: Duration) -> Self {
        self.store_timeout = longest;
        self
    }

    /// The present time.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Whether the store can be used at this moment.
    ///
    /// # Errors
    /// When it cannot, or does not answer in time.
    pub async fn ready(&self) -> Result<(), OperationError> {
        self.ask(self.store.ready()).await
    }

    /// Writes down what was used last and closes the store.
    pub async fn close(&self) {
        self.usage.close().await;
        self.store.close().await;
    }

    /// What the store answers, in time.
    async fn ask<T>(
        &self,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, OperationError> {
        match tokio::time::timeout(self.store_timeout, call).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) if error.kind() == StoreErrorKind::InvalidPosition => {
                Err(OperationError::InvalidCursor)
            }
            Ok(Err(error)) => {
                count(kind_name(error.kind()));
                let cause = std::error::Error::source(&error).map(tracing::field::display);
                tracing::error!(store = self.store.kind(), %error, cause, "the store failed");
                Err(OperationError::Store(error.kind()))
            }
            Err(_) => {
                count("timeout");
                let seconds = self.store_timeout.as_secs_f32();
                tracing::error!(
                    store = self.store.kind(),
                    seconds,
                    "the store did not answer"
                );
                Err(OperationError::Store(StoreErrorKind::Unavailable))
            }
        }
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry")
            .field("store", &self.store.kind())
            .field("keyring", &self.keyring)
            .field("max_active", &self.max_active)
            .field("store_timeout", &self.store_timeout)
            .finish_non_exhaustive()
    }
}

async fn keyring_of(
    store: &dyn CredentialStore,
    master: &MasterKey,
) -> Result<Keyring, RegistryError> {
    // Others may start on the same new store: whoever comes second takes the first one's keyring.
    for _ in 0..TRIES {
        if let Some((sealed, _)) = store.keyring().await? {
            return Ok(Keyring::from_bytes(&sealed, master)?);
        }
        let new = Keyring::generate()?;
        if store.put_keyring(&new.to_bytes(master)?, None).await? {
            return Ok(new);
        }
    }
    let message = "the store has no keyring and does not take one; check that it can be written";
    Err(StoreError::new(StoreErrorKind::Damaged, message).into())
}

fn count(kind: &'static str) {
    metrics::counter!("countersign_key_server_store_errors_total", "kind" => kind).increment(1);
}

const fn kind_name(kind: StoreErrorKind) -> &'static str {
    match kind {
        StoreErrorKind::Unavailable => "unavailable",
        StoreErrorKind::Damaged => "damaged",
        StoreErrorKind::Incompatible => "incompatible",
        StoreErrorKind::Misconfigured => "misconfigured",
        StoreErrorKind::InvalidPosition => "invalid_position",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::MemoryStore;

    #[tokio::test]
    async fn bad_222_another_master_key_does_not_open_the_registry_and_the_error_says_so() {
        let store: Arc<dyn CredentialStore> = Arc::new(MemoryStore::new());
        let (right, wrong) = (
            MasterKey::generate().unwrap(),
            MasterKey::generate().unwrap(),
        );
        Registry::open(Arc::clone(&store), &right).await.unwrap();
        let refused = Registry::open(Arc::clone(&store), &wrong)
            .await
            .unwrap_err();
        assert!(refused.to_string().contains("master key"), "{refused}");
        assert!(Registry::open(store, &right).await.is_ok());
    }

    #[tokio::test]
    async fn registries_that_start_at_once_on_a_new_store_have_one_keyring() {
        let store: Arc<dyn CredentialStore> = Arc::new(MemoryStore::new());
        let master = MasterKey::generate().unwrap();
        let open = || Registry::open(Arc::clone(&store), &master);
        let (one, other) = tokio::join!(open(), open());
        let (one, other) = (one.unwrap(), other.unwrap());
        assert_eq!(one.keyring.handle_of("a"), other.keyring.handle_of("a"));
    }
}
