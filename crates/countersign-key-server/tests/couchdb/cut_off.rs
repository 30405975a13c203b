//! What takes several documents, cut off at every one of them.

use countersign_key_server::store::couchdb::CouchStore;
use countersign_key_server::store::{
    Change, Creation, CredentialStore as _, Life, Revision, Rotation, StoreErrorKind, Update,
};

use crate::stub::{Moment, Outage, Stub};
use crate::support::{at, everything, id, record, with_key};

const MOMENTS: [Moment; 2] = [Moment::BeforeTheWrite, Moment::AfterTheWrite];

async fn start() -> (Stub, Outage, CouchStore) {
    let outage = Outage::default();
    let stub = Stub::couchdb_with(outage.clone()).await;
    let store = CouchStore::connect(&stub.url()).await.unwrap();
    (stub, outage, store)
}

fn rotated_to(name: &str) -> Life {
    Life {
        rotated_to: Some(id(name)),
        ..Life::default()
    }
}

#[tokio::test]
async fn bad_204_a_creation_cut_off_anywhere_is_finished_by_whoever_comes_with_its_key() {
    let mut cut_off = 0;
    for (writes, moment) in (0..2).flat_map(|n| MOMENTS.map(|moment| (n, moment))) {
        let (_stub, outage, store) = start().await;
        outage.after(writes, moment);
        let first = store.create(with_key(record("first"), 1)).await;
        assert_eq!(first.unwrap_err().kind(), StoreErrorKind::Unavailable);
        cut_off += usize::from(outage.ends());
        let is_known = (writes, moment) != (0, Moment::BeforeTheWrite);
        let second = store.create(with_key(record("second"), 1)).await.unwrap();
        let (name, other) = if is_known {
            let told = Creation::Repeated {
                id: id("first"),
                fingerprint: [1; 32],
            };
            assert_eq!(second, told, "{writes} {moment:?}");
            ("first", "second")
        } else {
            assert_eq!(second, Creation::Created);
            ("second", "first")
        };
        assert_eq!(store.get(&id(name)).await.unwrap(), Some(record(name)));
        assert_eq!(store.get(&id(other)).await.unwrap(), None);
    }
    assert_eq!(cut_off, 4);
}

#[tokio::test]
async fn a_rotation_cut_off_anywhere_is_finished_by_whoever_comes_with_its_key() {
    for (writes, moment) in (0..3).flat_map(|n| MOMENTS.map(|moment| (n, moment))) {
        let (_stub, outage, store) = start().await;
        let _ = store.create(record("old").into()).await.unwrap();
        let rotate = async |name: &str| {
            let (old, successor) = (id("old"), with_key(record(name), 1));
            let life = rotated_to(name);
            store.rotate(&old, Revision::FIRST, life, successor).await
        };
        outage.after(writes, moment);
        let error = rotate("first").await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Unavailable);
        assert!(outage.ends());
        let is_known = (writes, moment) != (0, Moment::BeforeTheWrite);
        let second = rotate("second").await.unwrap();
        let name = if is_known {
            let told = Creation::Repeated {
                id: id("first"),
                fingerprint: [1; 32],
            };
            assert_eq!(second, Rotation::NotCreated(told), "{writes} {moment:?}");
            "first"
        } else {
            assert_eq!(second, Rotation::Rotated);
            "second"
        };
        let old = store.get(&id("old")).await.unwrap().unwrap();
        assert_eq!(old.life, rotated_to(name));
        assert_eq!(old.revision, Revision::from_number(2));
        assert_eq!(store.get(&id(name)).await.unwrap(), Some(record(name)));
        let all = store.list(&everything()).await.unwrap().records;
        assert_eq!(all.len(), 2, "{writes} {moment:?}");
    }
}

#[tokio::test]
async fn a_rotation_cut_off_and_overtaken_is_taken_back_by_whoever_comes_with_its_key() {
    // Cut off with the key, and perhaps the successor, written.
    for (writes, moment) in [
        (0, Moment::AfterTheWrite),
        (1, Moment::AfterTheWrite),
        (2, Moment::BeforeTheWrite),
    ] {
        let (_stub, outage, store) = start().await;
        let _ = store.create(record("old").into()).await.unwrap();
        let rotate = async |name: &str, revision| {
            let (old, successor) = (id("old"), with_key(record(name), 1));
            let life = rotated_to(name);
            let revision = Revision::from_number(revision);
            store.rotate(&old, revision, life, successor).await
        };
        outage.after(writes, moment);
        assert!(rotate("first", 1).await.is_err() && outage.ends());
        let change = Change::Life(Life {
            expires_at: Some(at(5)),
            ..Life::default()
        });
        let update = store.update(&id("old"), Revision::FIRST, change).await;
        assert!(matches!(update.unwrap(), Update::Updated(_)));
        // The retry is as stale as the first attempt; one for the new revision is not.
        assert_eq!(rotate("first", 1).await.unwrap(), Rotation::Stale);
        assert_eq!(store.get(&id("first")).await.unwrap(), None);
        assert_eq!(rotate("second", 2).await.unwrap(), Rotation::Rotated);
        let all = store.list(&everything()).await.unwrap().records;
        assert_eq!(all.len(), 2, "{writes} {moment:?}");
        // An id that was taken back stays taken.
        let again = store.create(record("first").into()).await.unwrap();
        assert_eq!(again, Creation::IdTaken);
    }
}

#[tokio::test]
async fn a_rotation_that_a_retry_finished_is_never_taken_back() {
    let (_stub, outage, store) = start().await;
    let _ = store.create(record("old").into()).await.unwrap();
    let rotate = async |name: &str, revision, key| {
        let (old, successor) = (id("old"), with_key(record(name), key));
        let (life, revision) = (rotated_to(name), Revision::from_number(revision));
        store.rotate(&old, revision, life, successor).await
    };
    outage.after(2, Moment::AfterTheWrite);
    assert!(rotate("first", 1, 1).await.is_err() && outage.ends());
    // Another rotation follows, before the retry of the first comes.
    assert_eq!(rotate("second", 2, 2).await.unwrap(), Rotation::Rotated);
    let told = Creation::Repeated {
        id: id("first"),
        fingerprint: [1; 32],
    };
    assert_eq!(
        rotate("first", 1, 1).await.unwrap(),
        Rotation::NotCreated(told)
    );
    assert!(store.get(&id("first")).await.unwrap().is_some());
    let old = store.get(&id("old")).await.unwrap().unwrap();
    assert_eq!(old.life, rotated_to("second"));
}

#[tokio::test]
async fn an_idempotency_key_whose_id_was_taken_is_free_again_wherever_it_was_cut_off() {
    for (writes, moment) in (0..3).flat_map(|n| MOMENTS.map(|moment| (n, moment))) {
        let (_stub, outage, store) = start().await;
        let _ = store.create(record("taken").into()).await.unwrap();
        outage.after(writes, moment);
        let refused = store.create(with_key(record("taken"), 1)).await;
        assert!(outage.ends());
        // The last write only forgets the key; whether that worked, it does not matter.
        match refused {
            Ok(creation) => assert_eq!((writes, creation), (2, Creation::IdTaken)),
            Err(error) => assert_eq!(error.kind(), StoreErrorKind::Unavailable),
        }
        let second = store.create(with_key(record("second"), 1)).await.unwrap();
        assert_eq!(second, Creation::Created, "{writes} {moment:?}");
        let repeated = store.create(with_key(record("third"), 1)).await.unwrap();
        assert!(matches!(repeated, Creation::Repeated { id, .. } if id.as_str() == "second"));
    }
}
