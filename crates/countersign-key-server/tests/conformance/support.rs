//! What the behaviours stand on.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use countersign_core::{Algorithm, Timestamp};
use countersign_key_server::credential::{AuthScheme, CredentialId, Principal};
use countersign_key_server::seal::Sealed;
use countersign_key_server::store::{
    CredentialStore, Idempotency, Life, Listing, NewRecord, Page, Record, Revision, StoreErrorKind,
    Which,
};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

/// How long a behaviour may take, on the slowest store: it hangs when it takes longer.
const PATIENCE: Duration = Duration::from_secs(120);

/// A store of its own for one test: nothing is in it, and it is gone when this is dropped.
#[async_trait]
pub(crate) trait Fixture: Sized + Send + Sync {
    /// How many servers share the store in the tests: 1 for a kind that cannot be shared.
    const SERVERS: usize = 2;

    /// What the store does when the credentials of a principal are to be limited.
    const LIMITS: Limits = Limits::Counted;

    /// Starts what the store needs.
    async fn start() -> Self;

    /// Opens the store, as one more server would; always the same one.
    async fn open(&self) -> Arc<dyn CredentialStore>;
}

/// What a store does when the credentials of a principal are to be limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Limits {
    /// It counts those that are active.
    Counted,
    /// It cannot, and refuses to create anything under a limit.
    Refused,
}

/// One store as each of the servers that share it has opened it. Where it does not matter which,
/// it is the first one's.
pub(crate) struct Stores {
    opened: Vec<Arc<dyn CredentialStore>>,
    limits: Limits,
}

impl Stores {
    /// As the n-th server has opened it, beginning anew after the last.
    pub(crate) fn nth(&self, n: usize) -> Arc<dyn CredentialStore> {
        self.opened[n % self.opened.len()].clone()
    }

    /// Whether the store cannot count; then it is checked, here and now, that it refuses to, and
    /// keeps nothing.
    pub(crate) async fn refuse_limits(&self) -> bool {
        if self.limits == Limits::Refused {
            let limited = NewRecord {
                max_active: Some(u32::MAX),
                ..record("limited", "nobody").into()
            };
            let refusal = self.create(limited).await.unwrap_err();
            assert_eq!(refusal.kind(), StoreErrorKind::Misconfigured);
            assert_eq!(self.get(&id("limited")).await.unwrap(), None);
        }
        self.limits == Limits::Refused
    }
}

impl Deref for Stores {
    type Target = Arc<dyn CredentialStore>;

    fn deref(&self) -> &Self::Target {
        &self.opened[0]
    }
}

/// Tries one behaviour on a store of its own.
pub(crate) async fn run<F: Fixture>(behaviour: impl AsyncFnOnce(&Stores)) {
    let fixture = F::start().await;
    let mut stores = Stores {
        opened: Vec::new(),
        limits: F::LIMITS,
    };
    for _ in 0..F::SERVERS {
        stores.opened.push(fixture.open().await);
    }
    tokio::time::timeout(PATIENCE, behaviour(&stores))
        .await
        .expect("it hangs");
    for store in &stores.opened {
        store.close().await;
    }
}

/// What `racers` calls of `call` give, which are made at the same moment and spread over the
/// servers.
pub(crate) async fn race<T, C>(
    stores: &Stores,
    racers: usize,
    call: impl Fn(usize, Arc<dyn CredentialStore>) -> C,
) -> Vec<T>
where
    C: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    let start = Arc::new(Barrier::new(racers));
    let mut tasks = JoinSet::new();
    for n in 0..racers {
        let (start, call) = (start.clone(), call(n, stores.nth(n)));
        tasks.spawn(async move {
            start.wait().await;
            call.await
        });
    }
    tasks.join_all().await
}

/// The one element of which `is` is true.
pub(crate) fn only<T>(all: &[T], is: impl Fn(&T) -> bool) -> &T {
    let mut found = all.iter().filter(|it| is(it));
    match (found.next(), found.next()) {
        (Some(it), None) => it,
        (None, _) => panic!("there is none"),
        (Some(_), Some(_)) => panic!("there are several"),
    }
}

/// The time at which the tests happen, and so many seconds after it.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix(1_700_000_000 + seconds)
}

pub(crate) fn id(text: &str) -> CredentialId {
    CredentialId::parse(text).unwrap()
}

pub(crate) fn principal(text: &str) -> Principal {
    Principal::parse(text).unwrap()
}

/// A usual record, created at `at(0)`.
pub(crate) fn record(name: &str, whose: &str) -> Record {
    Record {
        id: id(name),
        principal: principal(whose),
        scheme: AuthScheme::Mac,
        algorithm: Algorithm::Sha256,
        created_at: at(0),
        life: Life::default(),
        last_used_at: None,
        sealed: Sealed::from_bytes(format!("sealed for {name}").into_bytes()),
        revision: Revision::FIRST,
    }
}

/// The n-th usual record of dave.
pub(crate) fn numbered(n: usize) -> Record {
    record(&format!("credential-{n}"), "dave@example.com")
}

pub(crate) fn retry(key: u8, fingerprint: u8) -> Idempotency {
    Idempotency {
        key: [key; 32],
        fingerprint: [fingerprint; 32],
        until: at(1000),
    }
}

pub(crate) fn new(record: Record, idempotency: Option<Idempotency>) -> NewRecord {
    NewRecord {
        idempotency,
        ..record.into()
    }
}

pub(crate) fn deleted(seconds: i64) -> Life {
    Life {
        deleted_at: Some(at(seconds)),
        ..Life::default()
    }
}

/// Everybody's records, deleted ones too, in pages of `limit`.
pub(crate) fn everything(limit: usize) -> Listing {
    Listing {
        principal: None,
        which: Which::WithDeleted,
        after: None,
        limit,
    }
}

/// The pages of `listing` to the last, each checked for what every page must be.
pub(crate) async fn pages(store: &dyn CredentialStore, listing: &Listing) -> Vec<Page> {
    let mut listing = listing.clone();
    let mut pages = Vec::new();
    loop {
        let page = store.list(&listing).await.unwrap();
        assert!(page.records.len() <= listing.limit);
        listing.after.clone_from(&page.next);
        pages.push(page);
        match &listing.after {
            None => return pages,
            Some(next) => {
                let text = next.as_str();
                assert!(text.len() <= countersign_key_server::store::Position::MAX_LEN);
                assert!(text.bytes().all(|it| it.is_ascii_graphic()), "{text:?}");
            }
        }
    }
}

/// The records of `listing`, of all its pages.
pub(crate) async fn all(store: &dyn CredentialStore, listing: &Listing) -> Vec<Record> {
    let pages = pages(store, listing).await;
    pages.into_iter().flat_map(|page| page.records).collect()
}

/// The ids of the records, in their order.
pub(crate) fn ids(records: &[Record]) -> Vec<&str> {
    records.iter().map(|it| it.id.as_str()).collect()
}
