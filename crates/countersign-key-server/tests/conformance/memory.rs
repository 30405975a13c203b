//! The store that forgets, which is the model of the others.

use std::sync::Arc;

use async_trait::async_trait;
use countersign_key_server::store::{CredentialStore, MemoryStore};

use crate::support::Fixture;

struct Memory(Arc<MemoryStore>);

#[async_trait]
impl Fixture for Memory {
    async fn start() -> Self {
        Self(Arc::default())
    }

    async fn open(&self) -> Arc<dyn CredentialStore> {
        self.0.clone()
    }
}

conformance!(Memory);
