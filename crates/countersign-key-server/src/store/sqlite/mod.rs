//! The embedded store: one SQLite file beside the server.
//!
//! Invariants:
//! * One thread writes. What waits is committed together, so that many callers
//!   share the cost of one `fsync`; nobody is answered before that commit is on the disk.
//! * A read waits for no writer: the file is in WAL mode.
//! * Records are never removed, so a row's number is its place in the order of creation.
//! * A file that is not this store's, is damaged or was made by a newer version is refused when
//!   it is opened, and left as it is.
//!
//! Several programs may have the file open at once; a command that makes a token while the server
//! runs is one.

mod credentials;
mod entries;
mod file;
mod keyring;
mod listing;
mod readers;
mod rows;
mod schema;
mod tokens;
mod trouble;
mod writer;

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use countersign_core::Timestamp;

use self::file::DatabaseFile;
use self::readers::Readers;
use self::trouble::Failure;
use self::writer::Writer;
use super::{
    Change, Creation, CredentialStore, Entry, EntryId, Life, Listing, NewRecord, Page, Record,
    Revision, Rotation, StoreError, StoreErrorKind, TokenId, TokenRecord, Update,
};
use crate::credential::CredentialId;
use crate::seal::Sealed;

/// How many uses are noted in one go, so that a creation never waits for more of them.
const USES_AT_ONCE: usize = 1000;

/// The fewest and the most connections for reading one record: one for each core is enough, as
/// each is in use for microseconds.
const LOOKUP_CONNECTIONS: std::ops::RangeInclusive<usize> = 2..=16;

/// How many listings are read at once.
const LISTING_CONNECTIONS: usize = 2;

/// Keeps credentials in a SQLite file.
///
/// Beside the file lie two others that belong to it, with `-wal` and `-shm` after its name. All of
/// them must be on a local disk: SQLite cannot share a WAL over a network file system.
pub struct SqliteStore {
    file: Arc<DatabaseFile>,
    /// For reads of one row, which are made on the thread of the caller: with the page in memory
    /// one takes about 4 µs, and to hand it to another thread and back costs more than that.
    lookups: Readers,
    /// For reads of many rows, which may pass over any number of deleted records and so have
    /// threads of their own.
    listings: Arc<Readers>,
    writer: Writer,
}

