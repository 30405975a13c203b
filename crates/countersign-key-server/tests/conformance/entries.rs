//! The entries of the agent API.

use countersign_key_server::seal::Sealed;
use countersign_key_server::store::{CredentialStore, Entry, EntryId, EntryKind};

use crate::support::{Stores, at, only, race};

fn id(owner: &str, name: &str) -> EntryId {
    EntryId::new(EntryKind::AgentKey, owner, name)
}

fn entry(id: EntryId, says: &str) -> Entry {
    Entry {
        id,
        sealed: Sealed::from_bytes(says.as_bytes()),
        forget_after: None,
    }
}

/// Ids that a store could hold for one another, or take for more than text.
fn alike() -> Vec<EntryId> {
    let names = [
        ("a", "b"),
        ("a", "B"),
        ("A", "b"),
        ("ab", ""),
        ("", "ab"),
        ("a", "b "),
        ("a", "%62"),
        ("a", "_"),
        ("a", "%"),
        ("a/b", ".."),
        ("a", "'; DROP TABLE entries; --"),
        ("a", "\"b\"\\"),
        ("\u{e5}", "\u{1f511}"),
        ("a\u{30a}", "\u{1f511}"),
        ("a:b", "c"),
        ("a", "b:c"),
    ];
    let mut ids: Vec<_> = names.map(|(owner, name)| id(owner, name)).into();
    ids.push(EntryId::new(EntryKind::Account, "a", "b"));
    ids.push(EntryId::new(EntryKind::TokenKey, "", ""));
    ids
}

pub(crate) async fn of_64_racing_entries_with_one_id_one_is_kept(stores: &Stores) {
    let added = race(stores, 64, |n, store| async move {
        let entry = entry(id("dave", "key"), &format!("of {n}"));
        (entry.clone(), store.add_entry(entry).await.unwrap())
    })
    .await;
    let (kept, _) = only(&added, |(_, added)| *added);
    let found = stores.nth(1).entry(&kept.id).await.unwrap();
    assert_eq!(found.as_ref(), Some(&kept.sealed));
}

pub(crate) async fn entries_are_told_apart_byte_for_byte(stores: &Stores) {
    for (n, id) in alike().into_iter().enumerate() {
        let added = stores.add_entry(entry(id.clone(), &n.to_string())).await;
        assert!(added.unwrap(), "{id:?}");
    }
    for (n, id) in alike().into_iter().enumerate() {
        let found = stores.nth(1).entry(&id).await.unwrap();
        assert_eq!(
            found,
            Some(Sealed::from_bytes(n.to_string().as_bytes())),
            "{id:?}"
        );
        assert!(!stores.add_entry(entry(id, "again")).await.unwrap());
    }
    assert_eq!(stores.entry(&id("a", "c")).await.unwrap(), None);
}

pub(crate) async fn an_entry_is_replaced_only_as_it_was_read(stores: &Stores) {
    let key = id("dave", "key");
    let sealed = |text: &str| Sealed::from_bytes(text.as_bytes());
    let replace = async |id: &EntryId, old: &str, new: &str| {
        stores
            .replace_entry(id, &sealed(old), sealed(new))
            .await
            .unwrap()
    };
    assert!(!replace(&key, "one", "two").await, "there is none");
    assert!(stores.add_entry(entry(key.clone(), "one")).await.unwrap());
    assert!(!replace(&key, "two", "three").await);
    assert!(!replace(&id("dave", "other"), "one", "two").await);
    assert!(replace(&key, "one", "two").await);
    assert_eq!(
        stores.nth(1).entry(&key).await.unwrap(),
        Some(sealed("two"))
    );

    let replaced = race(stores, 16, |n, store| async move {
        let (old, new) = (
            Sealed::from_bytes(*b"two"),
            Sealed::from_bytes([u8::try_from(n).unwrap()]),
        );
        (
            new.clone(),
            store
                .replace_entry(&id("dave", "key"), &old, new)
                .await
                .unwrap(),
        )
    })
    .await;
    let (kept, _) = only(&replaced, |(_, replaced)| *replaced);
    assert_eq!(stores.entry(&key).await.unwrap().as_ref(), Some(kept));
}

/// All entries, read in pages of this size.
async fn all(store: &dyn CredentialStore, limit: usize) -> Vec<Entry> {
    let mut all: Vec<Entry> = Vec::new();
    loop {
        let last = all.last().map(|entry| entry.id.clone());
        let page = store.entries(last.as_ref(), limit).await.unwrap();
        assert!(page.len() <= limit);
        if page.is_empty() {
            return all;
        }
        all.extend(page);
    }
}

pub(crate) async fn pages_of_entries_of_any_size_cover_everything_once(stores: &Stores) {
    assert_eq!(stores.entries(None, 10).await.unwrap(), []);
    let mut expected = Vec::new();
    for (n, id) in alike().into_iter().enumerate() {
        let entry = Entry {
            forget_after: (n % 2 == 0).then(|| at(i64::try_from(n).unwrap())),
            ..entry(id, &n.to_string())
        };
        assert!(stores.add_entry(entry.clone()).await.unwrap());
        expected.push(entry);
    }
    expected.sort_by(|one, other| one.id.cmp(&other.id));
    let in_one = all(&*stores.nth(1), 1000).await;
    for limit in [1, 2, 7, 18, 19] {
        assert_eq!(all(&***stores, limit).await, in_one, "{limit}");
    }
    let mut sorted = in_one;
    sorted.sort_by(|one, other| one.id.cmp(&other.id));
    assert_eq!(sorted, expected);
}

pub(crate) async fn entries_are_forgotten_after_their_last_second(stores: &Stores) {
    let passing = |name: &str, last| Entry {
        forget_after: last,
        ..entry(EntryId::new(EntryKind::EndedSession, "dave", name), "")
    };
    for (name, last) in [
        ("a", Some(at(9))),
        ("b", Some(at(10))),
        ("c", Some(at(11))),
        ("d", None),
    ] {
        assert!(stores.add_entry(passing(name, last)).await.unwrap());
    }
    assert_eq!(stores.forget_entries(at(10)).await.unwrap(), 1);
    assert_eq!(stores.nth(1).forget_entries(at(10)).await.unwrap(), 0);
    let names = all(&***stores, 10)
        .await
        .into_iter()
        .map(|entry| entry.id.name);
    let mut names: Vec<_> = names.collect();
    names.sort();
    assert_eq!(names, ["b", "c", "d"]);
    assert_eq!(stores.forget_entries(at(1000)).await.unwrap(), 2);
    assert_eq!(all(&***stores, 10).await.len(), 1);
}
