//! Lookups that meet each other, an invalidation, and callers that leave.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use countersign_core::{KeyId, KeyLookup, KeySet, LookupError, SigningKey};
use loom::future::block_on;
use loom::thread;

use super::answers::Settings;
use super::flights::State;
use crate::every_order;

/// A source whose answer is the key of the version it has reached, and which is asked once more
/// before it answers.
#[derive(Default)]
struct Source {
    version: AtomicUsize,
    asked: AtomicUsize,
}

impl KeyLookup for Source {
    type Principal = usize;

    async fn lookup(&self, id: KeyId<'_>) -> Result<Option<KeySet<usize>>, LookupError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let version = self.version.load(Ordering::SeqCst);
        let mut pending = true;
        std::future::poll_fn(|context| {
            if std::mem::take(&mut pending) {
                context.waker().wake_by_ref();
                thread::yield_now();
                return Poll::Pending;
            }
            Poll::Ready(())
        })
        .await;
        let key = SigningKey::with_principal(id.as_str(), "a secret of enough bytes", version);
        Ok(Some(KeySet::from(key.map_err(LookupError::new)?)))
    }
}

struct Cached {
    state: Arc<State<usize>>,
    source: Arc<Source>,
}

impl Cached {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            state: Arc::new(State::new(&Settings::default())),
            source: Arc::default(),
        })
    }

    async fn lookup(&self) -> usize {
        let id = KeyId::parse(b"id").expect("an id");
        let found = self.state.lookup(&self.source, id).await;
        let keys = found.expect("the source is up").expect("it knows the id");
        *keys.keys().first().expect("one key").principal()
    }

    fn asked(&self) -> usize {
        self.source.asked.load(Ordering::SeqCst)
    }
}

/// Two threads look one id up: the source is asked once.
pub fn two_lookups_are_one_call() {
    every_order(1, || {
        let cached = Cached::new();
        let other = thread::spawn({
            let cached = Arc::clone(&cached);
            move || block_on(cached.lookup())
        });
        assert_eq!(block_on(cached.lookup()), 0);
        assert_eq!(other.join().unwrap(), 0);
        assert_eq!(cached.asked(), 1);
    });
}

/// A key changes and is invalidated while it is looked up: from then on nobody is given the old.
pub fn an_invalidation_is_not_undone_by_a_lookup_under_way() {
    every_order(1, || {
        let cached = Cached::new();
        let other = thread::spawn({
            let cached = Arc::clone(&cached);
            move || block_on(cached.lookup())
        });
        cached.source.version.store(1, Ordering::SeqCst);
        cached.state.forget("id");
        assert_eq!(block_on(cached.lookup()), 1);
        assert!(other.join().unwrap() <= 1);
        assert_eq!(block_on(cached.lookup()), 1);
    });
}

/// The caller that drives the call leaves: the other one still gets an answer, and the next does.
pub fn a_caller_that_leaves_strands_nobody() {
    every_order(1, || {
        let cached = Cached::new();
        let leaving = thread::spawn({
            let cached = Arc::clone(&cached);
            move || {
                let mut lookup = pin!(cached.lookup());
                let mut context = Context::from_waker(Waker::noop());
                let _ = lookup.as_mut().poll(&mut context);
            }
        });
        assert_eq!(block_on(cached.lookup()), 0);
        leaving.join().unwrap();
        assert_eq!(block_on(cached.lookup()), 0);
        assert!(cached.asked() <= 2, "asked {} times", cached.asked());
    });
}
