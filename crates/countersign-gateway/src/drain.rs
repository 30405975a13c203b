//! Ending without cutting anybody off: first no new work, then a time to finish, then the end.

use std::future::Future;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Keeps track of everything that runs for a client.
#[derive(Clone, Debug, Default)]
pub(crate) struct Drain {
    tasks: TaskTracker,
    closing: CancellationToken,
    over: CancellationToken,
}

impl Drain {
    /// Runs `task` until it ends, or the time to finish is over.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let over = self.over.clone();
        self.tasks.spawn(async move {
            tokio::select! {
                () = task => {}
                () = over.cancelled() => {}
            }
        });
    }

    /// Resolves when no new work is to be begun.
    pub(crate) async fn closing(&self) {
        self.closing.cancelled().await;
    }

    /// Whether no new work is to be begun.
    pub(crate) fn is_closing(&self) -> bool {
        self.closing.is_cancelled()
    }

    /// Asks everything to finish.
    pub(crate) fn close(&self) {
        self.closing.cancel();
        self.tasks.close();
    }

    /// Waits for everything to finish, at most for `timeout`, and ends the rest.
    pub(crate) async fn finish(&self, timeout: Duration) {
        self.close();
        if tokio::time::timeout(timeout, self.tasks.wait())
            .await
            .is_err()
        {
            tracing::warn!(
                target: "countersign_gateway",
                left = self.tasks.len(),
                "not all connections finished in time; they are cut"
            );
            self.over.cancel();
            self.tasks.wait().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_does_not_finish_in_time_is_ended() {
        let drain = Drain::default();
        drain.spawn(std::future::pending());
        let started = tokio::time::Instant::now();
        drain.finish(Duration::from_secs(3)).await;
        assert_eq!(started.elapsed().as_secs(), 3);
        assert!(drain.is_closing());
    }

    #[tokio::test(start_paused = true)]
    async fn what_finishes_is_waited_for_and_no_longer() {
        let drain = Drain::default();
        drain.spawn(tokio::time::sleep(Duration::from_secs(1)));
        let started = tokio::time::Instant::now();
        drain.finish(Duration::from_secs(30)).await;
        assert_eq!(started.elapsed().as_secs(), 1);
    }
}
