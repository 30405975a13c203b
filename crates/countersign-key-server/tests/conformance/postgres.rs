//! PostgreSQL.

use std::sync::Arc;

use async_trait::async_trait;
use countersign_key_server::store::CredentialStore;
use countersign_key_server::store::postgres::PostgresStore;

use crate::postgres_server::PostgresServer;
use crate::support::Fixture;

struct Postgres {
    server: PostgresServer,
    database: String,
}

#[async_trait]
impl Fixture for Postgres {
    async fn start() -> Self {
        let server = PostgresServer::start();
        let database = server.create_database();
        Self { server, database }
    }

    async fn open(&self) -> Arc<dyn CredentialStore> {
        let url = self.server.url(&self.database);
        Arc::new(PostgresStore::connect(&url).await.unwrap())
    }
}

conformance!(
    #[ignore = "needs PostgreSQL, which cargo xtask test installs"]
    Postgres
);
