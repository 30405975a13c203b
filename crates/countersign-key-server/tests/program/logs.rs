//! Logs and metrics.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixDatagram;

use serde_json::Value;

use crate::ANY_PORT;
use crate::http::send;
use crate::run::{PATIENCE, key_server};

#[test]
fn logs_are_lines_of_json_when_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ANY_PORT.iter().chain(&["--log-format=json"]);
    let ran = key_server(folder.path(), arguments).serve().stop();
    assert!(ran.stderr.lines().count() > 1);
    for line in ran.stderr.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        assert!(
            line["level"].is_string() && line["timestamp"].is_string(),
            "{line}"
        );
    }
}

#[test]
fn a_logfile_takes_the_place_of_standard_error_and_is_appended_to() {
    let folder = tempfile::tempdir().unwrap();
    for starts in 1..=2 {
        let arguments = ANY_PORT.iter().chain(&["--logfile", "log"]);
        let ran = key_server(folder.path(), arguments).serve().stop();
        assert_eq!(ran.stderr, "");
        let path = folder.path().join("log");
        let log = fs::read_to_string(&path).unwrap();
        assert_eq!(log.matches("told to stop").count(), starts, "{log}");
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn the_level_says_how_much_is_logged_and_wins_over_the_variable() {
    let folder = tempfile::tempdir().unwrap();
    let said = |level: &[&'static str], variable: &str| {
        let arguments = ANY_PORT.iter().chain(level);
        let run = key_server(folder.path(), arguments).variable("RUST_LOG", variable);
        run.serve().stop().stderr
    };
    assert!(said(&[], "info").contains("told to stop"));
    assert!(!said(&[], "error").contains("told to stop"));
    assert!(said(&["--log=INFO"], "error").contains("told to stop"));
    assert!(!said(&["--log=CRITICAL"], "info").contains("told to stop"));
}

#[test]
fn syslog_is_sent_lines_with_their_severity() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dev-log");
    let syslog = UnixDatagram::bind(&path).unwrap();
    syslog.set_read_timeout(Some(PATIENCE)).unwrap();
    let arguments = ["--syslog", path.to_str().unwrap()];
    let server = key_server(folder.path(), ANY_PORT.iter().chain(&arguments)).serve();
    let mut line = [0; 2048];
    let mut receive = || {
        let len = syslog.recv(&mut line).unwrap();
        String::from_utf8(line[..len].to_vec()).unwrap()
    };
    let made = receive();
    assert!(
        made.starts_with("<28>") && made.contains(" key_server["),
        "{made}"
    );
    assert!(made.contains("made the master key"), "{made}");
    server.terminate();
    while !receive().contains("told to stop") {}
}

#[test]
fn places_for_logs_that_cannot_be_are_named() {
    let folder = tempfile::tempdir().unwrap();
    for (option, value) in [
        ("--syslog", "nowhere"),
        ("--logfile", "/nowhere/log"),
        ("--audit-log", "/nowhere/audit"),
    ] {
        let arguments = [option, value, "--listen", "127.0.0.1:0"];
        let said = key_server(folder.path(), arguments).run().failure(2);
        assert!(said.contains(option) && said.contains(value), "{said}");
    }
}

#[test]
fn metrics_have_a_listener_of_their_own_when_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ANY_PORT.iter().chain(&["--metrics-listen", "127.0.0.1:0"]);
    let server = key_server(folder.path(), arguments).serve();
    send(server.address(), "GET", "/livez", "");
    let said = server.stderr();
    let (_, rest) = said.split_once("metrics on http://").unwrap();
    let (address, _) = rest.split_once("/metrics").unwrap();
    let metrics = send(address.parse().unwrap(), "GET", "/metrics", "");
    assert!(
        metrics
            .body
            .contains("countersign_key_server_requests_total"),
        "{metrics:?}"
    );
    assert_eq!(send(server.address(), "GET", "/metrics", "").status, 404);
    assert_eq!(
        send(address.parse().unwrap(), "GET", "/v1.0/creds", "").status,
        404
    );
}

#[test]
fn the_audit_log_goes_to_standard_error_when_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ANY_PORT.iter().chain(&["--audit-log", "-", "--log=off"]);
    let server = key_server(folder.path(), arguments).serve();
    let body = r#"{"principal":"dave"}"#;
    assert_eq!(
        send(server.address(), "POST", "/v1.0/creds", body).status,
        201
    );
    let said = server.stop().stderr;
    assert!(said.contains("\"operation\":\"create\""), "{said}");
    assert!(
        said.lines()
            .all(|line| serde_json::from_str::<Value>(line).is_ok()),
        "{said}"
    );
}