impl SqliteStore {
    /// Opens the store in the file `path`, which is made, readable by its owner only, when there
    /// is none. Takes milliseconds whatever the number of records, after a crash too.
    ///
    /// # Errors
    /// When there is no such folder, the file cannot be read and written, or is not a store of
    /// this version or an earlier one.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let file = Arc::new(DatabaseFile::find_or_create(path.as_ref())?);
        let trouble = |error| Failure::from(error).trouble(file.path());
        let mut connection = file.connect().map_err(trouble)?;
        if connection.is_readonly("main").map_err(trouble)? {
            return Err(StoreError::new(
                StoreErrorKind::Misconfigured,
                format!(
                    "the database file {} is read-only; make it writable",
                    file.path().display()
                ),
            ));
        }
        schema::prepare(&mut connection).map_err(|error| error.trouble(file.path()))?;
        let cores = std::thread::available_parallelism().map_or(1, Into::into);
        let lookups = cores.clamp(*LOOKUP_CONNECTIONS.start(), *LOOKUP_CONNECTIONS.end());
        let lookups = Readers::open(&file, lookups).map_err(trouble)?;
        let listings = Readers::open(&file, LISTING_CONNECTIONS).map_err(trouble)?;
        let writer = Writer::start(connection, file.clone()).map_err(|error| {
            let message = "the thread that writes to the database cannot be started";
            StoreError::new(StoreErrorKind::Unavailable, message).because(error)
        })?;
        Ok(Self {
            file,
            lookups,
            listings: Arc::new(listings),
            writer,
        })
    }

    /// Reads on this thread.
    fn look_up<T>(
        &self,
        read: impl FnOnce(&rusqlite::Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let read = self.lookups.read(read);
        read.map_err(|failure| failure.trouble(self.file.path()))
    }

    /// Reads on a thread that may take its time.
    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&rusqlite::Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let listings = self.listings.clone();
        let read = tokio::task::spawn_blocking(move || listings.read(read)).await;
        // The task is lost only when the program ends.
        let read = read.unwrap_or(Err(Failure::Closed));
        read.map_err(|failure| failure.trouble(self.file.path()))
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore")
            .field("path", &self.file.path())
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl CredentialStore for SqliteStore {
    fn kind(&self) -> &'static str {
        "sqlite"
    }

    async fn create(&self, new: NewRecord) -> Result<Creation, StoreError> {
        let create = move |connection: &_| credentials::create(connection, &new);
        self.writer.write(create).await
    }

    async fn get(&self, id: &CredentialId) -> Result<Option<Record>, StoreError> {
        self.look_up(|connection| credentials::find(connection, id))
    }

    async fn list(&self, listing: &Listing) -> Result<Page, StoreError> {
        let after = match &listing.after {
            None => 0,
            Some(position) => listing::row_of(position)?,
        };
        let wanted = listing.clone();
        self.read(move |connection| listing::read(connection, &wanted, after))
            .await
    }

    async fn update(
        &self,
        id: &CredentialId,
        expected: Revision,
        change: Change,
    ) -> Result<Update, StoreError> {
        let id = id.clone();
        self.writer
            .write(move |connection| credentials::update(connection, &id, expected, &change))
            .await
    }

    async fn rotate(
        &self,
        id: &CredentialId,
        expected: Revision,
        life: Life,
        successor: NewRecord,
    ) -> Result<Rotation, StoreError> {
        let id = id.clone();
        self.writer
            .write(move |connection| {
                credentials::rotate(connection, &id, expected, &life, &successor)
            })
            .await
    }

    async fn touch(&self, used: &[(CredentialId, Timestamp)]) -> Result<(), StoreError> {
        for some in used.chunks(USES_AT_ONCE) {
            let some = some.to_vec();
            self.writer
                .write(move |connection| credentials::touch(connection, &some))
                .await?;
        }
        Ok(())
    }

    async fn keyring(&self) -> Result<Option<(Vec<u8>, Revision)>, StoreError> {
        self.look_up(keyring::find)
    }

    async fn put_keyring(
        &self,
        sealed: &[u8],
        expected: Option<Revision>,
    ) -> Result<bool, StoreError> {
        let sealed = sealed.to_vec();
        self.writer
            .write(move |connection| keyring::put(connection, &sealed, expected))
            .await
    }

    async fn add_token(&self, token: TokenRecord) -> Result<bool, StoreError> {
        self.writer
            .write(move |connection| tokens::add(connection, &token))
            .await
    }

    async fn tokens(&self) -> Result<Vec<TokenRecord>, StoreError> {
        self.read(tokens::all).await
    }

    async fn revoke_token(&self, id: &TokenId, now: Timestamp) -> Result<bool, StoreError> {
        let id = id.clone();
        self.writer
            .write(move |connection| tokens::revoke(connection, &id, now))
            .await
    }

    async fn add_entry(&self, entry: Entry) -> Result<bool, StoreError> {
        self.writer
            .write(move |connection| entries::add(connection, &entry))
            .await
    }

    async fn entry(&self, id: &EntryId) -> Result<Option<Sealed>, StoreError> {
        self.look_up(|connection| entries::find(connection, id))
    }

    async fn replace_entry(
        &self,
        id: &EntryId,
        expected: &Sealed,
        sealed: Sealed,
    ) -> Result<bool, StoreError> {
        let (id, expected) = (id.clone(), expected.clone());
        self.writer
            .write(move |connection| entries::replace(connection, &id, &expected, &sealed))
            .await
    }

    async fn entries(
        &self,
        after: Option<&EntryId>,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        let after = after.cloned();
        self.read(move |connection| entries::list(connection, after.as_ref(), limit))
            .await
    }

    async fn forget_entries(&self, now: Timestamp) -> Result<u64, StoreError> {
        self.writer
            .write(move |connection| entries::forget(connection, now))
            .await
    }

    async fn ready(&self) -> Result<(), StoreError> {
        self.look_up(schema::read_something)?;
        // A commit, not only a lock: that the disk is full shows in nothing less.
        self.writer.write(schema::write_something).await
    }

    async fn close(&self) {
        let listings = self.listings.clone();
        // A listing that is under way is waited for.
        let closed = tokio::task::spawn_blocking(move || listings.close()).await;
        drop(closed);
        self.lookups.close();
        self.writer.close().await;
    }
}
