//! Traefik and `forwardAuth`.

use std::path::Path;
use std::process::Command;

use super::deployment::{Asks, Deployment, Proxy};
use super::scenarios::refused;
use super::support::sign::Message;
use super::{program, scenarios};

const PROXY: Proxy = Proxy {
    asks: Asks::ForwardAuth("traefik"),
    files: &["traefik.yml", "traefik-dynamic.yml"],
    command,
    adapt: str::to_owned,
};

fn command(_directory: &Path) -> Command {
    let mut command = Command::new(program::find("traefik", "bin/traefik"));
    command.arg("--configFile=traefik.yml");
    command
}

#[tokio::test]
#[ignore = "needs traefik; run by cargo xtask test"]
async fn a_good_request_passes_with_its_identity() {
    scenarios::a_good_request_passes(&PROXY).await;
}

#[tokio::test]
#[ignore = "needs traefik; run by cargo xtask test"]
async fn a_tampered_request_is_refused() {
    scenarios::a_tampered_request_is_refused(&PROXY).await;
}

#[tokio::test]
#[ignore = "needs traefik; run by cargo xtask test"]
async fn a_replayed_request_is_refused() {
    scenarios::a_replayed_request_is_refused(&PROXY).await;
}

#[tokio::test]
#[ignore = "needs traefik; run by cargo xtask test"]
async fn claimed_identities_are_taken_off() {
    scenarios::claimed_identities_are_taken_off(&PROXY).await;
}

#[tokio::test]
#[ignore = "needs traefik; run by cargo xtask test"]
async fn a_clients_own_description_is_not_believed() {
    scenarios::a_clients_own_description_is_not_believed(&PROXY).await;
}

#[tokio::test]
#[ignore = "needs traefik; run by cargo xtask test"]
async fn targets_in_plain_form_are_kept() {
    let targets = ["/a%2Fb?x=1&&y", "/things;x=%20?a=%41%7e&&b"];
    scenarios::raw_targets_are_kept(&PROXY, &targets).await;
}

/// What it shows the verifier is what it sends on, and not what the client signed.
#[tokio::test]
#[ignore = "needs traefik; run by cargo xtask test"]
async fn other_paths_are_rewritten_so_that_their_signatures_do_not_verify() {
    let deployment = Deployment::of(&PROXY).await;
    let rewritten = [("/a/../b", "/b"), ("//a", "/a"), ("/%41%7e", "/A~")];
    for (sent, seen) in rewritten {
        let signed = Message::get(sent).sign("auth-key");
        refused(&deployment.send(&signed).await, "invalid_credentials");
        let foreseen = Message::get(seen).sign("auth-key").to(sent);
        let answer = deployment.send(&foreseen).await;
        assert_eq!(answer.status, 200, "{sent}: {answer:?}");
        assert_eq!(answer.json()["target"], seen);
    }
}

#[tokio::test]
#[ignore = "needs traefik; run by cargo xtask test"]
async fn bodies_pass_only_under_schemes_that_sign_none() {
    scenarios::bodies_pass_only_under_schemes_that_sign_none(&PROXY).await;
}

#[tokio::test]
#[ignore = "needs traefik; run by cargo xtask test"]
async fn a_body_added_to_a_get_is_refused() {
    scenarios::a_body_added_to_a_get_is_refused(&PROXY).await;
}

#[tokio::test]
#[ignore = "needs traefik; run by cargo xtask test"]
async fn nothing_passes_without_the_verifier() {
    scenarios::nothing_passes_without_the_verifier(&PROXY, 500).await;
}
