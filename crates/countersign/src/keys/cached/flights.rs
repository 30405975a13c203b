//! At most one call to the source per id.
//!
//! Invariants: a flight (a call under way and everybody who waits for it) is on record from its
//! start until it has landed, was invalidated, or was given up by all who waited. Its answer is
//! remembered only while it is on record; both happen under one lock, so an answer older than an
//! invalidation is never remembered after it.
//!
//! Who waits drives the call, and may leave with the wake-up that the call had for all: one that
//! came while it drove it. So whoever leaves wakes the others.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;

use countersign_core::{KeyId, KeyLookup, KeySet, LookupError};
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Either, Shared, WeakShared, select};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::answers::{Answer, Answers, Settings};
use super::sync::{Mutex, lock};

type Call<P> = BoxFuture<'static, Answer<P>>;

/// What there is to do for an answer.
enum Next<P> {
    /// Nothing: it arrived a moment ago.
    Known(Answer<P>),
    /// Wait for the call, and thereby drive it.
    Wait(Shared<Call<P>>, Arc<Notify>),
}

/// What is known and what is being asked; shared by the clones of a cache.
pub(super) struct State<P> {
    answers: Answers<P>,
    record: Mutex<Record<P>>,
}

struct Record<P> {
    flights: HashMap<Arc<str>, Flight<P>>,
    next: u64,
}

struct Flight<P> {
    number: u64,
    /// Weak, so that the call is dropped with the last of those who wait for it.
    call: WeakShared<Call<P>>,
    /// Told when somebody leaves it without an answer.
    left: Arc<Notify>,
}

impl<P: Send + Sync + 'static> State<P> {
    pub(super) fn new(settings: &Settings) -> Self {
        Self {
            answers: Answers::new(settings),
            record: Mutex::new(Record {
                flights: HashMap::new(),
                next: 0,
            }),
        }
    }

    #[cfg(test)]
    pub(super) fn answers(&self) -> &Answers<P> {
        &self.answers
    }

    /// What is known of `id`, or else what `source` answers.
    pub(super) async fn lookup<K>(
        self: &Arc<Self>,
        source: &Arc<K>,
        id: KeyId<'_>,
    ) -> Result<Option<KeySet<P>>, LookupError>
    where
        K: KeyLookup<Principal = P>,
    {
        let id = id.as_str();
        if let Some(known) = self.answers.fresh(id) {
            return known;
        }
        match self.join(source, id) {
            Next::Known(answer) => answer,
            Next::Wait(call, left) => match wait(call, &left).await {
                // Looked up only now: an invalidation meanwhile has removed it.
                Err(error) => self.answers.stale(id).map(Some).ok_or(error),
                answer => answer,
            },
        }
    }

    /// Joins the flight for `id`, or starts one.
    fn join<K>(self: &Arc<Self>, source: &Arc<K>, id: &str) -> Next<P>
    where
        K: KeyLookup<Principal = P>,
    {
        let mut record = lock(&self.record);
        if let Some(flight) = record.flights.get(id)
            && let Some(call) = flight.call.upgrade()
        {
            return Next::Wait(call, Arc::clone(&flight.left));
        }
        // A flight may have landed since the caller looked.
        if let Some(known) = self.answers.fresh(id) {
            return Next::Known(known);
        }
        let number = record.next;
        record.next = number.wrapping_add(1);
        let id = Arc::<str>::from(id);
        let landing = Landing {
            state: Arc::clone(self),
            id: Arc::clone(&id),
            number,
        };
        let call = fly(Arc::clone(source), landing).boxed().shared();
        let left = Arc::<Notify>::default();
        if let Some(call) = call.downgrade() {
            let left = Arc::clone(&left);
            let flight = Flight { number, call, left };
            record.flights.insert(id, flight);
        }
        Next::Wait(call, left)
    }

    pub(super) fn forget(&self, id: &str) {
        let mut record = lock(&self.record);
        record.flights.remove(id);
        self.answers.forget(id);
    }

    pub(super) fn forget_all(&self) {
        let mut record = lock(&self.record);
        record.flights.clear();
        self.answers.forget_all();
    }

    #[cfg(test)]
    pub(super) fn flights(&self) -> usize {
        lock(&self.record).flights.len()
    }
}

/// Drives the call until it has an answer, and again whenever somebody has left it.
async fn wait<P>(mut call: Shared<Call<P>>, left: &Notify) -> Answer<P> {
    let mut waiting = Waiting(Some(left));
    loop {
        let mut others = pin!(left.notified());
        // Before the call is driven: who leaves from here on is noticed.
        others.as_mut().enable();
        if let Either::Left((answer, _)) = select(&mut call, others).await {
            waiting.0 = None;
            return answer;
        }
    }
}

/// Somebody who waits for an answer, and wakes the others when dropped before it came.
struct Waiting<'l>(Option<&'l Notify>);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if let Some(left) = self.0 {
            left.notify_waiters();
        }
    }
}

/// Asks the source once. A panic of the source becomes an error, for a shared future that panics
/// never wakes those who wait for it.
async fn fly<K: KeyLookup>(source: Arc<K>, landing: Landing<K::Principal>) -> Answer<K::Principal> {
    let asked_at = Instant::now();
    let answer = AssertUnwindSafe(ask(&*source, &landing.id))
        .catch_unwind()
        .await
        .unwrap_or_else(|_| Err(LookupError::new("the lookup panicked")));
    landing.land(&answer, asked_at);
    answer
}

async fn ask<K: KeyLookup>(source: &K, id: &str) -> Answer<K::Principal> {
    match KeyId::parse(id.as_bytes()) {
        Some(id) => source.lookup(id).await,
        // Not an id, so nobody's; the callers' ids have been parsed before.
        None => Ok(None),
    }
}

/// Ends a flight: dropped with its call, whether that has an answer, panicked or was given up.
struct Landing<P: Send + Sync + 'static> {
    state: Arc<State<P>>,
    id: Arc<str>,
    number: u64,
}

impl<P: Send + Sync + 'static> Landing<P> {
    fn land(&self, answer: &Answer<P>, asked_at: Instant) {
        let record = lock(&self.state.record);
        if !self.is_on(&record) {
            return;
        }
        match answer {
            Ok(answer) => self.state.answers.keep(&self.id, answer.as_ref(), asked_at),
            Err(error) => self.warn_if_stale(error),
        }
    }

    fn is_on(&self, record: &Record<P>) -> bool {
        let flight = record.flights.get(&self.id);
        flight.is_some_and(|flight| flight.number == self.number)
    }

    /// Those who wait will not see the error: whoever runs the service should.
    fn warn_if_stale(&self, error: &LookupError) {
        if self.state.answers.stale(&self.id).is_none() {
            return;
        }
        #[cfg(feature = "tracing")]
        tracing::warn!(%error, "key lookup failed; the keys it gave before are still used");
        #[cfg(not(feature = "tracing"))]
        let _ = error;
    }
}

impl<P: Send + Sync + 'static> Drop for Landing<P> {
    fn drop(&mut self) {
        let mut record = lock(&self.state.record);
        if self.is_on(&record) {
            record.flights.remove(&self.id);
        }
    }
}
