//! Restoring a backup.

use std::path::Path;

use futures_util::stream::{self, StreamExt as _};

use super::read::{Backup, Item};
use crate::maintenance::MaintenanceError;
use crate::seal::{Keyring, MasterKey};
use crate::store::{
    Creation, CredentialStore, Entry, Listing, NewRecord, Record, TokenRecord, Which,
};

/// What was restored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Restored {
    /// How many records, deleted ones too.
    pub records: u64,
    /// How many tokens, revoked ones too.
    pub tokens: u64,
    /// How many entries of the agent API.
    pub entries: u64,
}

/// Puts everything in the backup `path` into `store`, which must be empty; after a restore that
/// was cut off, the same one goes on. With `master`, the key is tried on the backup first.
///
/// Blocks its thread while it reads the file. No server may use the store meanwhile.
///
/// # Errors
/// When the file is not a whole backup, or `master` does not open it, or the store is not empty:
/// then nothing is changed. When the store cannot be written: then restoring it again continues.
pub async fn restore(
    store: &dyn CredentialStore,
    path: &Path,
    master: Option<&MasterKey>,
) -> Result<Restored, MaintenanceError> {
    let mut backup = Backup::open(path)?;
    if let Some(master) = master {
        Keyring::from_bytes(&backup.keyring, master).map_err(|error| {
            MaintenanceError::new(
                "the master key does not open this backup: it belongs to another store, or to a \
                 time before or after this one was re-keyed; give the file with the key of the \
                 backup's time",
            )
            .because(error)
        })?;
    }
    claim(store, &backup.keyring).await?;
    let restored = Restored {
        records: backup.end.records,
        tokens: backup.end.tokens,
        entries: backup.end.entries,
    };
    let puts = std::iter::from_fn(|| backup.next().transpose()).map(|item| async {
        match item? {
            Item::Record(record) => put_record(store, record).await,
            Item::Token(token) => put_token(store, token).await,
            Item::Entry(entry) => put_entry(store, entry).await,
        }
    });
    let mut puts = stream::iter(puts).buffered(at_once(store));
    while let Some(put) = puts.next().await {
        put?;
    }
    Ok(restored)
}

/// How many records are on their way at a time. The embedded store commits what waits together,
/// in the order in which it came; the others keep an order, which listings show, only of what is
/// put one after the other.
fn at_once(store: &dyn CredentialStore) -> usize {
    if store.kind() == "sqlite" { 64 } else { 1 }
}

/// Makes the keyring of the backup the store's. It goes first: a store that has one is not taken
/// for a new one, by nobody.
async fn claim(store: &dyn CredentialStore, keyring: &[u8]) -> Result<(), MaintenanceError> {
    match store.keyring().await? {
        Some((found, _)) if found == keyring => return Ok(()),
        Some(_) => return Err(not_empty()),
        None => {}
    }
    let any = Listing {
        principal: None,
        which: Which::WithDeleted,
        after: None,
        limit: 1,
    };
    let records = store.list(&any).await?.records;
    let entries = store.entries(None, 1).await?;
    if !records.is_empty() || !entries.is_empty() || !store.tokens().await?.is_empty() {
        return Err(not_empty());
    }
    if store.put_keyring(keyring, None).await? {
        Ok(())
    } else {
        Err(not_empty())
    }
}

async fn put_record(store: &dyn CredentialStore, record: Record) -> Result<(), MaintenanceError> {
    match store.create(NewRecord::from(record.clone())).await? {
        Creation::Created => Ok(()),
        _ if store.get(&record.id).await?.as_ref() == Some(&record) => Ok(()),
        _ => Err(not_empty()),
    }
}

async fn put_token(
    store: &dyn CredentialStore,
    token: TokenRecord,
) -> Result<(), MaintenanceError> {
    if store.add_token(token.clone()).await? || store.tokens().await?.contains(&token) {
        return Ok(());
    }
    Err(not_empty())
}

async fn put_entry(store: &dyn CredentialStore, entry: Entry) -> Result<(), MaintenanceError> {
    if store.add_entry(entry.clone()).await? {
        return Ok(());
    }
    match store.entry(&entry.id).await? {
        Some(sealed) if sealed == entry.sealed => Ok(()),
        _ => Err(not_empty()),
    }
}

fn not_empty() -> MaintenanceError {
    MaintenanceError::new(
        "the key store is not empty: a backup is restored into a new one only; name another with \
         --key-store",
    )
}

#[cfg(test)]
mod tests;
