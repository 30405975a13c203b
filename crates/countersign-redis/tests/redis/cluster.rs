//! A cluster of three masters.

use std::time::Duration;

use countersign_core::ReplayError;
use countersign_redis::RedisReplayCache;

use crate::support::claims::{Request, connect, until_accepting};
use crate::support::cluster::Cluster;
use crate::support::load::Load;
use crate::support::until;

#[tokio::test]
#[ignore = "needs Redis, which cargo xtask test installs"]
async fn every_node_gets_its_share_and_no_claim_is_redirected() {
    let cluster = Cluster::start();
    let (one, two) = (connect(&cluster.url()).await, connect(&cluster.url()).await);
    for _ in 0..300 {
        let request = Request::new();
        request.claim(&one).await.unwrap();
        let replayed = request.claim(&two).await;
        assert!(
            matches!(replayed, Err(ReplayError::Replayed)),
            "{replayed:?}"
        );
    }
    for node in &cluster.nodes {
        assert!(node.figure("total_commands_processed") > 0);
        let entries: i64 = node.ask(&["DBSIZE"]).trim().parse().unwrap();
        assert!(entries > 50, "{entries}");
        let errors = node.ask(&["INFO", "errorstats"]);
        assert!(!errors.contains("MOVED"), "{errors}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Redis, which cargo xtask test installs"]
async fn a_lost_node_accepts_no_replay_and_service_returns_by_itself() {
    let mut cluster = Cluster::start();
    let mut caches = Vec::new();
    for _ in 0..2 {
        caches.push(RedisReplayCache::connect(&cluster.url()).await.unwrap());
    }
    for cache in &caches {
        until_accepting(cache).await;
    }
    let load = Load::on(&caches);
    tokio::time::sleep(Duration::from_millis(500)).await;
    // The one that the URL does not name.
    cluster.nodes[2].kill();
    tokio::time::sleep(Duration::from_secs(3)).await;
    cluster.nodes[2].start_again();
    cluster.until_ok();
    // A third of all requests could be accepted by luck.
    for cache in &caches {
        until("thirty requests in a row are accepted", || async {
            let claims = (0..30).map(|_| Request::new());
            for request in claims {
                if request.claim(cache).await.is_err() {
                    return false;
                }
            }
            true
        })
        .await;
    }
    let tally = load.stop().await;
    assert_eq!(tally.accepted_replays, []);
    assert!(tally.accepted > 100 && tally.unavailable > 0);
    assert!(
        tally.longest < Duration::from_secs(1),
        "{:?}",
        tally.longest
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Redis, which cargo xtask test installs"]
async fn slots_can_change_hands_under_load_without_a_replay_or_a_refusal_of_the_new() {
    let cluster = Cluster::start();
    let caches = [connect(&cluster.url()).await, connect(&cluster.url()).await];
    let load = Load::on(&caches);
    tokio::time::sleep(Duration::from_millis(300)).await;
    let (from, to) = (&cluster.nodes[0], &cluster.nodes[1]);
    let (from_id, to_id) = (cluster.id_of(0), cluster.id_of(1));
    // In the middle of what the first node has.
    for slot in 2000..2100 {
        let slot = slot.to_string();
        to.ask(&["CLUSTER", "SETSLOT", &slot, "IMPORTING", &from_id]);
        from.ask(&["CLUSTER", "SETSLOT", &slot, "MIGRATING", &to_id]);
        loop {
            let keys = from.ask(&["CLUSTER", "GETKEYSINSLOT", &slot, "100"]);
            let keys: Vec<&str> = keys.lines().filter(|key| !key.is_empty()).collect();
            if keys.is_empty() {
                break;
            }
            let port = to.port().to_string();
            let mut migrate = vec!["MIGRATE", "127.0.0.1", &port, "", "0", "5000", "KEYS"];
            migrate.extend(keys);
            from.ask(&migrate);
        }
        for node in [to, from] {
            node.ask(&["CLUSTER", "SETSLOT", &slot, "NODE", &to_id]);
        }
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    let tally = load.stop().await;
    assert_eq!(tally.accepted_replays, []);
    assert!(tally.accepted > 100);
    let redirected = from.ask(&["INFO", "errorstats"]);
    assert!(
        redirected.contains("MOVED") || redirected.contains("ASK"),
        "{redirected}"
    );
}
