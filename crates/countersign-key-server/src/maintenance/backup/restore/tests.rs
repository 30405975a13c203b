use std::path::PathBuf;

use countersign_core::Timestamp;
use tempfile::TempDir;

use super::*;
use crate::maintenance::backup::back_up;
use crate::maintenance::testing::{fill, record};
use crate::maintenance::{make_keyring, rekey, tokens};
use crate::store::{Change, EntryId, EntryKind, Life, MemoryStore, Scope, State};

const NOW: Timestamp = Timestamp::from_unix(2000);

/// A store with `records` records, two more in all the states there are, and two tokens.
async fn lived_in(master: &MasterKey, records: usize) -> MemoryStore {
    let store = MemoryStore::new();
    fill(&store, master, records).await;
    let ring = make_keyring(&store, master).await.unwrap();
    for (id, life) in [
        (
            "deleted",
            Life {
                deleted_at: Some(NOW),
                expires_at: Some(NOW.plus(5)),
                ..Life::default()
            },
        ),
        (
            "rotated",
            Life {
                state: State::Inactive,
                rotated_to: Some(record("deleted", &ring).id),
                ..Life::default()
            },
        ),
    ] {
        let new = record(id, &ring);
        let _ = store.create(NewRecord::from(new.clone())).await.unwrap();
        let change = Change::Life(life);
        let _ = store.update(&new.id, new.revision, change).await.unwrap();
        store.touch(&[(new.id, NOW)]).await.unwrap();
    }
    for (name, forget_after) in [("a", None), ("b \u{e9}\"", Some(NOW))] {
        let id = EntryId::new(EntryKind::AgentKey, "dave", name);
        let sealed = ring.seal_entry(&id, b"what it says").unwrap();
        let entry = Entry {
            id,
            sealed,
            forget_after,
        };
        assert!(store.add_entry(entry).await.unwrap());
    }
    for scope in [Scope::Admin, Scope::Lookup] {
        let name = Some(scope.name().to_owned());
        let token = tokens::create(&store, scope, name, NOW).await.unwrap();
        if scope == Scope::Admin {
            tokens::revoke(&store, token.record.id.as_str(), NOW)
                .await
                .unwrap();
        }
    }
    store
}

async fn everything(store: &dyn CredentialStore) -> (Vec<Record>, Vec<TokenRecord>, Vec<Entry>) {
    let all = Listing {
        principal: None,
        which: Which::WithDeleted,
        after: None,
        limit: 10_000,
    };
    let records = store.list(&all).await.unwrap().records;
    let entries = store.entries(None, 10_000).await.unwrap();
    (records, store.tokens().await.unwrap(), entries)
}

struct Fixture {
    _folder: TempDir,
    path: PathBuf,
    master: MasterKey,
    store: MemoryStore,
}

async fn fixture(records: usize) -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let master = MasterKey::generate().unwrap();
    let store = lived_in(&master, records).await;
    let path = folder.path().join("backup");
    let written = back_up(&store, &path, NOW).await.unwrap();
    let expected = records.saturating_add(2);
    assert_eq!(usize::try_from(written.records).unwrap(), expected);
    assert_eq!(written.tokens, 2);
    Fixture {
        _folder: folder,
        path,
        master,
        store,
    }
}

#[tokio::test]
async fn a_restored_store_keeps_what_the_old_one_kept() {
    let it = fixture(1005).await;
    let new = MemoryStore::new();
    let restored = restore(&new, &it.path, Some(&it.master)).await.unwrap();
    assert_eq!(
        (restored.records, restored.tokens, restored.entries),
        (1007, 2, 2)
    );
    assert_eq!(everything(&new).await, everything(&it.store).await);
    let ring = make_keyring(&new, &it.master).await.unwrap();
    let (records, _, _) = everything(&new).await;
    let secret = ring.open(&records[3].id, &records[3].principal, &records[3].sealed);
    assert_eq!(&**secret.unwrap(), b"the secret of id-3");
}

#[cfg(feature = "sqlite")]
#[tokio::test(flavor = "multi_thread")]
async fn a_restored_embedded_store_lists_in_the_order_of_the_old_one() {
    let it = fixture(1005).await;
    let path = it.path.with_extension("db");
    let new = crate::store::sqlite::SqliteStore::open(path).unwrap();
    restore(&new, &it.path, Some(&it.master)).await.unwrap();
    assert_eq!(everything(&new).await, everything(&it.store).await);
    new.close().await;
}

