//! A change happens to the revision it was meant for, or not at all.

use countersign_key_server::seal::Sealed;
use countersign_key_server::store::{Change, Life, Record, Revision, State, Update};

use crate::support::{Stores, at, deleted, id, numbered, only, race};

pub(crate) async fn of_64_racing_updates_of_one_revision_one_wins(stores: &Stores) {
    let _ = stores.create(numbered(0).into()).await.unwrap();
    for round in 1..=3 {
        let revision = Revision::from_number(round);
        let updates = race(stores, 64, |n, store| async move {
            let sealed = Sealed::from_bytes(format!("by {n} in {round}").into_bytes());
            let change = Change::Sealed(sealed);
            store.update(&numbered(0).id, revision, change).await
        })
        .await;
        let updates: Vec<_> = updates.into_iter().map(Result::unwrap).collect();
        let won = only(&updates, |it| matches!(it, Update::Updated(_)));
        let stale = updates.iter().filter(|it| **it == Update::Stale);
        assert_eq!(stale.count(), 63);
        let kept = stores.get(&numbered(0).id).await.unwrap().unwrap();
        assert_eq!(kept.revision, revision.next());
        assert_eq!(*won, Update::Updated(kept));
    }
}

pub(crate) async fn bad_230_a_stale_update_changes_nothing(stores: &Stores) {
    let _ = stores.create(numbered(0).into()).await.unwrap();
    let name = numbered(0).id;
    for wrong in [0, 2, u32::MAX] {
        let update = stores
            .update(
                &name,
                Revision::from_number(wrong),
                Change::Life(deleted(1)),
            )
            .await;
        assert_eq!(update.unwrap(), Update::Stale);
    }
    assert_eq!(stores.get(&name).await.unwrap(), Some(numbered(0)));
}

pub(crate) async fn an_update_of_an_unknown_id_says_so(stores: &Stores) {
    let change = Change::Life(deleted(1));
    let update = stores.update(&id("nobody"), Revision::FIRST, change).await;
    assert_eq!(update.unwrap(), Update::Unknown);
    assert_eq!(stores.get(&id("nobody")).await.unwrap(), None);
}

pub(crate) async fn an_update_changes_what_it_names_and_nothing_else(stores: &Stores) {
    let first = Record {
        last_used_at: Some(at(5)),
        ..numbered(0)
    };
    let _ = stores.create(first.clone().into()).await.unwrap();
    let _ = stores.create(numbered(1).into()).await.unwrap();
    let lives = [
        Life {
            state: State::Inactive,
            deleted_at: Some(at(1)),
            expires_at: Some(at(2)),
            rotated_to: Some(id("successor")),
        },
        Life::default(),
    ];
    let sealed = Sealed::from_bytes(*b"anew");
    let changes = lives.into_iter().map(Change::Life);
    let mut expected = first;
    for change in changes.chain([Change::Sealed(sealed)]) {
        let revision = expected.revision;
        expected.revision = revision.next();
        match change.clone() {
            Change::Life(life) => expected.life = life,
            Change::Sealed(sealed) => expected.sealed = sealed,
        }
        let update = stores.update(&expected.id, revision, change).await;
        assert_eq!(update.unwrap(), Update::Updated(expected.clone()));
        let kept = stores.nth(1).get(&expected.id).await.unwrap();
        assert_eq!(kept.as_ref(), Some(&expected));
    }
    let other = stores.get(&numbered(1).id).await.unwrap();
    assert_eq!(other, Some(numbered(1)));
}
