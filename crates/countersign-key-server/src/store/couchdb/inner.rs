//! What the parts of the store share.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::database::{Database, Write};
use super::design;
use super::document::{Draft, Kind};
use super::trouble::{nonsense, unavailable};
use crate::store::StoreError;

/// How often a document is read and written anew because others changed it in between. Of any
/// number of writers one succeeds in each round; so many at a time are more than there are.
pub(super) const ATTEMPTS: usize = 100;

/// The longest wait before it is tried again, in milliseconds: a few round trips.
const MOST_MILLISECONDS: usize = 50;

/// How far apart the writes are that only see whether writing works. Each makes the file of the
/// database a little longer.
const PROBES_APART: Duration = Duration::from_secs(30);

/// Where these writes go: to a document that is not replicated.
const PLACE_OF_PROBE: &str = "_local/countersign-probe";

/// A database that is prepared.
#[derive(Debug)]
pub(super) struct Inner {
    pub(super) database: Database,
    /// The last place in listings that was given away.
    order: AtomicU64,
    intents: AtomicU64,
    /// When writing worked last.
    probed: Mutex<Option<Instant>>,
}

impl Inner {
    /// # Errors
    /// When `database` cannot be prepared.
    pub(super) async fn prepare(database: Database) -> Result<Self, StoreError> {
        design::prepare(&database).await?;
        Ok(Self {
            database,
            order: AtomicU64::new(0),
            intents: AtomicU64::new(0),
            probed: Mutex::new(None),
        })
    }

    /// A place in listings after all that were given away. It is made from the time, to the
    /// microsecond, so that those of several servers are in order as far as their clocks agree.
    /// Nothing else depends on it.
    pub(super) fn next_order(&self) -> u64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = since.map_or(0, |it| u64::try_from(it.as_micros()).unwrap_or(u64::MAX));
        let after = |last: u64| Some(now.max(last.saturating_add(1)));
        let last = self
            .order
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, after);
        now.max(last.unwrap_or(0).saturating_add(1))
    }

    /// How many intents were counted before.
    pub(super) fn count_intent(&self) -> u64 {
        self.intents.fetch_add(1, Ordering::Relaxed)
    }

    /// Waits a moment after losing against another writer: the longer the more often, and never
    /// as long as that one.
    pub(super) async fn give_way(&self, attempt: usize) {
        let most = attempt.saturating_mul(2).min(MOST_MILLISECONDS);
        let mut random = [0];
        if getrandom::fill(&mut random).is_ok() {
            let part = most.saturating_mul(usize::from(random[0])) >> 8;
            let wait = u64::try_from(part).unwrap_or(0);
            tokio::time::sleep(Duration::from_millis(wait)).await;
        }
    }

    /// Whether the views are there and, tried now and then, a document can be written.
    pub(super) async fn ready(&self) -> Result<(), StoreError> {
        design::check(&self.database).await?;
        let probed = self.probed.lock().map_or(None, |it| *it);
        if probed.is_some_and(|last| last.elapsed() < PROBES_APART) {
            return Ok(());
        }
        let rev = match self.database.read_any(PLACE_OF_PROBE).await? {
            None => None,
            Some(found) => {
                let rev = found.get("_rev").and_then(|rev| rev.as_str());
                Some(rev.ok_or_else(nonsense)?.to_owned())
            }
        };
        let probe = Draft::empty(Kind::Probe);
        let write = self
            .database
            .write(PLACE_OF_PROBE, rev.as_deref(), &probe)
            .await?;
        // In a conflict another server has just written it.
        let (Write::Written(_) | Write::Conflict) = write;
        if let Ok(mut probed) = self.probed.lock() {
            *probed = Some(Instant::now());
        }
        Ok(())
    }
}

/// The error of a call whose task was not allowed to end.
pub(super) fn cut_off() -> StoreError {
    unavailable("the key server is stopping; what was asked of CouchDB may be done or not")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_in_listings_only_rise() {
        let inner = Inner {
            database: Database::new("127.0.0.1:1/creds").unwrap(),
            order: AtomicU64::new(0),
            intents: AtomicU64::new(0),
            probed: Mutex::new(None),
        };
        let places: Vec<_> = (0..10_000).map(|_| inner.next_order()).collect();
        assert!(places.is_sorted_by(|one, next| one < next));
        inner.order.store(1 << 52, Ordering::Relaxed);
        assert_eq!(
            inner.next_order(),
            (1 << 52) + 1,
            "a clock that was set back"
        );
    }
}
