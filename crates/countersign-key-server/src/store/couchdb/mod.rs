//! CouchDB, over its HTTP API.
//!
//! CouchDB changes one document at a time, and only if its `_rev` is still the one that was read.
//! There are no transactions; these invariants stand in for them:
//!
//! * A credential is one document, `credential:<id>`. It is never removed, so the document of an
//!   id, once there, stays there, and an id is given once.
//! * Every creation has a random mark of its own, kept in the document. Whoever finds a document
//!   in the place of a creation tells by the mark whether it is that very creation.
//! * What an idempotency key asks for is written down whole, as `idempotency:<hash>`, before any
//!   of it is done. From then on everybody who comes with the key, the first caller and every
//!   retry, does what is left of it, in any order and as often as they like: creating a document
//!   that is there with the same mark, and replacing a credential whose document names the
//!   successor already, change nothing.
//! * An id that is taken: the first caller has written the key down and finds another's mark.
//!   Everybody else who comes with the key finds the same, now and for ever, because that document
//!   stays. So the key may be forgotten, by its `_rev`: nobody can do later what could not be done
//!   then. If the first caller crashes before it has forgotten the key, the next one with it finds
//!   the same and writes its own intent in its place.
//! * A rotation writes the successor first, then changes the old document if its revision is the
//!   expected one. The change adds the successor to a list that only grows, so that whoever
//!   finishes a rotation later knows that it was made, whatever has happened to the credential
//!   since. If the revision is another one and the successor is not in the list, the rotation can
//!   never be made, as revisions only rise; then the successor is withdrawn: its document becomes
//!   an empty one of type `withdrawn`, which keeps the id taken. A crash in between leaves a
//!   successor of which nobody was told.
//! * Notes of use change the `_rev` but not our revision, so changes are tried again as long as the
//!   revision is the expected one.
//!
//! How many active credentials a principal has cannot be counted in this way, so a limit on it is
//! refused as misconfigured.
//!
//! # Deployment
//! The database must have one master: on replicas that take changes apart from each other, two
//! could take one id, and what was revoked on one could come back from another. Documents with
//! conflicting versions are refused as damaged. CouchDB 3 and later is expected; the user must be
//! an administrator of the database, and of the server if the database is to be made. The clocks
//! of the servers give listings their order. A database that is deleted and made anew while servers
//! run is one without credentials to them; `ready` fails until one is started again.

mod address;
mod changes;
mod connections;
mod credential;
mod database;
mod design;
mod document;
mod entries;
mod foreign;
mod inner;
mod intent;
mod listing;
mod rotation;
mod singles;
mod tls;
mod trouble;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use countersign_core::Timestamp;
use tokio::sync::RwLock;

pub(crate) use self::database::Database;
pub(crate) use self::foreign::ForeignDocument;
use self::inner::{Inner, cut_off};
use self::trouble::unavailable;
use super::{
    Change, Creation, CredentialStore, Entry, EntryId, Life, Listing, NewRecord, Page, Record,
    Revision, Rotation, StoreError, TokenId, TokenRecord, Update,
};
use crate::credential::CredentialId;
use crate::seal::Sealed;

/// How long a call of the store may take, with all the calls of CouchDB that it makes.
const PATIENCE: Duration = Duration::from_secs(60);

/// Credentials in a CouchDB database.
#[derive(Clone, Debug)]
pub struct CouchStore {
    inner: Arc<Inner>,
    /// Held by what must not be cut off.
    under_way: Arc<RwLock<()>>,
}

impl CouchStore {
    /// Opens the database at `url`, and makes it on the first start.
    ///
    /// `url` is `couchdb://HOST:PORT/DATABASE`, `couchdbs://HOST:PORT/DATABASE` for TLS, or, as the
    /// original has it, `HOST:PORT/DATABASE`. Without a port it is 5984, or 6984 with TLS. User
    /// and password stand before the host, percent-encoded, or on one line `user:password` in the
    /// file that `?passfile=FILE` names, which only its owner may be able to read. They are sent
    /// with every request, so they are refused without TLS unless the host is a loopback address.
    /// With TLS, the public authorities are trusted and those in the PEM file that `?cafile=FILE`
    /// names. Redirects and the proxies of the environment are not followed.
    ///
    /// # Errors
    /// [`Misconfigured`](super::StoreErrorKind::Misconfigured) when the address is none, CouchDB
    /// refuses the password, or the database holds something else;
    /// [`Incompatible`](super::StoreErrorKind::Incompatible) when a newer key server was here, or
    /// it is no CouchDB; [`Unavailable`](super::StoreErrorKind::Unavailable) when it is down.
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        let database = Database::new(url)?;
        Ok(Self {
            inner: Arc::new(bounded(Inner::prepare(database)).await?),
            under_way: Arc::default(),
        })
    }

    /// Makes a call that is not cut off when its caller goes away.
    async fn whole<T, C>(&self, call: impl FnOnce(Arc<Inner>) -> C) -> Result<T, StoreError>
    where
        T: Send + 'static,
        C: Future<Output = Result<T, StoreError>> + Send + 'static,
    {
        let guard = self.under_way.clone().read_owned().await;
        let call = call(self.inner.clone());
        let task = tokio::spawn(async move {
            let result = bounded(call).await;
            drop(guard);
            result
        });
        task.await.unwrap_or_else(|_| Err(cut_off()))
    }
}

