//! A bound on how long a lookup may take.

use std::time::Duration;

use countersign_core::{KeyId, KeyLookup, KeySet, LookupError};

/// Gives up on a lookup after a time; the request is then answered 503.
///
/// A source that hangs would otherwise hold every request for as long as it likes. Put it inside a
/// [`CachedLookup`](super::CachedLookup), so that what is cached needs no clock.
///
/// Needs a tokio runtime with its timer enabled.
///
/// ```
/// use std::time::Duration;
///
/// use countersign::keys::{StaticKeys, TimeoutLookup};
///
/// let source = StaticKeys::<String>::empty(); // something slower, really
/// let keys = TimeoutLookup::new(source, Duration::from_secs(2));
/// # let _ = keys;
/// ```
#[derive(Clone, Debug)]
pub struct TimeoutLookup<K> {
    inner: K,
    after: Duration,
}

impl<K> TimeoutLookup<K> {
    /// Gives `inner` the time `after` for each answer.
    pub fn new(inner: K, after: Duration) -> Self {
        Self { inner, after }
    }
}

impl<K: KeyLookup> KeyLookup for TimeoutLookup<K> {
    type Principal = K::Principal;

    async fn lookup(&self, id: KeyId<'_>) -> Result<Option<KeySet<K::Principal>>, LookupError> {
        match tokio::time::timeout(self.after, self.inner.lookup(id)).await {
            Ok(answer) => answer,
            Err(_) => Err(LookupError::new(format!(
                "no answer within {:?}",
                self.after
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::testing::{Backend, Reply, find};

    const LIMIT: Duration = Duration::from_millis(1500);

    #[tokio::test(start_paused = true)]
    async fn bad_40_a_lookup_that_hangs_is_an_error_after_the_time() {
        let started = tokio::time::Instant::now();
        let hanging = TimeoutLookup::new(Backend::held(Reply::Known), LIMIT);
        let error = find(&hanging, "a").await.unwrap_err().to_string();
        assert!(error.contains("no answer within 1.5s"), "{error}");
        assert!((LIMIT..LIMIT * 2).contains(&started.elapsed()));
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_in_time_is_passed_on() {
        let lookup = |reply| TimeoutLookup::new(Backend::that(reply), LIMIT);
        assert!(find(&lookup(Reply::Known), "a").await.unwrap().is_some());
        assert!(find(&lookup(Reply::Unknown), "a").await.unwrap().is_none());
        assert!(find(&lookup(Reply::Down), "a").await.is_err());
    }
}
