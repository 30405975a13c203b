//! As many active credentials as a principal may have.

use countersign_key_server::store::{Creation, Life, NewRecord, Record, State};

use crate::support::{Stores, all, at, deleted, everything, numbered, race, record};

fn limited(record: Record, most: u32) -> NewRecord {
    NewRecord {
        max_active: Some(most),
        ..record.into()
    }
}

pub(crate) async fn bad_203_of_64_racing_creates_just_as_many_as_allowed_win(stores: &Stores) {
    if stores.refuse_limits().await {
        return;
    }
    let creations = race(stores, 64, |n, store| async move {
        store.create(limited(numbered(n), 5)).await.unwrap()
    })
    .await;
    let count = |what: &Creation| creations.iter().filter(|it| *it == what).count();
    assert_eq!(count(&Creation::Created), 5);
    assert_eq!(count(&Creation::LimitReached), 59);
    assert_eq!(all(&***stores, &everything(100)).await.len(), 5);
}

pub(crate) async fn only_active_credentials_of_the_same_principal_count(stores: &Stores) {
    if stores.refuse_limits().await {
        return;
    }
    let inactive = Life {
        state: State::Inactive,
        ..Life::default()
    };
    let expired = Life {
        expires_at: Some(at(-1)),
        ..Life::default()
    };
    let mut others = vec![
        record("other", "Dave@example.com"),
        record("longer", "dave@example.com2"),
    ];
    for (n, life) in [inactive, expired, deleted(0)].into_iter().enumerate() {
        others.push(Record {
            life,
            ..numbered(n)
        });
    }
    for other in others {
        let creation = stores.create(other.into()).await.unwrap();
        assert_eq!(creation, Creation::Created);
    }
    let first = stores.create(limited(numbered(10), 1)).await.unwrap();
    assert_eq!(first, Creation::Created);
    let second = stores.create(limited(numbered(11), 1)).await.unwrap();
    assert_eq!(second, Creation::LimitReached);
    let unlimited = stores.create(numbered(12).into()).await.unwrap();
    assert_eq!(unlimited, Creation::Created);
}

pub(crate) async fn a_credential_counts_until_its_last_second(stores: &Stores) {
    if stores.refuse_limits().await {
        return;
    }
    let ending = Record {
        life: Life {
            expires_at: Some(at(10)),
            ..Life::default()
        },
        ..numbered(0)
    };
    let _ = stores.create(ending.into()).await.unwrap();
    let create_at = async |seconds| {
        let record = Record {
            created_at: at(seconds),
            ..numbered(1)
        };
        stores.create(limited(record, 1)).await.unwrap()
    };
    assert_eq!(create_at(10).await, Creation::LimitReached);
    assert_eq!(create_at(11).await, Creation::Created);
}

pub(crate) async fn a_limit_of_none_allows_nothing(stores: &Stores) {
    if stores.refuse_limits().await {
        return;
    }
    let refused = stores.create(limited(numbered(0), 0)).await.unwrap();
    assert_eq!(refused, Creation::LimitReached);
    let roomy = stores.create(limited(numbered(0), u32::MAX)).await.unwrap();
    assert_eq!(roomy, Creation::Created);
}
