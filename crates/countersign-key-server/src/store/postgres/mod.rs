//! PostgreSQL, for several key servers on one store.
//!
//! Invariants:
//! * A call is one statement or one transaction, so it happens whole or not at all. It runs in a
//!   task of its own: a caller that goes away neither undoes it nor leaves a connection half read.
//! * Every call ends within [`CALL_TIMEOUT`], whatever the database does. An error then means
//!   "unknown": the change may have been made.
//! * A connection is used again only when nothing was under way on it. When the database is back
//!   after an outage, so is the store, by itself.
//! * What was acknowledged is on the database's disk: `synchronous_commit` is on where the
//!   operator's default is `off`. (Other values of it are the operator's choice about replicas;
//!   `fsync = off` cannot be helped from here, so a warning is logged.)
//!
//! # The address
//! `postgres://user:password@host:port/database`, or `postgresql://…`. What is no letter, digit,
//! `-`, `.`, `_` or `~` is written as `%XX`. Several hosts are separated by commas, and the first
//! that takes writes is used. After a `?`, separated by `&`:
//!
//! | parameter | |
//! |---|---|
//! | `sslmode` | `require` encrypts and checks the certificate and its name, more than libpq does under that word; `verify-full` means the same. `disable` does not encrypt. `prefer` encrypts if the server offers it, for hosts on this machine only. Default: `disable` for `localhost`, loopback addresses and Unix sockets, `require` for all others |
//! | `sslrootcert` | a PEM file with the authorities to trust, instead of the public ones |
//! | `passfile` | a file with the password alone, or a `.pgpass`; only its owner may read it |
//! | `host`, `port`, `user`, `password`, `dbname` | instead of those above; a host that begins with `/` is the directory of a Unix socket |
//! | `application_name`, `options` | as in libpq; `options=-csearch_path%3Dcreds` chooses a schema |
//!
//! # Deployment
//! * PostgreSQL 12 or newer, with a database in UTF-8. The tables are created at the first start,
//!   in the first schema of the search path, and begin with `countersign_`; later the role needs
//!   `SELECT`, `INSERT`, `UPDATE` and `DELETE` on them only, until a new version of this program
//!   changes the tables.
//! * Each server holds up to [`MAX_CONNECTIONS`] connections.
//! * Through a pooler that gives every transaction another connection, settings of the session are
//!   lost: let it pool sessions.
//! * Listings are ordered by a number that is drawn at the beginning of a creation. One that
//!   commits late can stand before what was already listed; it was not there throughout.

mod address;
mod error;
mod operation;
mod pool;
mod row;
mod schema;

use async_trait::async_trait;
use countersign_core::Timestamp;

use self::address::Address;
use self::operation::{
    AddEntry, AddToken, Check, Create, Find, FindEntry, ForgetEntries, ListEntries, ListPage,
    PutKeyring, ReadKeyring, ReadTokens, ReplaceEntry, RevokeToken, Rotate, Touch, UpdateRecord,
};
use self::pool::Pool;
pub use self::pool::{CALL_TIMEOUT, MAX_CONNECTIONS};
use super::{
    Change, Creation, CredentialStore, Entry, EntryId, Life, Listing, NewRecord, Page, Record,
    Revision, Rotation, StoreError, TokenId, TokenRecord, Update,
};
use crate::credential::CredentialId;
use crate::seal::Sealed;

/// Keeps credentials in a PostgreSQL database.
#[derive(Debug)]
pub struct PostgresStore(Pool);

impl PostgresStore {
    /// Opens the store at `url`, and creates or upgrades its tables when that is needed. Several
    /// servers may do so at once.
    ///
    /// # Errors
    /// [`Misconfigured`](super::StoreErrorKind::Misconfigured) when the address cannot be right or
    /// the database does not let this role in; [`Unavailable`](super::StoreErrorKind::Unavailable)
    /// when it does not answer; [`Incompatible`](super::StoreErrorKind::Incompatible) when its
    /// tables are of a newer version of this program, or what answers is no PostgreSQL.
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        let pool = Pool::new(Address::parse(url)?)?;
        schema::prepare(&pool).await?;
        Ok(Self(pool))
    }
}

#[async_trait]
impl CredentialStore for PostgresStore {
    fn kind(&self) -> &'static str {
        "postgres"
    }

    async fn create(&self, new: NewRecord) -> Result<Creation, StoreError> {
        self.0.run(Create(new)).await
    }

    async fn get(&self, id: &CredentialId) -> Result<Option<Record>, StoreError> {
        self.0.run(Find(id.clone())).await
    }

    async fn list(&self, listing: &Listing) -> Result<Page, StoreError> {
        self.0.run(ListPage::new(listing)?).await
    }

    async fn update(
        &self,
        id: &CredentialId,
        expected: Revision,
        change: Change,
    ) -> Result<Update, StoreError> {
        let id = id.clone();
        self.0
            .run(UpdateRecord {
                id,
                expected,
                change,
            })
            .await
    }

    async fn rotate(
        &self,
        id: &CredentialId,
        expected: Revision,
        life: Life,
        successor: NewRecord,
    ) -> Result<Rotation, StoreError> {
        let rotate = Rotate {
            id: id.clone(),
            expected,
            life,
            successor,
        };
        self.0.run(rotate).await
    }

    async fn touch(&self, used: &[(CredentialId, Timestamp)]) -> Result<(), StoreError> {
        for part in Touch::parts(used) {
            self.0.run(part).await?;
        }
        Ok(())
    }

    async fn keyring(&self) -> Result<Option<(Vec<u8>, Revision)>, StoreError> {
        self.0.run(ReadKeyring).await
    }

    async fn put_keyring(
        &self,
        sealed: &[u8],
        expected: Option<Revision>,
    ) -> Result<bool, StoreError> {
        let sealed = sealed.to_vec();
        self.0.run(PutKeyring { sealed, expected }).await
    }

    async fn add_token(&self, token: TokenRecord) -> Result<bool, StoreError> {
        self.0.run(AddToken(token)).await
    }

    async fn tokens(&self) -> Result<Vec<TokenRecord>, StoreError> {
        self.0.run(ReadTokens).await
    }

    async fn revoke_token(&self, id: &TokenId, now: Timestamp) -> Result<bool, StoreError> {
        let id = id.clone();
        self.0.run(RevokeToken { id, now }).await
    }

    async fn add_entry(&self, entry: Entry) -> Result<bool, StoreError> {
        self.0.run(AddEntry(entry)).await
    }

    async fn entry(&self, id: &EntryId) -> Result<Option<Sealed>, StoreError> {
        self.0.run(FindEntry(id.clone())).await
    }

    async fn replace_entry(
        &self,
        id: &EntryId,
        expected: &Sealed,
        sealed: Sealed,
    ) -> Result<bool, StoreError> {
        let replace = ReplaceEntry {
            id: id.clone(),
            expected: expected.clone(),
            sealed,
        };
        self.0.run(replace).await
    }

    async fn entries(
        &self,
        after: Option<&EntryId>,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        let after = after.cloned();
        self.0.run(ListEntries { after, limit }).await
    }

    async fn forget_entries(&self, now: Timestamp) -> Result<u64, StoreError> {
        self.0.run(ForgetEntries(now)).await
    }

    async fn ready(&self) -> Result<(), StoreError> {
        self.0.run(Check).await
    }

    async fn close(&self) {
        self.0.close().await;
    }
}
