//! The one sealed keyring.

use countersign_key_server::store::Revision;

use crate::support::{Stores, only, race};

pub(crate) async fn of_16_racing_first_keyrings_one_is_kept(stores: &Stores) {
    let put = race(stores, 16, |n, store| async move {
        let ring = format!("keyring {n}").into_bytes();
        (ring.clone(), store.put_keyring(&ring, None).await.unwrap())
    })
    .await;
    let (kept, _) = only(&put, |(_, kept)| *kept);
    let expected = Some((kept.clone(), Revision::FIRST));
    for n in 0..2 {
        assert_eq!(stores.nth(n).keyring().await.unwrap(), expected);
    }
}

pub(crate) async fn a_keyring_is_replaced_only_at_the_revision_it_was_read_at(stores: &Stores) {
    let put = async |ring: &[u8], expected: Option<u32>| {
        let expected = expected.map(Revision::from_number);
        stores.put_keyring(ring, expected).await.unwrap()
    };
    assert!(!put(b"early", Some(1)).await);
    assert!(put(b"first", None).await);
    for wrong in [None, Some(0), Some(2)] {
        assert!(!put(b"wrong", wrong).await, "{wrong:?}");
    }
    // One that holds every byte and is longer than any will be.
    let long: Vec<u8> = (0..=u8::MAX).cycle().take(10_000).collect();
    assert!(put(&long, Some(1)).await);
    assert!(!put(b"late", Some(1)).await);
    let kept = stores.nth(1).keyring().await.unwrap();
    assert_eq!(kept, Some((long, Revision::from_number(2))));
}
