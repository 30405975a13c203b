//! A new master key, and every secret sealed anew.
//!
//! First the keyring gets one more data key and is sealed with the new master key, in one
//! compare-and-set: from then on the new master key opens the store, and the old one does not.
//! Then every record is sealed with the new data key. The old data keys stay in the keyring, so
//! that nothing is lost if it stops half-way: run again with the same new key, it goes on.
//!
//! Servers that run meanwhile have read the old keyring. They go on sealing with the old data key,
//! which stays readable, and cannot read what is sealed anew: they answer 503 there until they are
//! started again with the new master key. Run it once more after that, and what they have sealed
//! meanwhile is sealed anew too.

use futures_util::stream::{self, StreamExt as _};

use super::MaintenanceError;
use crate::seal::{Keyring, MasterKey, UnsealError};
use crate::store::{Change, CredentialStore, Entry, Listing, Record, Update, Which};

/// How many records are read at a time: a few hundred KiB.
const PAGE: usize = 500;

/// How many records are sealed at a time: a store that commits what waits together has something
/// to put together, and none is kept from its servers.
const AT_ONCE: usize = 32;

/// How often a change of one record, or of the keyring, is tried against others that change it.
const TRIES: usize = 16;

/// What was done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rekeyed {
    /// Whether the keyring was already under the new master key, as after an interrupted run.
    pub continued: bool,
    /// How many records were sealed anew.
    pub resealed: u64,
    /// How many were sealed with the newest key already.
    pub current: u64,
    /// The ids of those that do not open, and for entries of the agent API their kind and owner: they were changed outside of the server, and are left
    /// as they are. At most the first 100.
    pub damaged: Vec<String>,
    /// How many do not open.
    pub damaged_count: u64,
}

/// The most ids of damaged records that are reported: a screenful.
const MAX_DAMAGED: usize = 100;

/// Puts `store` under the master key `new` and seals every record anew. `old` opens the keyring;
/// when `new` does already, an interrupted run is continued.
///
/// # Errors
/// When neither key opens the keyring, the store has none, or it cannot be read or written. What
/// was done until then stays, and running it again continues.
pub async fn rekey(
    store: &dyn CredentialStore,
    old: &MasterKey,
    new: &MasterKey,
) -> Result<Rekeyed, MaintenanceError> {
    let mut report = Rekeyed::default();
    let keyring = put_under(store, old, new, &mut report).await?;
    let mut listing = Listing {
        principal: None,
        which: Which::WithDeleted,
        after: None,
        limit: PAGE,
    };
    loop {
        let page = store.list(&listing).await?;
        let sealing = page
            .records
            .into_iter()
            .map(|record| reseal(store, &keyring, record));
        let mut sealed = stream::iter(sealing).buffer_unordered(AT_ONCE);
        while let Some(outcome) = sealed.next().await {
            report.note(outcome?);
        }
        match page.next {
            Some(next) => listing.after = Some(next),
            None => break,
        }
    }
    let mut last = None;
    loop {
        let page = store.entries(last.as_ref(), PAGE).await?;
        let Some(newest) = page.last().map(|entry| entry.id.clone()) else {
            return Ok(report);
        };
        last = Some(newest);
        let sealing = page
            .into_iter()
            .map(|entry| reseal_entry(store, &keyring, entry));
        let mut sealed = stream::iter(sealing).buffer_unordered(AT_ONCE);
        while let Some(outcome) = sealed.next().await {
            report.note(outcome?);
        }
    }
}

async fn put_under(
    store: &dyn CredentialStore,
    old: &MasterKey,
    new: &MasterKey,
    report: &mut Rekeyed,
) -> Result<Keyring, MaintenanceError> {
    for _ in 0..TRIES {
        let Some((sealed, revision)) = store.keyring().await? else {
            return Err(MaintenanceError::new(
                "the key store has no keyring yet: there is nothing to re-key; start the server \
                 with the new master key",
            ));
        };
        if let Ok(keyring) = Keyring::from_bytes(&sealed, new) {
            report.continued = true;
            return Ok(keyring);
        }
        let keyring = Keyring::from_bytes(&sealed, old)
            .map_err(|error| MaintenanceError::new(error.to_string()).because(error))?
            .rekeyed()?;
        let kept = store
            .put_keyring(&keyring.to_bytes(new)?, Some(revision))
            .await?;
        if kept {
            return Ok(keyring);
        }
    }
    Err(busy("the keyring"))
}