#[tokio::test]
async fn a_backup_is_its_owners_alone_and_leaves_nothing_else_behind() {
    let it = fixture(1).await;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = it.path.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let names = std::fs::read_dir(it.path.parent().unwrap()).unwrap();
    assert_eq!(names.count(), 1);
    let text = std::fs::read_to_string(&it.path).unwrap();
    assert!(!text.contains("the secret of"));
}

#[tokio::test]
async fn a_backup_cut_at_any_byte_is_refused_and_nothing_is_restored() {
    let it = fixture(2).await;
    let whole = std::fs::read(&it.path).unwrap();
    for len in 0..whole.len() {
        std::fs::write(&it.path, &whole[..len]).unwrap();
        let new = MemoryStore::new();
        let error = restore(&new, &it.path, None).await.unwrap_err();
        assert!(error.to_string().contains("refused"), "{len}: {error}");
        assert!(new.keyring().await.unwrap().is_none());
    }
}

#[tokio::test]
async fn a_backup_with_any_byte_changed_is_refused_and_nothing_is_restored() {
    let it = fixture(2).await;
    let whole = std::fs::read(&it.path).unwrap();
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        std::fs::write(&it.path, changed).unwrap();
        let new = MemoryStore::new();
        let error = restore(&new, &it.path, None).await.unwrap_err();
        assert!(error.to_string().contains("refused"), "{at}: {error}");
        assert!(new.keyring().await.unwrap().is_none());
    }
}

#[tokio::test]
async fn a_line_more_or_less_is_refused() {
    let it = fixture(2).await;
    let whole = std::fs::read_to_string(&it.path).unwrap();
    let lines: Vec<&str> = whole.lines().collect();
    for drop in 0..lines.len() {
        let mut fewer = lines.clone();
        fewer.remove(drop);
        std::fs::write(&it.path, fewer.join("\n") + "\n").unwrap();
        assert!(restore(&MemoryStore::new(), &it.path, None).await.is_err());
        let mut more = lines.clone();
        more.insert(drop, lines[drop]);
        std::fs::write(&it.path, more.join("\n") + "\n").unwrap();
        assert!(restore(&MemoryStore::new(), &it.path, None).await.is_err());
    }
}

#[tokio::test]
async fn only_an_empty_store_is_restored_into() {
    let it = fixture(2).await;
    let other = MemoryStore::new();
    fill(&other, &it.master, 1).await;
    let with_a_token = MemoryStore::new();
    tokens::create(&with_a_token, Scope::Admin, None, NOW)
        .await
        .unwrap();
    for used in [other, with_a_token] {
        let before = everything(&used).await;
        let error = restore(&used, &it.path, None).await.unwrap_err();
        assert!(error.to_string().contains("not empty"), "{error}");
        assert_eq!(everything(&used).await, before);
    }
}

#[tokio::test]
async fn a_restore_that_was_cut_off_goes_on() {
    let it = fixture(5).await;
    let (records, tokens, entries) = everything(&it.store).await;
    let new = MemoryStore::new();
    let (keyring, _) = it.store.keyring().await.unwrap().unwrap();
    assert!(new.put_keyring(&keyring, None).await.unwrap());
    for record in records.iter().take(3) {
        let _ = new.create(NewRecord::from(record.clone())).await.unwrap();
    }
    restore(&new, &it.path, Some(&it.master)).await.unwrap();
    restore(&new, &it.path, Some(&it.master)).await.unwrap();
    assert_eq!(everything(&new).await, (records, tokens, entries));
}

#[tokio::test]
async fn the_master_key_of_another_time_is_told_before_anything_is_changed() {
    let it = fixture(1).await;
    let newer = MasterKey::generate().unwrap();
    rekey(&it.store, &it.master, &newer).await.unwrap();
    let new = MemoryStore::new();
    let error = restore(&new, &it.path, Some(&newer)).await.unwrap_err();
    assert!(error.to_string().contains("master key"), "{error}");
    assert!(new.keyring().await.unwrap().is_none());
}

#[tokio::test]
async fn a_backup_that_fails_leaves_the_one_before() {
    let it = fixture(1).await;
    let before = std::fs::read(&it.path).unwrap();
    let error = back_up(&MemoryStore::new(), &it.path, NOW)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("no keyring"), "{error}");
    assert_eq!(std::fs::read(&it.path).unwrap(), before);
}
