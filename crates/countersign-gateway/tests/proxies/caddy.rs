//! Caddy and `forward_auth`.

use std::path::Path;
use std::process::Command;

use super::deployment::{Asks, Proxy};
use super::{program, scenarios};

const PROXY: Proxy = Proxy {
    asks: Asks::ForwardAuth("caddy"),
    files: &["Caddyfile"],
    command,
    adapt: str::to_owned,
};

fn command(_directory: &Path) -> Command {
    let mut command = Command::new(program::find("caddy", "caddy"));
    command.args(["run", "--config", "Caddyfile", "--adapter", "caddyfile"]);
    command
}

#[tokio::test]
#[ignore = "needs caddy; run by cargo xtask test"]
async fn a_good_request_passes_with_its_identity() {
    scenarios::a_good_request_passes(&PROXY).await;
}

#[tokio::test]
#[ignore = "needs caddy; run by cargo xtask test"]
async fn a_tampered_request_is_refused() {
    scenarios::a_tampered_request_is_refused(&PROXY).await;
}

#[tokio::test]
#[ignore = "needs caddy; run by cargo xtask test"]
async fn a_replayed_request_is_refused() {
    scenarios::a_replayed_request_is_refused(&PROXY).await;
}

#[tokio::test]
#[ignore = "needs caddy; run by cargo xtask test"]
async fn claimed_identities_are_taken_off() {
    scenarios::claimed_identities_are_taken_off(&PROXY).await;
}

#[tokio::test]
#[ignore = "needs caddy; run by cargo xtask test"]
async fn a_clients_own_description_is_not_believed() {
    scenarios::a_clients_own_description_is_not_believed(&PROXY).await;
}

#[tokio::test]
#[ignore = "needs caddy; run by cargo xtask test"]
async fn raw_targets_are_kept() {
    let targets = ["/a%2Fb?x=1&&y", "//a/../b;x=%41%7e?a=1&&b"];
    scenarios::raw_targets_are_kept(&PROXY, &targets).await;
}

#[tokio::test]
#[ignore = "needs caddy; run by cargo xtask test"]
async fn bodies_pass_only_under_schemes_that_sign_none() {
    scenarios::bodies_pass_only_under_schemes_that_sign_none(&PROXY).await;
}

#[tokio::test]
#[ignore = "needs caddy; run by cargo xtask test"]
async fn a_body_added_to_a_get_is_refused() {
    scenarios::a_body_added_to_a_get_is_refused(&PROXY).await;
}

#[tokio::test]
#[ignore = "needs caddy; run by cargo xtask test"]
async fn nothing_passes_without_the_verifier() {
    scenarios::nothing_passes_without_the_verifier(&PROXY, 502).await;
}