/// What became of a record.
enum Outcome {
    Resealed,
    Current,
    Damaged(String),
}

impl Rekeyed {
    fn note(&mut self, outcome: Outcome) {
        let count = match outcome {
            Outcome::Resealed => &mut self.resealed,
            Outcome::Current => &mut self.current,
            Outcome::Damaged(id) => {
                if self.damaged.len() < MAX_DAMAGED {
                    self.damaged.push(id);
                }
                &mut self.damaged_count
            }
        };
        *count = count.saturating_add(1);
    }
}

async fn reseal(
    store: &dyn CredentialStore,
    keyring: &Keyring,
    mut record: Record,
) -> Result<Outcome, MaintenanceError> {
    for _ in 0..TRIES {
        if keyring.is_current(&record.sealed) {
            return Ok(Outcome::Current);
        }
        let secret = match keyring.open(&record.id, &record.principal, &record.sealed) {
            Ok(secret) => secret,
            Err(UnsealError::UnknownKey) => return Err(rekeyed_by_others()),
            Err(_) => return Ok(Outcome::Damaged(record.id.as_str().to_owned())),
        };
        let sealed = keyring.seal(&record.id, &record.principal, &secret)?;
        let update = store
            .update(&record.id, record.revision, Change::Sealed(sealed))
            .await?;
        let newer = match update {
            Update::Updated(_) => return Ok(Outcome::Resealed),
            Update::Stale => store.get(&record.id).await?,
            Update::Unknown => None,
        };
        record = newer.ok_or_else(|| {
            let sentence = format!(
                "the credential {} is gone, and none should ever be",
                record.id
            );
            MaintenanceError::new(sentence)
        })?;
    }
    Err(busy(record.id.as_str()))
}

/// Entries are written once, so one try is enough: whoever changed one has sealed it anew too.
async fn reseal_entry(
    store: &dyn CredentialStore,
    keyring: &Keyring,
    entry: Entry,
) -> Result<Outcome, MaintenanceError> {
    if keyring.is_current(&entry.sealed) {
        return Ok(Outcome::Current);
    }
    let plain = match keyring.open_entry(&entry.id, &entry.sealed) {
        Ok(plain) => plain,
        Err(UnsealError::UnknownKey) => return Err(rekeyed_by_others()),
        Err(_) => {
            let kind = entry.id.kind.name();
            return Ok(Outcome::Damaged(format!("{kind} of {:?}", entry.id.owner)));
        }
    };
    let sealed = keyring.seal_entry(&entry.id, &plain)?;
    let replaced = store.replace_entry(&entry.id, &entry.sealed, sealed);
    Ok(if replaced.await? {
        Outcome::Resealed
    } else {
        Outcome::Current
    })
}

fn rekeyed_by_others() -> MaintenanceError {
    MaintenanceError::new(
        "the key store was re-keyed by somebody else meanwhile; if that was not meant, run it \
         again with the master key that was given there",
    )
}

