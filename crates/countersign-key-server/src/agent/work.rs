//! Where keys are made and used: apart from the threads that answer, and a few at a time.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use super::AgentError;
use super::algorithm::AlgorithmError;
use crate::registry::OperationError;
use crate::seal::UnsealError;

/// How long a request waits for its turn.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(super) struct Workshop(Arc<Semaphore>);

impl Workshop {
    /// For work that takes up to seconds, as making an RSA key does: half of the processors, so that
    /// the rest is for those who look up.
    pub(super) fn for_long_work() -> Self {
        Self::of(processors().div_ceil(2))
    }

    /// For work that takes up to milliseconds.
    pub(super) fn for_short_work() -> Self {
        Self::of(processors())
    }

    fn of(at_once: usize) -> Self {
        Self(Arc::new(Semaphore::new(at_once)))
    }

    /// Runs `work` when it is its turn. What was begun is finished even if nobody waits for it any
    /// more, and keeps its place until then.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, AlgorithmError> + Send + 'static,
    ) -> Result<T, AgentError> {
        let turn = tokio::time::timeout(PATIENCE, Arc::clone(&self.0).acquire_owned());
        let Ok(Ok(turn)) = turn.await else {
            return Err(AgentError::Busy);
        };
        let done = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            work()
        });
        match done.await {
            Ok(Ok(made)) => Ok(made),
            Ok(Err(error)) => Err(of_algorithm(error)),
            Err(_) => {
                tracing::error!("an algorithm panicked; this is a bug");
                Err(OperationError::Unreadable(UnsealError::Damaged).into())
            }
        }
    }
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn of_algorithm(error: AlgorithmError) -> AgentError {
    match error {
        AlgorithmError::CannotSign => AgentError::CannotSign,
        AlgorithmError::CannotAgree => AgentError::CannotAgree,
        AlgorithmError::InvalidPublicKey => AgentError::InvalidPublicKey,
        AlgorithmError::NoRandomNumbers => OperationError::NoRandomNumbers.into(),
        AlgorithmError::Damaged => {
            tracing::error!("a private key opens and is none");
            OperationError::Unreadable(UnsealError::Damaged).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn work_beyond_what_is_done_at_once_waits_and_then_is_refused() {
        let workshop = Workshop::of(2);
        let held = workshop.0.acquire_many(2).await.unwrap();
        assert_eq!(workshop.run(|| Ok(1)).await, Err(AgentError::Busy));
        drop(held);
        assert_eq!(workshop.run(|| Ok(1)).await, Ok(1));
    }

    #[tokio::test]
    async fn a_panic_is_an_error_and_gives_its_turn_back() {
        let workshop = Workshop::of(2);
        for _ in 0..3 {
            let failed = workshop.run(|| -> Result<(), _> { panic!("a bug") }).await;
            assert!(matches!(failed, Err(AgentError::Operation(_))));
        }
        assert_eq!(workshop.0.available_permits(), 2);
    }
}