async fn bounded<T>(call: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    let late = |_| Err(unavailable("CouchDB is too slow, or changes too often"));
    tokio::time::timeout(PATIENCE, call)
        .await
        .unwrap_or_else(late)
}

#[async_trait]
impl CredentialStore for CouchStore {
    fn kind(&self) -> &'static str {
        "couchdb"
    }

    async fn create(&self, new: NewRecord) -> Result<Creation, StoreError> {
        self.whole(|inner| async move { inner.create(new).await })
            .await
    }

    async fn get(&self, id: &CredentialId) -> Result<Option<Record>, StoreError> {
        bounded(self.inner.get(id)).await
    }

    async fn list(&self, listing: &Listing) -> Result<Page, StoreError> {
        bounded(self.inner.list(listing)).await
    }

    async fn update(
        &self,
        id: &CredentialId,
        expected: Revision,
        change: Change,
    ) -> Result<Update, StoreError> {
        let id = id.clone();
        self.whole(move |inner| async move { inner.update(&id, expected, change).await })
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
        self.whole(move |inner| async move { inner.rotate(&id, expected, life, successor).await })
            .await
    }

    async fn touch(&self, used: &[(CredentialId, Timestamp)]) -> Result<(), StoreError> {
        bounded(self.inner.touch(used)).await
    }

    async fn keyring(&self) -> Result<Option<(Vec<u8>, Revision)>, StoreError> {
        bounded(self.inner.keyring()).await
    }

    async fn put_keyring(
        &self,
        sealed: &[u8],
        expected: Option<Revision>,
    ) -> Result<bool, StoreError> {
        let sealed = sealed.to_vec();
        self.whole(move |inner| async move { inner.put_keyring(&sealed, expected).await })
            .await
    }

    async fn add_token(&self, token: TokenRecord) -> Result<bool, StoreError> {
        self.whole(|inner| async move { inner.add_token(token).await })
            .await
    }

    async fn tokens(&self) -> Result<Vec<TokenRecord>, StoreError> {
        bounded(self.inner.tokens()).await
    }

    async fn revoke_token(&self, id: &TokenId, now: Timestamp) -> Result<bool, StoreError> {
        let id = id.clone();
        self.whole(move |inner| async move { inner.revoke_token(&id, now).await })
            .await
    }

    async fn add_entry(&self, entry: Entry) -> Result<bool, StoreError> {
        self.whole(|inner| async move { inner.add_entry(&entry).await })
            .await
    }

    async fn entry(&self, id: &EntryId) -> Result<Option<Sealed>, StoreError> {
        bounded(self.inner.entry(id)).await
    }

    async fn replace_entry(
        &self,
        id: &EntryId,
        expected: &Sealed,
        sealed: Sealed,
    ) -> Result<bool, StoreError> {
        let (id, expected) = (id.clone(), expected.clone());
        self.whole(move |inner| async move { inner.replace_entry(&id, &expected, sealed).await })
            .await
    }

    async fn entries(
        &self,
        after: Option<&EntryId>,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        bounded(self.inner.entries(after, limit)).await
    }

    async fn forget_entries(&self, now: Timestamp) -> Result<u64, StoreError> {
        self.whole(move |inner| async move { inner.forget_entries(now).await })
            .await
    }

    async fn ready(&self) -> Result<(), StoreError> {
        bounded(self.inner.ready()).await
    }

    async fn close(&self) {
        // Whoever writes holds the other side of this lock to the end.
        let _ = self.under_way.write().await;
    }
}
