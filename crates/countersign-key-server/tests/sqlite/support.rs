//! What the tests stand on.

use std::path::{Path, PathBuf};

use countersign_core::{Algorithm, Timestamp};
use countersign_key_server::credential::{AuthScheme, CredentialId, Principal};
use countersign_key_server::seal::Sealed;
use countersign_key_server::store::sqlite::SqliteStore;
use countersign_key_server::store::{
    Creation, CredentialStore as _, Life, Record, Revision, StoreError, StoreErrorKind,
};
use tempfile::TempDir;

/// A folder of its own for a database file.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.path().join("creds.db")
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.path().join("creds.db-wal")
    }

    pub(crate) fn open(&self) -> SqliteStore {
        SqliteStore::open(self.database()).unwrap()
    }

    /// Why the file cannot be opened: an error of this kind that names the file.
    pub(crate) fn refusal(&self, kind: StoreErrorKind) -> String {
        refusal(&self.database(), kind)
    }

    /// A closed store with `records` usual records.
    pub(crate) async fn with_records(records: usize) -> Self {
        let folder = Self::new();
        let store = folder.open();
        create(&store, 0..records).await;
        store.close().await;
        folder
    }
}

/// Why `path` cannot be opened: an error of this kind that names it.
pub(crate) fn refusal(path: &Path, kind: StoreErrorKind) -> String {
    let error = SqliteStore::open(path).unwrap_err();
    let text = error.to_string();
    assert_eq!(error.kind(), kind, "{text}");
    assert!(text.contains(path.to_str().unwrap()), "{text}");
    text
}

pub(crate) fn id(text: &str) -> CredentialId {
    CredentialId::parse(text).unwrap()
}

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix(1_700_000_000 + seconds)
}

pub(crate) fn record(name: &str, whose: &str) -> Record {
    Record {
        id: id(name),
        principal: Principal::parse(whose).unwrap(),
        scheme: AuthScheme::AuthKey,
        algorithm: Algorithm::Sha256,
        created_at: at(0),
        life: Life::default(),
        last_used_at: None,
        // As long as the sealed secrets are.
        sealed: Sealed::from_bytes([7; 87]),
        revision: Revision::FIRST,
    }
}

/// The n-th usual record.
pub(crate) fn numbered(n: usize) -> Record {
    record(
        &format!("{n:032}"),
        &format!("user-{}@example.com", n % 100),
    )
}

/// Creates usual records.
pub(crate) async fn create(store: &SqliteStore, which: impl Iterator<Item = usize>) {
    for n in which {
        let creation = store.create(numbered(n).into()).await;
        assert_eq!(creation.unwrap(), Creation::Created);
    }
}

/// Every one of these usual records is there.
pub(crate) async fn check(store: &SqliteStore, which: impl Iterator<Item = usize>) {
    for n in which {
        let found = store.get(&numbered(n).id).await.unwrap();
        assert_eq!(found, Some(numbered(n)));
    }
}

/// The text of an error that says that the store is not to be had for now.
pub(crate) fn unavailable<T: std::fmt::Debug>(result: Result<T, StoreError>) -> String {
    let error = result.unwrap_err();
    let text = error.to_string();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable, "{text}");
    text
}
