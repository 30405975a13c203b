//! When credentials were last used.

use countersign_key_server::store::Record;

use crate::support::{Stores, all, at, everything, id, numbered};

pub(crate) async fn the_latest_use_is_kept(stores: &Stores) {
    let _ = stores.create(numbered(0).into()).await.unwrap();
    let name = numbered(0).id;
    for (used, expected) in [(50, 50), (40, 50), (60, 60), (60, 60)] {
        stores.touch(&[(name.clone(), at(used))]).await.unwrap();
        let kept = stores.get(&name).await.unwrap().unwrap();
        assert_eq!(kept.last_used_at, Some(at(expected)));
    }
    let several = [70, 90, 80].map(|used| (name.clone(), at(used)));
    stores.touch(&several).await.unwrap();
    let kept = stores.get(&name).await.unwrap().unwrap();
    assert_eq!(kept.last_used_at, Some(at(90)));
}

pub(crate) async fn a_use_is_no_change_and_unknown_ids_are_ignored(stores: &Stores) {
    for n in [0, 1] {
        let _ = stores.create(numbered(n).into()).await.unwrap();
    }
    stores.touch(&[]).await.unwrap();
    let used = [(id("nobody"), at(50)), (numbered(0).id, at(50))];
    stores.touch(&used).await.unwrap();
    let used = Record {
        last_used_at: Some(at(50)),
        ..numbered(0)
    };
    let kept = all(&***stores, &everything(10)).await;
    assert_eq!(kept, [used, numbered(1)]);
}

pub(crate) async fn bad_228_ten_thousand_uses_at_once_are_noted(stores: &Stores) {
    for n in 0..100 {
        let _ = stores.create(numbered(n).into()).await.unwrap();
    }
    let used: Vec<_> = (0..10_000)
        .map(|n| (numbered(n % 100).id, at(i64::try_from(n).unwrap())))
        .collect();
    stores.touch(&used).await.unwrap();
    for (n, record) in all(&***stores, &everything(1000)).await.iter().enumerate() {
        let latest = at(9_900 + i64::try_from(n).unwrap());
        assert_eq!(record.last_used_at, Some(latest));
    }
}
