//! nginx and `auth_request`.

use std::path::Path;
use std::process::Command;

use super::deployment::{Asks, Proxy};
use super::{program, scenarios};

const PROXY: Proxy = Proxy {
    asks: Asks::ForwardAuth("nginx"),
    files: &["nginx.conf"],
    command,
    adapt,
};

fn command(directory: &Path) -> Command {
    let mut command = Command::new(program::find("nginx", "nginx"));
    // One process in the foreground, so that none is left when it is killed.
    let global = "daemon off; master_process off; pid nginx.pid; error_log stderr;";
    command.arg("-p").arg(directory);
    command.args(["-c", "nginx.conf", "-e", "stderr", "-g", global]);
    command
}

/// The system's own places are not for tests to write to.
fn adapt(text: &str) -> String {
    let kinds = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    let places: Vec<_> = kinds
        .iter()
        .map(|kind| format!("{kind}_temp_path {kind}_temp;"))
        .collect();
    let http = format!("http {{ access_log off; {}", places.join(" "));
    text.replacen("http {", &http, 1)
}

#[tokio::test]
#[ignore = "needs nginx; run by cargo xtask test"]
async fn a_good_request_passes_with_its_identity() {
    scenarios::a_good_request_passes(&PROXY).await;
}

#[tokio::test]
#[ignore = "needs nginx; run by cargo xtask test"]
async fn a_tampered_request_is_refused() {
    scenarios::a_tampered_request_is_refused(&PROXY).await;
}

#[tokio::test]
#[ignore = "needs nginx; run by cargo xtask test"]
async fn a_replayed_request_is_refused() {
    scenarios::a_replayed_request_is_refused(&PROXY).await;
}

#[tokio::test]
#[ignore = "needs nginx; run by cargo xtask test"]
async fn claimed_identities_are_taken_off() {
    scenarios::claimed_identities_are_taken_off(&PROXY).await;
}

#[tokio::test]
#[ignore = "needs nginx; run by cargo xtask test"]
async fn a_clients_own_description_is_not_believed() {
    scenarios::a_clients_own_description_is_not_believed(&PROXY).await;
}

#[tokio::test]
#[ignore = "needs nginx; run by cargo xtask test"]
async fn raw_targets_are_kept() {
    let targets = ["/a%2Fb?x=1&&y", "//a/../b;x=%41%7e?a=1&&b"];
    scenarios::raw_targets_are_kept(&PROXY, &targets).await;
}

#[tokio::test]
#[ignore = "needs nginx; run by cargo xtask test"]
async fn bodies_pass_only_under_schemes_that_sign_none() {
    scenarios::bodies_pass_only_under_schemes_that_sign_none(&PROXY).await;
}

#[tokio::test]
#[ignore = "needs nginx; run by cargo xtask test"]
async fn a_body_added_to_a_get_is_refused() {
    scenarios::a_body_added_to_a_get_is_refused(&PROXY).await;
}

#[tokio::test]
#[ignore = "needs nginx; run by cargo xtask test"]
async fn nothing_passes_without_the_verifier() {
    scenarios::nothing_passes_without_the_verifier(&PROXY, 500).await;
}
