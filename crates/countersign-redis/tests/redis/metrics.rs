//! What is counted.

use metrics_util::debugging::{DebugValue, DebuggingRecorder};

use crate::support::claims::{Request, unguarded};
use crate::support::server::Server;

#[tokio::test]
#[ignore = "needs Redis, which cargo xtask test installs"]
#[cfg(feature = "metrics")]
async fn bad_089_each_request_that_was_accepted_without_a_claim_is_counted() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    recorder.install().unwrap();
    let mut server = Server::start();
    let open = unguarded(&server.url()).dangerously_accept_when_unavailable();
    let open = open.connect().await.unwrap();
    Request::new().claim(&open).await.unwrap();
    server.kill();
    for _ in 0..3 {
        Request::new().claim(&open).await.unwrap();
    }
    let counted = snapshotter.snapshot().into_vec();
    let total = |name: &str| -> u64 {
        let of_name = counted.iter().filter(|(key, ..)| key.key().name() == name);
        of_name
            .map(|(.., value)| match value {
                DebugValue::Counter(count) => *count,
                other => panic!("{other:?}"),
            })
            .sum()
    };
    assert_eq!(total("countersign_replay_unprotected_total"), 3);
    assert_eq!(total("countersign_replay_store_errors_total"), 3);
}