fn busy(what: &str) -> MaintenanceError {
    MaintenanceError::new(format!(
        "{what} is changed by others all the time; stop the servers and run it again"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::maintenance::make_keyring;
    use crate::maintenance::testing::{fill, record};
    use crate::store::{EntryId, EntryKind, MemoryStore, NewRecord, Revision};

    fn keys() -> [MasterKey; 3] {
        std::array::from_fn(|_| MasterKey::generate().unwrap())
    }

    async fn secrets(store: &MemoryStore, master: &MasterKey) -> Vec<Vec<u8>> {
        let keyring = make_keyring(store, master).await.unwrap();
        let mut listing = Listing {
            principal: None,
            which: Which::WithDeleted,
            after: None,
            limit: 7,
        };
        let mut secrets = Vec::new();
        loop {
            let page = store.list(&listing).await.unwrap();
            for it in page.records {
                secrets.push(
                    keyring
                        .open(&it.id, &it.principal, &it.sealed)
                        .unwrap()
                        .to_vec(),
                );
            }
            match page.next {
                Some(next) => listing.after = Some(next),
                None => return secrets,
            }
        }
    }

    #[tokio::test]
    async fn every_secret_is_sealed_anew_and_only_the_new_master_key_opens_the_store() {
        let [old, new, other] = keys();
        let store = MemoryStore::new();
        fill(&store, &old, 1201).await;
        let before = secrets(&store, &old).await;
        let report = rekey(&store, &old, &new).await.unwrap();
        assert_eq!((report.resealed, report.current), (1201, 0));
        assert!(!report.continued && report.damaged_count == 0);
        assert_eq!(secrets(&store, &new).await, before);
        assert!(make_keyring(&store, &old).await.is_err());
        let refused = rekey(&store, &old, &other).await.unwrap_err().to_string();
        assert!(refused.contains("does not open"), "{refused}");
    }

    #[tokio::test]
    async fn entries_are_sealed_anew_and_a_damaged_one_is_reported() {
        let [old, new, _] = keys();
        let store = MemoryStore::new();
        let ring = make_keyring(&store, &old).await.unwrap();
        let id = |name: &str| EntryId::new(EntryKind::AgentKey, "dave", name);
        for (name, sealed_for) in [("a", "a"), ("b", "b"), ("moved", "elsewhere")] {
            let entry = Entry {
                id: id(name),
                sealed: ring.seal_entry(&id(sealed_for), name.as_bytes()).unwrap(),
                forget_after: None,
            };
            assert!(store.add_entry(entry).await.unwrap());
        }
        let report = rekey(&store, &old, &new).await.unwrap();
        assert_eq!(report.resealed, 2);
        assert_eq!(report.damaged, [r#"agent-key of "dave""#]);
        let ring = make_keyring(&store, &new).await.unwrap();
        for name in ["a", "b"] {
            let sealed = store.entry(&id(name)).await.unwrap().unwrap();
            assert!(ring.is_current(&sealed));
            assert_eq!(
                **ring.open_entry(&id(name), &sealed).unwrap(),
                *name.as_bytes()
            );
        }
    }

    #[tokio::test]
    async fn an_interrupted_run_goes_on_with_either_master_key() {
        let [old, new, _] = keys();
        let store = MemoryStore::new();
        fill(&store, &old, 3).await;
        let before = secrets(&store, &old).await;
        put_under(&store, &old, &new, &mut Rekeyed::default())
            .await
            .unwrap();
        assert_eq!(secrets(&store, &new).await, before);
        for (given, resealed) in [(&old, 3), (&new, 0), (&old, 0)] {
            let report = rekey(&store, given, &new).await.unwrap();
            assert!(report.continued);
            assert_eq!(report.resealed, resealed);
        }
        assert_eq!(secrets(&store, &new).await, before);
    }

    #[tokio::test]
    async fn what_an_old_server_writes_meanwhile_is_sealed_anew_by_another_run() {
        let [old, new, _] = keys();
        let store = MemoryStore::new();
        fill(&store, &old, 1).await;
        let old_ring = make_keyring(&store, &old).await.unwrap();
        rekey(&store, &old, &new).await.unwrap();
        let late = record("late", &old_ring);
        assert_eq!(
            store.create(NewRecord::from(late)).await.unwrap(),
            crate::store::Creation::Created
        );
        assert_eq!(secrets(&store, &new).await.len(), 2);
        let report = rekey(&store, &new, &new).await.unwrap();
        assert_eq!((report.resealed, report.current), (1, 1));
    }

    #[tokio::test]
    async fn a_record_that_does_not_open_is_reported_and_left_alone() {
        let [old, new, _] = keys();
        let store = MemoryStore::new();
        fill(&store, &old, 2).await;
        let ring = make_keyring(&store, &old).await.unwrap();
        let mut foreign = record("damaged", &ring);
        foreign.sealed = ring
            .seal(&record("other", &ring).id, &foreign.principal, b"x")
            .unwrap();
        foreign.revision = Revision::FIRST;
        let _ = store
            .create(NewRecord::from(foreign.clone()))
            .await
            .unwrap();
        let report = rekey(&store, &old, &new).await.unwrap();
        assert_eq!(report.damaged, ["damaged"]);
        assert_eq!(report.resealed, 2);
        assert_eq!(store.get(&foreign.id).await.unwrap(), Some(foreign));
    }
}
