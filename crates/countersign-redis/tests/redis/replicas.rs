//! Waiting for replicas.

use std::time::Duration;

use countersign_core::ReplayError;
use countersign_redis::ConnectError;

use crate::support::claims::{Request, unguarded, until_accepting};
use crate::support::sentinel::until_linked;
use crate::support::server::Server;

const WITHIN: Duration = Duration::from_millis(200);

#[tokio::test]
#[ignore = "needs Redis, which cargo xtask test installs"]
async fn a_request_is_accepted_only_with_enough_replicas() {
    let master = Server::start();
    let replica = Server::with(&["--replicaof", "127.0.0.1", &master.port().to_string()]);
    until_linked(&replica);
    let builder = unguarded(&master.url());
    let cache = builder
        .clone()
        .wait_for_replicas(1, WITHIN)
        .connect()
        .await
        .unwrap();
    Request::new().claim(&cache).await.unwrap();
    assert_eq!(replica.ask(&["DBSIZE"]).trim(), "2");

    replica.freeze();
    let outcome = Request::new().claim(&cache).await;
    assert!(
        matches!(outcome, Err(ReplayError::Unavailable(_))),
        "{outcome:?}"
    );
    replica.thaw();
    until_accepting(&cache).await;
}

#[tokio::test]
#[ignore = "needs Redis, which cargo xtask test installs"]
async fn too_few_replicas_are_an_error_at_the_start() {
    let server = Server::start();
    let builder = unguarded(&server.url()).wait_for_replicas(1, WITHIN);
    let error = builder.connect().await.unwrap_err();
    assert!(matches!(error, ConnectError::Refused(_)), "{error:?}");
    assert!(error.to_string().contains("0 of 1 replicas"), "{error}");
}
