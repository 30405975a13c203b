//! The embedded store.

use std::sync::Arc;

use async_trait::async_trait;
use countersign_key_server::store::CredentialStore;
use countersign_key_server::store::sqlite::SqliteStore;
use tempfile::TempDir;

use crate::support::Fixture;

struct Sqlite(TempDir);

#[async_trait]
impl Fixture for Sqlite {
    async fn start() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    async fn open(&self) -> Arc<dyn CredentialStore> {
        let path = self.0.path().join("creds.db");
        Arc::new(SqliteStore::open(path).unwrap())
    }
}

conformance!(Sqlite);
