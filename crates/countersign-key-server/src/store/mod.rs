//! Where credentials are kept: one trait, and an implementation for each kind of database.
//!
//! Invariants, which the conformance suite (`tests/conformance`) checks for every store:
//! * What a store has acknowledged is there after a crash of it or of the server.
//! * Of racing creations with one id, or one idempotency key, exactly one is made.
//! * A change happens to the revision it was meant for, or not at all.
//! * A store never sees a secret, only [`Sealed`] ones.
//! * A store that cannot tell whether something is there says so: it never answers "no".

#[cfg(feature = "couchdb")]
pub mod couchdb;
mod entry;
mod error;
mod listing;
mod memory;
#[cfg(feature = "postgres")]
pub mod postgres;
mod record;
#[cfg(feature = "sqlite")]
pub mod sqlite;
mod token;

use async_trait::async_trait;
use countersign_core::Timestamp;

pub use self::entry::{Entry, EntryId, EntryKind};
pub use self::error::{StoreError, StoreErrorKind};
pub use self::listing::{Listing, Page, Position, Which};
pub use self::memory::MemoryStore;
pub use self::record::{Idempotency, Life, NewRecord, Record, Revision, State};
pub use self::token::{Scope, TokenHash, TokenId, TokenRecord};
use crate::credential::CredentialId;
use crate::seal::Sealed;

/// Keeps credentials, API tokens, the entries of the agent API and the sealed keyring.
///
/// Every call is atomic and, when it returns `Ok`, durable. Dropping the future of a call does not
/// undo it and does not leave it half done.
#[async_trait]
pub trait CredentialStore: std::fmt::Debug + Send + Sync + 'static {
    /// What kind of store it is, for messages and metrics: `sqlite`, `postgres`, `couchdb`,
    /// `memory`.
    fn kind(&self) -> &'static str;

    /// Keeps a new record.
    ///
    /// # Errors
    /// When it cannot be told whether it is kept.
    async fn create(&self, new: NewRecord) -> Result<Creation, StoreError>;

    /// The record with this id, deleted ones too.
    ///
    /// # Errors
    /// When it cannot be told whether there is one.
    async fn get(&self, id: &CredentialId) -> Result<Option<Record>, StoreError>;

    /// A page of the records that `listing` asks for, in an order that no change of a record
    /// alters, so that paging repeats nothing and skips nothing that was there throughout.
    ///
    /// # Errors
    /// When the records cannot be read.
    async fn list(&self, listing: &Listing) -> Result<Page, StoreError>;

    /// Changes the record `id` if its revision is still `expected`, and makes its revision the
    /// [next](Revision::next).
    ///
    /// # Errors
    /// When it cannot be told whether it was changed.
    async fn update(
        &self,
        id: &CredentialId,
        expected: Revision,
        change: Change,
    ) -> Result<Update, StoreError>;

    /// Keeps `successor` and changes the record `id`, which it follows, if that one's revision is
    /// still `expected`: both, or neither.
    ///
    /// A store without transactions may, when it crashes in between, leave a successor of which
    /// nobody was told.
    ///
    /// # Errors
    /// When it cannot be told whether it was done.
    async fn rotate(
        &self,
        id: &CredentialId,
        expected: Revision,
        life: Life,
        successor: NewRecord,
    ) -> Result<Rotation, StoreError>;

    /// Notes when credentials were last used; unknown ids and earlier times are ignored, revisions
    /// stay as they are. The one call that need not be durable when it returns.
    ///
    /// # Errors
    /// When they cannot be noted.
    async fn touch(&self, used: &[(CredentialId, Timestamp)]) -> Result<(), StoreError>;

    /// The sealed keyring and its revision, or `None` in a new store.
    ///
    /// # Errors
    /// When it cannot be told whether there is one.
    async fn keyring(&self) -> Result<Option<(Vec<u8>, Revision)>, StoreError>;

    /// Keeps the sealed keyring, if the one that is kept still has the revision `expected`
    /// (`None`: if none is kept). `false` when it does not.
    ///
    /// # Errors
    /// When it cannot be told whether it is kept.
    async fn put_keyring(
        &self,
        sealed: &[u8],
        expected: Option<Revision>,
    ) -> Result<bool, StoreError>;

    /// Keeps a new token. `false` when its id or hash is taken.
    ///
    /// # Errors
    /// When it cannot be told whether it is kept.
    async fn add_token(&self, token: TokenRecord) -> Result<bool, StoreError>;

    /// All tokens, revoked ones too, from the oldest to the newest.
    ///
    /// # Errors
    /// When they cannot be read.
    async fn tokens(&self) -> Result<Vec<TokenRecord>, StoreError>;

    /// Marks a token as revoked; again: the first time stays. `false` when there is no such token.
    ///
    /// # Errors
    /// When it cannot be told whether it is revoked.
    async fn revoke_token(&self, id: &TokenId, now: Timestamp) -> Result<bool, StoreError>;

    /// Keeps a new entry. `false` when there is one with its id: of racing calls with one id,
    /// exactly one is told `true`.
    ///
    /// # Errors
    /// When it cannot be told whether it is kept.
    async fn add_entry(&self, entry: Entry) -> Result<bool, StoreError>;

    /// What the entry with this id says.
    ///
    /// # Errors
    /// When it cannot be told whether there is one.
    async fn entry(&self, id: &EntryId) -> Result<Option<Sealed>, StoreError>;

    /// Seals an entry anew, if it is still sealed as `expected`. `false` when it is not, or there
    /// is no such entry.
    ///
    /// # Errors
    /// When it cannot be told whether it was changed.
    async fn replace_entry(
        &self,
        id: &EntryId,
        expected: &Sealed,
        sealed: Sealed,
    ) -> Result<bool, StoreError>;

    /// At most `limit` entries after `after`, or the first ones, in an order of the store's own
    /// that nothing alters; none when there are no more.
    ///
    /// # Errors
    /// When they cannot be read.
    async fn entries(
        &self,
        after: Option<&EntryId>,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError>;

    /// Removes the entries that are needed no more at `now`; how many these were.
    ///
    /// # Errors
    /// When it cannot be told which are removed.
    async fn forget_entries(&self, now: Timestamp) -> Result<u64, StoreError>;

    /// Whether the store can be read and written at this moment.
    ///
    /// # Errors
    /// When it cannot.
    async fn ready(&self) -> Result<(), StoreError>;

    /// Finishes what is under way and lets go of files and connections. The store is not used
    /// afterwards.
    async fn close(&self);
}

/// What became of a new record.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Creation {
    /// It is kept.
    Created,
    /// It is not: its idempotency key was used before.
    Repeated {
        /// The credential that was created then.
        id: CredentialId,
        /// What was asked for then: [`Idempotency::fingerprint`].
        fingerprint: [u8; 32],
    },
    /// It is not: there is a credential with this id, perhaps a deleted one.
    IdTaken,
    /// It is not: its principal has as many active credentials as [`NewRecord::max_active`].
    LimitReached,
}

/// What a change does to a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Its life is another from now on.
    Life(Life),
    /// Its secret is sealed with another key.
    Sealed(Sealed),
}

/// What became of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Update {
    /// It is made; the record as it is now.
    Updated(Record),
    /// It is not: the record has another revision than expected.
    Stale,
    /// It is not: there is no such record.
    Unknown,
}

/// What became of a rotation.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Rotation {
    /// It is made.
    Rotated,
    /// Nothing is changed, because the successor is not: why.
    NotCreated(Creation),
    /// Nothing is changed: the old record has another revision than expected.
    Stale,
    /// Nothing is changed: there is no such record.
    Unknown,
}
