//! Waiting: never for ever, and never by the clock where a condition will do.

use std::future::Future;
use std::task::Poll;
use std::time::Duration;

/// Far more than anything here takes, also on a busy machine.
const LIMIT: Duration = Duration::from_secs(30);

/// What `future` gives.
///
/// # Panics
/// When it takes so long that it must be hanging, naming `what` was waited for.
pub async fn within<F: Future>(what: &str, future: F) -> F::Output {
    let output = tokio::time::timeout(LIMIT, future).await;
    output.unwrap_or_else(|late| panic!("{what}: {late}, nothing happened for {LIMIT:?}"))
}

/// Is pending `times` times, and asks to be polled again each time.
pub async fn pending(times: usize) {
    let mut left = times;
    std::future::poll_fn(|cx| match left.checked_sub(1) {
        None => Poll::Ready(()),
        Some(fewer) => {
            left = fewer;
            cx.waker().wake_by_ref();
            Poll::Pending
        }
    })
    .await;
}
