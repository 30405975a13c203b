//! PostgreSQL.

use std::sync::Arc;

use async_trait::async_trait;
use countersign_key_server::store::CredentialStore;
use countersign_key_server::store::postgres::PostgresStore;

use crate::postgres_server::PostgresServer;
use crate::support::Fixture;

struct Postgres(PostgresServer);

#[async_trait]
impl Fixture for Postgres {
    async fn start() -> Self {
        Self(PostgresServer::start())
    }

    async fn open(&self) -> Arc<dyn CredentialStore> {
        let url = self.0.url("postgres");
        Arc::new(PostgresStore::connect(&url).await.unwrap())
    }
}

conformance!(
    #[ignore = "needs PostgreSQL, which cargo xtask test installs"]
    Postgres
);
