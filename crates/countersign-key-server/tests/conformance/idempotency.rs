//! One record per idempotency key.

use countersign_key_server::store::{Creation, Idempotency, NewRecord, Record};

use crate::support::{Stores, all, at, everything, id, new, numbered, only, race, record, retry};

pub(crate) async fn bad_204_of_64_racing_creates_with_one_idempotency_key_one_wins(
    stores: &Stores,
) {
    let creations = race(stores, 64, |n, store| async move {
        let fingerprint = u8::try_from(n).unwrap();
        let new = new(numbered(n), Some(retry(7, fingerprint)));
        (n, store.create(new).await.unwrap())
    })
    .await;
    let (winner, _) = only(&creations, |(_, it)| *it == Creation::Created);
    let told = Creation::Repeated {
        id: numbered(*winner).id,
        fingerprint: [u8::try_from(*winner).unwrap(); 32],
    };
    for (n, creation) in &creations {
        assert!(n == winner || *creation == told, "{n}: {creation:?}");
    }
    let kept = all(&***stores, &everything(100)).await;
    assert_eq!(kept, [numbered(*winner)]);
}

pub(crate) async fn a_repeated_creation_tells_of_the_first_whatever_else_it_asks_for(
    stores: &Stores,
) {
    let first = new(numbered(0), Some(retry(1, 10)));
    assert_eq!(stores.create(first).await.unwrap(), Creation::Created);
    let told = Creation::Repeated {
        id: numbered(0).id,
        fingerprint: [10; 32],
    };
    // The same id and a limit that is reached would be refused, but it is a retry first of all.
    let again = NewRecord {
        max_active: Some(0),
        ..new(numbered(0), Some(retry(1, 10)))
    };
    let other = new(record("other", "somebody else"), Some(retry(1, 11)));
    for repeated in [again, other] {
        assert_eq!(stores.nth(1).create(repeated).await.unwrap(), told);
    }
    let another_key = new(numbered(1), Some(retry(2, 10)));
    assert_eq!(stores.create(another_key).await.unwrap(), Creation::Created);
    assert_eq!(all(&***stores, &everything(10)).await.len(), 2);
}

pub(crate) async fn an_idempotency_key_is_remembered_until_its_last_second(stores: &Stores) {
    let create = async |n, seconds| {
        let record = Record {
            created_at: at(seconds),
            ..numbered(n)
        };
        let idempotency = Idempotency {
            until: at(seconds + 100),
            ..retry(1, u8::try_from(n).unwrap())
        };
        stores.create(new(record, Some(idempotency))).await.unwrap()
    };
    let told = |n: u8| Creation::Repeated {
        id: numbered(n.into()).id,
        fingerprint: [n; 32],
    };
    assert_eq!(create(0, 0).await, Creation::Created);
    assert_eq!(create(1, 100).await, told(0));
    assert_eq!(create(2, 101).await, Creation::Created);
    // From then on it is the second one that is remembered, for as long.
    assert_eq!(create(3, 201).await, told(2));
    assert_eq!(create(4, 202).await, Creation::Created);
}

pub(crate) async fn a_refused_creation_uses_up_no_idempotency_key(stores: &Stores) {
    let _ = stores.create(numbered(0).into()).await.unwrap();
    let taken = new(numbered(0), Some(retry(1, 1)));
    assert_eq!(stores.create(taken).await.unwrap(), Creation::IdTaken);
    if !stores.refuse_limits().await {
        let beyond = NewRecord {
            max_active: Some(1),
            ..new(numbered(1), Some(retry(1, 1)))
        };
        assert_eq!(stores.create(beyond).await.unwrap(), Creation::LimitReached);
    }
    assert_eq!(stores.get(&id("credential-1")).await.unwrap(), None);
    let fitting = new(numbered(2), Some(retry(1, 1)));
    assert_eq!(stores.create(fitting).await.unwrap(), Creation::Created);
}
