//! Starting, reloading, observing, draining.

use std::time::{Duration, Instant};

use tokio::net::TcpStream;

use crate::support::client::send;
use crate::support::sign::{self, Message};
use crate::support::upstream::Echo;
use crate::support::{Running, proxy, within};

#[tokio::test]
async fn requests_in_flight_end_and_new_ones_are_not_taken() {
    let echo = Echo::start().await;
    let gateway = Running::in_front_of(echo.address).await;
    let address = gateway.address;
    let message = Message::get("/slow/800").sign("moxie");
    let flying = tokio::spawn(async move { send(address, &message).await });
    let idle = TcpStream::connect(address).await.unwrap();
    echo.called().await;
    let stopping = gateway.stop();
    let closed = async {
        while TcpStream::connect(address).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    within("the end of listening", closed).await;
    assert!(!stopping.is_finished());
    assert_eq!(flying.await.unwrap().status, 200);
    let started = Instant::now();
    within("the end", stopping).await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(2));
    drop(idle);
}

#[tokio::test]
async fn what_does_not_end_within_the_drain_timeout_is_cut() {
    let echo = Echo::start().await;
    let config = proxy(echo.address).drain_timeout(Duration::from_millis(300));
    let gateway = Running::start(config).await;
    let address = gateway.address;
    let bytes = Message::get("/slow/20000").sign("moxie").bytes();
    let flying =
        tokio::spawn(async move { crate::support::client::send_raw(address, &bytes).await });
    echo.called().await;
    let started = Instant::now();
    within("the end", gateway.stop()).await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(3));
    assert_eq!(flying.await.unwrap(), "");
}

#[tokio::test]
async fn keys_are_taken_over_when_their_file_changes() {
    let path =
        std::env::temp_dir().join(format!("countersign-gateway-{}.toml", std::process::id()));
    let write = |id: &str| {
        let text = format!(
            "[[key]]\nid = \"{id}\"\nsecret = \"{}\"\nprincipal = \"{}\"\n",
            sign::SECRET,
            sign::PRINCIPAL
        );
        let other = path.with_extension("new");
        std::fs::write(&other, text).unwrap();
        std::fs::rename(&other, &path).unwrap();
    };
    write("somebody-else");
    let echo = Echo::start().await;
    let config =
        countersign_gateway::GatewayConfig::reverse_proxy(format!("http://{}", echo.address))
            .keys_file(&path)
            .scheme("moxie");
    let gateway = Running::start(config).await;
    let status = async || {
        let answer = send(gateway.address, &Message::get("/").sign("moxie")).await;
        answer.status.as_u16()
    };
    assert_eq!(status().await, 401);
    write(sign::ID);
    let taken_over = async {
        while status().await != 200 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    within("the new key", taken_over).await;
    std::fs::write(&path, "not a key file").unwrap();
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(status().await, 200, "a broken file keeps the old keys");
    std::fs::remove_file(&path).unwrap();
}

#[tokio::test]
async fn bad_224_the_gateway_is_observed_elsewhere_and_names_nobody() {
    let echo = Echo::start().await;
    let gateway = Running::start(proxy(echo.address).metrics_listen("127.0.0.1:0")).await;
    let signed = Message::get("/").sign("moxie");
    assert_eq!(send(gateway.address, &signed).await.status, 200);
    assert_eq!(send(gateway.address, &signed).await.status, 401);
    let metrics = gateway.metrics.unwrap();
    for (path, text) in [("/livez", "alive"), ("/readyz", "ready")] {
        let answer = send(metrics, &Message::get(path)).await;
        assert_eq!(
            (
                answer.status.as_u16(),
                &answer.body[..answer.body.len() - 1]
            ),
            (200, text.as_bytes())
        );
    }
    let answer = send(metrics, &Message::get("/metrics")).await;
    let text = String::from_utf8(answer.body.to_vec()).unwrap();
    for part in [
        "countersign_requests_total{scheme=\"moxie\",outcome=\"accepted\"",
        "reason=\"nonce_replayed\"",
        "countersign_verify_seconds_bucket",
        "countersign_gateway_upstream_seconds_bucket",
        "countersign_gateway_connections",
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    for secret in [sign::ID, sign::PRINCIPAL, sign::SECRET] {
        assert!(!text.contains(secret), "{text}");
    }
    // The public listener passes these on like any other path, to whoever may.
    assert_eq!(
        send(gateway.address, &Message::get("/metrics"))
            .await
            .status,
        401
    );
}
