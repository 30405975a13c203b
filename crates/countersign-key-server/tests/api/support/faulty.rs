//! A store that can be made to fail, or to never answer.

use std::future::pending;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use countersign_core::Timestamp;
use countersign_key_server::credential::CredentialId;
use countersign_key_server::seal::Sealed;
use countersign_key_server::store::{
    Change, Creation, CredentialStore, Entry, EntryId, Life, Listing, MemoryStore, NewRecord, Page,
    Record, Revision, Rotation, StoreError, StoreErrorKind, TokenId, TokenRecord, Update,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    Fails(StoreErrorKind),
    NeverAnswers,
    /// It takes its time before it does what it is asked, and after it.
    Hesitates,
    /// Every change comes too late.
    Stale,
    /// Every new id is taken.
    Taken,
}

#[derive(Debug)]
pub(crate) struct Faulty {
    inner: MemoryStore,
    fault: Mutex<Fault>,
    calls: AtomicUsize,
}

impl Faulty {
    pub(crate) fn new(inner: MemoryStore) -> Self {
        Self {
            inner,
            fault: Mutex::new(Fault::None),
            calls: AtomicUsize::new(0),
        }
    }

    pub(crate) fn set(&self, fault: Fault) {
        *self.fault.lock().unwrap() = fault;
    }

    /// How often it was called.
    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    async fn trouble(&self) -> Result<Fault, StoreError> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        let fault = *self.fault.lock().unwrap();
        match fault {
            Fault::Fails(kind) => Err(StoreError::new(kind, "the test has broken it")
                .because("password=hunter2-of-the-database")),
            Fault::NeverAnswers => pending().await,
            Fault::Hesitates => {
                hesitate().await;
                Ok(fault)
            }
            other => Ok(other),
        }
    }
}

/// Is pending twice.
async fn hesitate() {
    tokio::task::yield_now().await;
    tokio::task::yield_now().await;
}

#[async_trait]
impl CredentialStore for Faulty {
    fn kind(&self) -> &'static str {
        "faulty"
    }

    async fn create(&self, new: NewRecord) -> Result<Creation, StoreError> {
        match self.trouble().await? {
            Fault::Taken => Ok(Creation::IdTaken),
            Fault::Hesitates => {
                let made = self.inner.create(new).await;
                hesitate().await;
                made
            }
            _ => self.inner.create(new).await,
        }
    }

    async fn get(&self, id: &CredentialId) -> Result<Option<Record>, StoreError> {
        self.trouble().await?;
        self.inner.get(id).await
    }

    async fn list(&self, listing: &Listing) -> Result<Page, StoreError> {
        self.trouble().await?;
        self.inner.list(listing).await
    }

    async fn update(
        &self,
        id: &CredentialId,
        expected: Revision,
        change: Change,
    ) -> Result<Update, StoreError> {
        match self.trouble().await? {
            Fault::Stale => Ok(Update::Stale),
            _ => self.inner.update(id, expected, change).await,
        }
    }

    async fn rotate(
        &self,
        id: &CredentialId,
        expected: Revision,
        life: Life,
        successor: NewRecord,
    ) -> Result<Rotation, StoreError> {
        match self.trouble().await? {
            Fault::Stale => Ok(Rotation::Stale),
            Fault::Hesitates => {
                let rotated = self.inner.rotate(id, expected, life, successor).await;
                hesitate().await;
                rotated
            }
            _ => self.inner.rotate(id, expected, life, successor).await,
        }
    }

    async fn touch(&self, used: &[(CredentialId, Timestamp)]) -> Result<(), StoreError> {
        self.trouble().await?;
        self.inner.touch(used).await
    }

    async fn keyring(&self) -> Result<Option<(Vec<u8>, Revision)>, StoreError> {
        self.trouble().await?;
        self.inner.keyring().await
    }

    async fn put_keyring(
        &self,
        sealed: &[u8],
        expected: Option<Revision>,
    ) -> Result<bool, StoreError> {
        self.trouble().await?;
        self.inner.put_keyring(sealed, expected).await
    }

    async fn add_token(&self, token: TokenRecord) -> Result<bool, StoreError> {
        self.trouble().await?;
        self.inner.add_token(token).await
    }

    async fn tokens(&self) -> Result<Vec<TokenRecord>, StoreError> {
        self.trouble().await?;
        self.inner.tokens().await
    }

    async fn revoke_token(&self, id: &TokenId, now: Timestamp) -> Result<bool, StoreError> {
        self.trouble().await?;
        self.inner.revoke_token(id, now).await
    }

    async fn add_entry(&self, entry: Entry) -> Result<bool, StoreError> {
        match self.trouble().await? {
            Fault::Taken => Ok(false),
            Fault::Hesitates => {
                let added = self.inner.add_entry(entry).await;
                hesitate().await;
                added
            }
            _ => self.inner.add_entry(entry).await,
        }
    }

    async fn entry(&self, id: &EntryId) -> Result<Option<Sealed>, StoreError> {
        self.trouble().await?;
        self.inner.entry(id).await
    }

    async fn replace_entry(
        &self,
        id: &EntryId,
        expected: &Sealed,
        sealed: Sealed,
    ) -> Result<bool, StoreError> {
        match self.trouble().await? {
            Fault::Stale => Ok(false),
            _ => self.inner.replace_entry(id, expected, sealed).await,
        }
    }

    async fn entries(
        &self,
        after: Option<&EntryId>,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        self.trouble().await?;
        self.inner.entries(after, limit).await
    }

    async fn forget_entries(&self, now: Timestamp) -> Result<u64, StoreError> {
        self.trouble().await?;
        self.inner.forget_entries(now).await
    }

    async fn ready(&self) -> Result<(), StoreError> {
        self.trouble().await?;
        self.inner.ready().await
    }

    async fn close(&self) {
        self.inner.close().await;
    }
}
