//! A caller that goes away leaves nothing half done.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use countersign_key_server::store::{Creation, Life, Revision, Rotation};

use crate::support::{Stores, all, everything, id, new, numbered, retry};

/// How often the future is polled at most before it is dropped.
const POLLS: usize = 6;

/// Polls `call` so many times, unless it is done before, and drops it.
async fn drop_after(polls: usize, call: impl Future) {
    let mut call = pin!(call);
    let mut polled = 0;
    poll_fn(|context| {
        if polled == polls {
            return Poll::Ready(());
        }
        polled += 1;
        call.as_mut().poll(context).map(drop)
    })
    .await;
}

pub(crate) async fn a_dropped_creation_is_whole_or_was_never_made(stores: &Stores) {
    for n in 0..=POLLS {
        let key = u8::try_from(n).unwrap();
        let new = new(numbered(n), Some(retry(key, key)));
        drop_after(n, stores.create(new.clone())).await;
        // The retry finds it made, or makes it.
        match stores.create(new).await.unwrap() {
            Creation::Created => {}
            Creation::Repeated { id, fingerprint } => {
                assert_eq!((id, fingerprint), (numbered(n).id, [key; 32]));
            }
            other => panic!("{n}: {other:?}"),
        }
        let kept = stores.get(&numbered(n).id).await.unwrap();
        assert_eq!(kept, Some(numbered(n)));
    }
    let kept = all(&***stores, &everything(100)).await;
    assert_eq!(kept.len(), POLLS + 1);
}

pub(crate) async fn a_dropped_rotation_is_whole_or_was_never_made(stores: &Stores) {
    for n in 0..=POLLS {
        let (old, successor) = (numbered(n), numbered(n + 100));
        let _ = stores.create(old.clone().into()).await.unwrap();
        let life = Life {
            rotated_to: Some(successor.id.clone()),
            ..Life::default()
        };
        let key = u8::try_from(n).unwrap();
        let new = new(successor.clone(), Some(retry(key, key)));
        let rotate = || stores.rotate(&old.id, Revision::FIRST, life.clone(), new.clone());
        drop_after(n, rotate()).await;
        // The retry finds it made, or makes it; in between it may meet it under way.
        loop {
            match rotate().await.unwrap() {
                Rotation::Rotated => break,
                Rotation::NotCreated(Creation::Repeated { id, .. }) => {
                    assert_eq!(id, successor.id);
                    break;
                }
                _ => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        }
        let old = stores.get(&old.id).await.unwrap().unwrap();
        assert_eq!((old.life, old.revision), (life, Revision::from_number(2)));
        let kept = stores.get(&id(successor.id.as_str())).await.unwrap();
        assert_eq!(kept, Some(successor));
    }
    let kept = all(&***stores, &everything(100)).await;
    assert_eq!(kept.len(), 2 * (POLLS + 1));
}
