//! Servers, claims and load.

pub(crate) mod claims;
pub(crate) mod cluster;
pub(crate) mod gateway;
pub(crate) mod load;
pub(crate) mod sentinel;
pub(crate) mod server;
pub(crate) mod stub;

use std::time::{Duration, Instant};

/// How long anything may take that is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// Waits until `happened`, but not for ever.
pub(crate) async fn until<F: Future<Output = bool>>(what: &str, mut happened: impl FnMut() -> F) {
    let began = Instant::now();
    while !happened().await {
        assert!(began.elapsed() < PATIENCE, "{what}: not within 30 s");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// As [`until`], outside of a runtime.
pub(crate) fn wait_until(what: &str, mut happened: impl FnMut() -> bool) {
    let began = Instant::now();
    while !happened() {
        assert!(began.elapsed() < PATIENCE, "{what}: not within 30 s");
        std::thread::sleep(Duration::from_millis(10));
    }
}
