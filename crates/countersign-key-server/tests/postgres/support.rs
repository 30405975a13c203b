//! What the tests stand on.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use countersign_core::{Algorithm, Timestamp};
use countersign_key_server::credential::{AuthScheme, CredentialId, Principal};
use countersign_key_server::seal::Sealed;
use countersign_key_server::store::postgres::PostgresStore;
use countersign_key_server::store::{
    Creation, CredentialStore as _, Idempotency, Life, NewRecord, Record, Revision, StoreError,
    StoreErrorKind,
};

use crate::postgres_server::PostgresServer;

/// How long a test waits for what must come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn id(name: &str) -> CredentialId {
    CredentialId::parse(name).unwrap()
}

pub(crate) fn record(name: &str) -> Record {
    Record {
        id: id(name),
        principal: Principal::parse("dave@example.com").unwrap(),
        scheme: AuthScheme::Mac,
        algorithm: Algorithm::Sha256,
        created_at: Timestamp::from_unix(1_700_000_000),
        life: Life::default(),
        last_used_at: None,
        sealed: Sealed::from_bytes(format!("sealed for {name}").into_bytes()),
        revision: Revision::FIRST,
    }
}

/// The record, limited and with an idempotency key: what takes the most steps.
pub(crate) fn demanding(name: &str) -> NewRecord {
    NewRecord {
        record: record(name),
        idempotency: Some(Idempotency {
            key: [7; 32],
            fingerprint: [8; 32],
            until: Timestamp::from_unix(1_700_001_000),
        }),
        max_active: Some(1),
    }
}

/// Why the store at `url` cannot be opened.
pub(crate) async fn refusal(url: &str) -> StoreError {
    PostgresStore::connect(url).await.unwrap_err()
}

pub(crate) fn assert_refused<T: std::fmt::Debug>(
    result: Result<T, StoreError>,
    kind: StoreErrorKind,
    saying: &str,
) {
    let error = result.unwrap_err();
    assert_eq!(error.kind(), kind, "{error}");
    assert!(error.to_string().contains(saying), "{error}");
}

/// That the store works, before long.
pub(crate) async fn assert_recovers(store: &PostgresStore) {
    let begun = Instant::now();
    while let Err(error) = store.ready().await {
        assert_eq!(error.kind(), StoreErrorKind::Unavailable, "{error}");
        assert!(begun.elapsed() < PATIENCE, "{error}");
    }
    let creation = store.create(record("after-the-outage").into()).await;
    assert_eq!(creation.unwrap(), Creation::Created);
}

/// A session of somebody else, which stays in its transaction until it is dropped.
pub(crate) struct Holding(Child);

impl Holding {
    /// Begins a transaction with `statements` and waits until they are done.
    pub(crate) fn begin(server: &PostgresServer, statements: &str) -> Self {
        let transaction = format!("BEGIN; {statements}; SELECT pg_sleep(600)");
        let session = server
            .psql("postgres")
            .arg(transaction)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        wait_for(server, "wait_event = 'PgSleep'");
        Self(session)
    }

    /// Rolls it back, which the end of the session alone does only when its sleep is over.
    pub(crate) fn end(self, server: &PostgresServer) {
        let sleeping = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
             WHERE wait_event = 'PgSleep'";
        server.sql("postgres", sleeping);
        drop(self);
    }
}

impl Drop for Holding {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Waits until there is a session of which `what` is true.
pub(crate) fn wait_for(server: &PostgresServer, what: &str) {
    let question = format!("SELECT count(*) FROM pg_stat_activity WHERE {what}");
    let begun = Instant::now();
    while server.sql("postgres", &question) == "0" {
        assert!(begun.elapsed() < PATIENCE, "{what}");
    }
}
