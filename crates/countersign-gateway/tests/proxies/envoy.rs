//! Envoy and `ext_authz`.

use std::path::Path;
use std::process::Command;

use super::deployment::{Asks, Deployment, Proxy};
use super::scenarios::refused;
use super::support::sign::Message;
use super::{program, scenarios};

const PROXY: Proxy = Proxy {
    asks: Asks::ExtAuthz,
    files: &["envoy.yaml"],
    command,
    adapt: str::to_owned,
};

fn command(_directory: &Path) -> Command {
    let mut command = Command::new(program::find("envoy", "envoy/_bin/envoy"));
    command.args(["-c", "envoy.yaml", "--concurrency", "1"]);
    command.args(["--disable-hot-restart", "--log-level", "warning"]);
    command
}

#[tokio::test]
#[ignore = "needs envoy; run by cargo xtask test"]
async fn a_good_request_passes_with_its_identity() {
    scenarios::a_good_request_passes(&PROXY).await;
}

#[tokio::test]
#[ignore = "needs envoy; run by cargo xtask test"]
async fn a_tampered_request_is_refused() {
    scenarios::a_tampered_request_is_refused(&PROXY).await;
}

#[tokio::test]
#[ignore = "needs envoy; run by cargo xtask test"]
async fn a_replayed_request_is_refused() {
    scenarios::a_replayed_request_is_refused(&PROXY).await;
}

#[tokio::test]
#[ignore = "needs envoy; run by cargo xtask test"]
async fn claimed_identities_are_taken_off() {
    scenarios::claimed_identities_are_taken_off(&PROXY).await;
}

#[tokio::test]
#[ignore = "needs envoy; run by cargo xtask test"]
async fn a_clients_own_description_is_not_believed() {
    scenarios::a_clients_own_description_is_not_believed(&PROXY).await;
}

#[tokio::test]
#[ignore = "needs envoy; run by cargo xtask test"]
async fn raw_targets_are_kept() {
    let targets = ["/a%2Fb?x=1&&y", "//a/../b;x=%41%7e?a=1&&b"];
    scenarios::raw_targets_are_kept(&PROXY, &targets).await;
}

#[tokio::test]
#[ignore = "needs envoy; run by cargo xtask test"]
async fn nothing_passes_without_the_verifier() {
    scenarios::nothing_passes_without_the_verifier(&PROXY, 503).await;
}

#[tokio::test]
#[ignore = "needs envoy; run by cargo xtask test"]
async fn a_body_is_verified_in_full() {
    let deployment = Deployment::of(&PROXY).await;
    for name in ["auth-key", "hmac-auth", "hmac-auth-sha256"] {
        let signed = || Message::post("/things", "hello").sign(name);
        let answer = deployment.send(&signed()).await;
        assert_eq!(answer.status, 200, "{name}: {answer:?}");
        assert_eq!(answer.json()["body"], "hello");
        let calls = deployment.service.calls();
        let answer = deployment.send(&signed().with_body("hullo")).await;
        refused(&answer, "digest_mismatch");
        assert_eq!(deployment.service.calls(), calls);
    }
}

#[tokio::test]
#[ignore = "needs envoy; run by cargo xtask test"]
async fn a_replayed_post_is_refused() {
    let deployment = Deployment::of(&PROXY).await;
    let signed = Message::post("/things", "hello").sign("hmac-auth-sha256");
    assert_eq!(deployment.send(&signed).await.status, 200);
    refused(&deployment.send(&signed).await, "nonce_replayed");
    assert_eq!(deployment.service.calls(), 1);
}

#[tokio::test]
#[ignore = "needs envoy; run by cargo xtask test"]
async fn a_body_above_the_limit_is_answered_413() {
    let deployment = Deployment::of(&PROXY).await;
    let large = Message::post("/things", vec![b'x'; 1024 * 1024 + 1]).sign("auth-key");
    assert_eq!(deployment.send(&large).await.status, 413);
    assert_eq!(deployment.service.calls(), 0);
}

#[tokio::test]
#[ignore = "needs envoy; run by cargo xtask test"]
async fn a_body_added_to_a_get_is_refused() {
    scenarios::a_body_added_to_a_get_is_refused(&PROXY).await;
}
