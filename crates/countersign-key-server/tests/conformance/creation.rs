//! One record per id.

use countersign_key_server::store::{Change, Creation};

use crate::support::{Stores, all, deleted, everything, id, only, race, record};

pub(crate) async fn of_64_racing_creates_with_one_id_one_wins(stores: &Stores) {
    for round in 0..3 {
        let name = format!("wanted-{round}");
        let creations = race(stores, 64, |n, store| {
            let record = record(&name, &format!("racer-{n}"));
            async move { (n, store.create(record.into()).await.unwrap()) }
        })
        .await;
        let (winner, _) = only(&creations, |(_, it)| *it == Creation::Created);
        let taken = |it: &&(usize, Creation)| it.1 == Creation::IdTaken;
        assert_eq!(creations.iter().filter(taken).count(), 63);
        let kept = stores.get(&id(&name)).await.unwrap().unwrap();
        assert_eq!(kept, record(&name, &format!("racer-{winner}")));
    }
    assert_eq!(all(&***stores, &everything(100)).await.len(), 3);
}

pub(crate) async fn a_taken_id_is_refused_and_its_record_stays(stores: &Stores) {
    let first = record("a", "dave");
    assert_eq!(
        stores.create(first.clone().into()).await.unwrap(),
        Creation::Created
    );
    assert_eq!(
        stores.create(record("a", "eve").into()).await.unwrap(),
        Creation::IdTaken
    );
    assert_eq!(all(&***stores, &everything(10)).await, [first]);
}

pub(crate) async fn the_id_of_a_deleted_record_stays_taken(stores: &Stores) {
    let first = record("a", "dave");
    let _ = stores.create(first.clone().into()).await.unwrap();
    let change = Change::Life(deleted(1));
    let _ = stores
        .update(&first.id, first.revision, change)
        .await
        .unwrap();
    assert_eq!(
        stores.create(first.into()).await.unwrap(),
        Creation::IdTaken
    );
    let kept = stores.get(&id("a")).await.unwrap().unwrap();
    assert_eq!(kept.life, deleted(1));
}
