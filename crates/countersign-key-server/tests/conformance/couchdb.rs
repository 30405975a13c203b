//! CouchDB, or rather what stands in for it in tests.

use std::sync::Arc;

use async_trait::async_trait;
use countersign_key_server::store::CredentialStore;
use countersign_key_server::store::couchdb::CouchStore;

use crate::support::{Fixture, Limits};

#[path = "../support/couch_server.rs"]
mod couch_server;

use self::couch_server::{CouchServer, Keeping};

struct CouchDb(CouchServer);

#[async_trait]
impl Fixture for CouchDb {
    const LIMITS: Limits = Limits::Refused;

    async fn start() -> Self {
        let start = || CouchServer::start(Keeping::InMemory);
        Self(tokio::task::spawn_blocking(start).await.unwrap())
    }

    async fn open(&self) -> Arc<dyn CredentialStore> {
        Arc::new(CouchStore::connect(&self.0.url("creds")).await.unwrap())
    }
}

conformance!(
    #[ignore = "needs pouchdb-server, which cargo xtask test installs"]
    CouchDb
);
