//! The old record changes and the new one is kept: both, or neither.

use countersign_key_server::store::{Creation, Life, NewRecord, Record, Revision, Rotation};

use crate::support::{Stores, all, at, everything, id, ids, new, numbered, only, race, retry};

/// The life of what was replaced by the n-th credential.
fn replaced_by(n: usize) -> Life {
    Life {
        expires_at: Some(at(60)),
        rotated_to: Some(numbered(n).id),
        ..Life::default()
    }
}

async fn rotate(stores: &Stores, revision: Revision, successor: NewRecord) -> Rotation {
    stores
        .rotate(&numbered(0).id, revision, replaced_by(1), successor)
        .await
        .unwrap()
}

async fn only_the_old_is_there(stores: &Stores) {
    assert_eq!(all(&***stores, &everything(10)).await, [numbered(0)]);
}

pub(crate) async fn a_rotation_changes_the_old_and_keeps_the_new(stores: &Stores) {
    let _ = stores.create(numbered(0).into()).await.unwrap();
    let rotation = rotate(stores, Revision::FIRST, numbered(1).into()).await;
    assert_eq!(rotation, Rotation::Rotated);
    let old = Record {
        life: replaced_by(1),
        revision: Revision::FIRST.next(),
        ..numbered(0)
    };
    let kept = all(&*stores.nth(1), &everything(10)).await;
    assert_eq!(kept, [old, numbered(1)]);
}

pub(crate) async fn a_stale_or_unknown_rotation_changes_nothing(stores: &Stores) {
    let unknown = rotate(stores, Revision::FIRST, numbered(1).into()).await;
    assert_eq!(unknown, Rotation::Unknown);
    assert_eq!(stores.get(&numbered(1).id).await.unwrap(), None);
    let _ = stores.create(numbered(0).into()).await.unwrap();
    let stale = rotate(stores, Revision::from_number(2), numbered(1).into()).await;
    assert_eq!(stale, Rotation::Stale);
    only_the_old_is_there(stores).await;
}

pub(crate) async fn a_rotation_to_a_taken_id_changes_nothing(stores: &Stores) {
    let _ = stores.create(numbered(0).into()).await.unwrap();
    let rotation = rotate(stores, Revision::FIRST, numbered(0).into()).await;
    assert_eq!(rotation, Rotation::NotCreated(Creation::IdTaken));
    only_the_old_is_there(stores).await;
}

pub(crate) async fn a_repeated_rotation_tells_of_the_first(stores: &Stores) {
    let _ = stores.create(numbered(0).into()).await.unwrap();
    let first = new(numbered(1), Some(retry(1, 2)));
    assert_eq!(
        rotate(stores, Revision::FIRST, first).await,
        Rotation::Rotated
    );
    let told = Rotation::NotCreated(Creation::Repeated {
        id: numbered(1).id,
        fingerprint: [2; 32],
    });
    // The revision that the first attempt was meant for is gone; a retry is one all the same.
    for (revision, n) in [(1, 1), (1, 2), (2, 3)] {
        let again = new(numbered(n), Some(retry(1, 3)));
        let rotation = rotate(stores, Revision::from_number(revision), again).await;
        assert_eq!(rotation, told);
    }
    let kept = all(&***stores, &everything(10)).await;
    assert_eq!(ids(&kept), ["credential-0", "credential-1"]);
    assert_eq!(kept[0].revision, Revision::FIRST.next());
}

pub(crate) async fn of_16_racing_rotations_one_wins(stores: &Stores) {
    let _ = stores.create(numbered(0).into()).await.unwrap();
    let rotations = race(stores, 16, |n, store| async move {
        let n = n + 1;
        let rotation = store
            .rotate(
                &numbered(0).id,
                Revision::FIRST,
                replaced_by(n),
                numbered(n).into(),
            )
            .await;
        (n, rotation.unwrap())
    })
    .await;
    let (winner, _) = only(&rotations, |(_, it)| *it == Rotation::Rotated);
    for (n, rotation) in &rotations {
        assert!(n == winner || *rotation == Rotation::Stale, "{rotation:?}");
    }
    let kept = all(&***stores, &everything(100)).await;
    let successor = numbered(*winner).id;
    assert_eq!(ids(&kept), ["credential-0", successor.as_str()]);
    assert_eq!(kept[0].life.rotated_to, Some(successor));
}

pub(crate) async fn a_rotation_does_not_count_the_one_it_replaces(stores: &Stores) {
    if stores.refuse_limits().await {
        return;
    }
    let _ = stores.create(numbered(0).into()).await.unwrap();
    let successor = NewRecord {
        max_active: Some(1),
        ..numbered(1).into()
    };
    let rotation = rotate(stores, Revision::FIRST, successor).await;
    assert_eq!(rotation, Rotation::Rotated);
}

pub(crate) async fn a_rotation_beyond_the_limit_changes_nothing(stores: &Stores) {
    if stores.refuse_limits().await {
        return;
    }
    for n in [0, 5] {
        let _ = stores.create(numbered(n).into()).await.unwrap();
    }
    let successor = NewRecord {
        max_active: Some(1),
        ..numbered(1).into()
    };
    let rotation = rotate(stores, Revision::FIRST, successor).await;
    assert_eq!(rotation, Rotation::NotCreated(Creation::LimitReached));
    let kept = all(&***stores, &everything(10)).await;
    assert_eq!(kept, [numbered(0), numbered(5)]);
    assert_eq!(stores.get(&id("credential-1")).await.unwrap(), None);
}
