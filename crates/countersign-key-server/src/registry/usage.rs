//! When credentials were last used: gathered in memory, written now and then.
//!
//! A lookup only notes the time; it never waits for a store. What is noted is lost when the
//! program dies, and left out when there is too much of it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use countersign_core::Timestamp;

use crate::credential::CredentialId;
use crate::store::{CredentialStore, Record};

/// How often what was noted is written.
const FLUSH_EVERY: Duration = Duration::from_secs(5);

/// How exact the time is, in seconds: within a minute of the last note another one is no news.
const RESOLUTION: i64 = 60;

/// The most credentials that are noted between two writes: about a megabyte.
const MAX_NOTED: usize = 10_000;

/// The most credentials that are written with one call, so that no creation waits long for it.
const BATCH: usize = 500;

pub(super) struct Usage {
    store: Arc<dyn CredentialStore>,
    noted: Mutex<HashMap<CredentialId, Timestamp>>,
}

impl Usage {
    /// Notes for `store`, written by a task that ends when the last user of the notes is gone.
    pub(super) fn start(store: Arc<dyn CredentialStore>) -> Arc<Self> {
        let usage = Arc::new(Self {
            store,
            noted: Mutex::default(),
        });
        tokio::spawn(flush_now_and_then(Arc::downgrade(&usage)));
        usage
    }

    /// The credential of `record` is used at `now`.
    pub(super) fn note(&self, record: &Record, now: Timestamp) {
        let is_known = |earlier: Timestamp| now.seconds_since(earlier) < RESOLUTION;
        if record.last_used_at.is_some_and(is_known) {
            return;
        }
        let mut noted = self.noted();
        if let Some(time) = noted.get_mut(&record.id) {
            *time = now.max(*time);
        } else if noted.len() < MAX_NOTED {
            noted.insert(record.id.clone(), now);
        }
    }

    /// Writes what was noted.
    pub(super) async fn close(&self) {
        self.flush().await;
    }

    async fn flush(&self) {
        let noted: Vec<_> = std::mem::take(&mut *self.noted()).into_iter().collect();
        for batch in noted.chunks(BATCH) {
            match tokio::time::timeout(super::STORE_TIMEOUT, self.store.touch(batch)).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => {
                    tracing::warn!(%error, "when credentials were last used is not written");
                    return;
                }
                Err(_) => {
                    tracing::warn!("when credentials were last used is not written in time");
                    return;
                }
            }
        }
    }

    fn noted(&self) -> MutexGuard<'_, HashMap<CredentialId, Timestamp>> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn flush_now_and_then(usage: Weak<Usage>) {
    loop {
        tokio::time::sleep(FLUSH_EVERY).await;
        let Some(usage) = usage.upgrade() else {
            return;
        };
        usage.flush().await;
    }
}

#[cfg(test)]
mod tests {
    use countersign_core::Algorithm;

    use super::*;
    use crate::credential::{AuthScheme, Principal};
    use crate::seal::Sealed;
    use crate::store::{Life, MemoryStore, Revision};

    fn record(id: &str) -> Record {
        Record {
            id: CredentialId::parse(id).unwrap(),
            principal: Principal::parse("dave").unwrap(),
            scheme: AuthScheme::Mac,
            algorithm: Algorithm::Sha1,
            created_at: Timestamp::from_unix(0),
            life: Life::default(),
            last_used_at: None,
            sealed: Sealed::from_bytes([0]),
            revision: Revision::FIRST,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn bad_228_a_storm_of_lookups_is_one_write() {
        let store = Arc::new(MemoryStore::new());
        let _ = store.create(record("a").into()).await.unwrap();
        let usage = Usage::start(Arc::clone(&store) as Arc<dyn CredentialStore>);
        let id = CredentialId::parse("a").unwrap();
        for _ in 0..100_000 {
            usage.note(&record("a"), Timestamp::from_unix(100));
        }
        assert_eq!(usage.noted().len(), 1);
        assert_eq!(store.get(&id).await.unwrap().unwrap().last_used_at, None);
        while store
            .get(&id)
            .await
            .unwrap()
            .unwrap()
            .last_used_at
            .is_none()
        {
            tokio::time::advance(FLUSH_EVERY).await;
            tokio::task::yield_now().await;
        }
        let used = store.get(&id).await.unwrap().unwrap();
        assert_eq!(used.last_used_at, Some(Timestamp::from_unix(100)));
        usage.note(&used, Timestamp::from_unix(100 + RESOLUTION - 1));
        assert!(usage.noted().is_empty());
    }

    #[tokio::test]
    async fn bad_228_the_notes_are_bounded_and_written_at_the_end() {
        let store = Arc::new(MemoryStore::new());
        let _ = store.create(record("0").into()).await.unwrap();
        let usage = Usage::start(Arc::clone(&store) as Arc<dyn CredentialStore>);
        for id in 0..MAX_NOTED + 10 {
            usage.note(&record(&id.to_string()), Timestamp::from_unix(7));
        }
        assert_eq!(usage.noted().len(), MAX_NOTED);
        usage.close().await;
        let first = store.get(&CredentialId::parse("0").unwrap()).await.unwrap();
        assert_eq!(first.unwrap().last_used_at, Some(Timestamp::from_unix(7)));
    }
}
