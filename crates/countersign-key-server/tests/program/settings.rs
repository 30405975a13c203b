//! Options, variables and the file.

use std::fs;
use std::path::Path;

use crate::run::{Ran, key_server};

fn printed(folder: &Path, arguments: &[&str]) -> String {
    let arguments = arguments.iter().chain(&["--print-config"]);
    key_server(folder, arguments).run().success()
}

#[test]
fn the_defaults_are_the_originals_address_and_the_embedded_store() {
    let folder = tempfile::tempdir().unwrap();
    let printed = printed(folder.path(), &[]);
    for line in [
        "listen = \"127.0.0.1:8070\"  # by default",
        "key-store = \"sqlite:creds.db\"  # by default",
        "# master-key-file is not set",
        "behind-tls-proxy = false  # by default",
    ] {
        assert!(printed.contains(line), "{line}: {printed}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn the_options_of_the_original_are_understood() {
    let folder = tempfile::tempdir().unwrap();
    let printed = printed(
        folder.path(),
        &[
            "--lon",
            "127.0.0.1:1",
            "--key_store",
            "h:5984/creds",
            "--log",
            "DEBUG",
            "--logfile=f",
        ],
    );
    for line in [
        "listen = \"127.0.0.1:1\"  # from the command line",
        "key-store = \"h:5984/creds\"",
        "log-level = \"DEBUG\"",
        "logfile = \"f\"",
    ] {
        assert!(printed.contains(line), "{line}: {printed}");
    }
    for level in ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL", "FATAL"] {
        key_server(folder.path(), ["--log", level, "--print-config"])
            .run()
            .success();
    }
}

#[test]
fn a_bad_option_is_told_with_the_usage_and_status_2() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [
        &["--frobnicate"][..],
        &["frobnicate"],
        &["--log", "LOUD"],
        &["--max-connections", "0"],
        &["--drain-timeout", "soon"],
        &["--tls-cert", "f"],
        &["token"],
        &["token", "create"],
        &["token", "create", "--scope", "root"],
        &["--key-store", "mysql://h/d"],
        &["--listen", "nowhere"],
        &["--rate-limit", "0"],
        &["--public-url", "keys.example.org"],
    ] {
        let said = key_server(folder.path(), arguments).run().failure(2);
        assert!(said.contains("Usage: key_server"), "{arguments:?}: {said}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn an_option_wins_over_a_variable_over_the_file_over_the_default() {
    let folder = tempfile::tempdir().unwrap();
    let text = "listen = '127.0.0.1:1'\nkey_store = 'sqlite:f'\nmax-connections = 9\nbehind-tls-proxy = true";
    fs::write(folder.path().join("f.toml"), text).unwrap();
    let ran = key_server(
        folder.path(),
        [
            "--config",
            "f.toml",
            "--listen",
            "127.0.0.1:3",
            "--print-config",
        ],
    )
    .variable("COUNTERSIGN_LISTEN", "127.0.0.1:2")
    .variable("COUNTERSIGN_KEY_STORE", "sqlite:v")
    .variable("COUNTERSIGN_DRAIN_TIMEOUT", "")
    .run()
    .success();
    for line in [
        "listen = \"127.0.0.1:3\"  # from the command line",
        "key-store = \"sqlite:v\"  # from COUNTERSIGN_KEY_STORE",
        "max-connections = \"9\"  # from the key max-connections of f.toml",
        "behind-tls-proxy = true  # from the key behind-tls-proxy of f.toml",
        "drain-timeout = \"25s\"  # by default",
    ] {
        assert!(ran.contains(line), "{line}: {ran}");
    }
}

#[test]
fn the_printed_settings_are_a_file_that_gives_the_same_settings() {
    let folder = tempfile::tempdir().unwrap();
    let first = printed(
        folder.path(),
        &[
            "--lon=127.0.0.1:1",
            "--logfile",
            "a \"b\"",
            "--rate-limit=off",
        ],
    );
    fs::write(folder.path().join("f.toml"), &first).unwrap();
    let second = printed(folder.path(), &["--config", "f.toml"]);
    let values = |text: &str| -> Vec<String> {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        lines
            .map(|line| line.split("  # ").next().unwrap().to_owned())
            .collect()
    };
    assert_eq!(values(&first), values(&second));
}

#[test]
fn passwords_are_masked_wherever_they_come_from() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("f.toml"),
        "key-store = 'couchdb://u:hunter2@h/creds'",
    )
    .unwrap();
    let from_file = printed(folder.path(), &["--config", "f.toml"]);
    let from_variable = key_server(folder.path(), ["--print-config"])
        .variable("COUNTERSIGN_KEY_STORE", "postgres://u@h/d?password=hunter2")
        .run()
        .success();
    let from_option = printed(folder.path(), &["--key-store", "postgres://u:hunter2@h/d"]);
    for printed in [from_file, from_variable, from_option] {
        assert!(
            printed.contains("***") && !printed.contains("hunter2"),
            "{printed}"
        );
    }
}

#[test]
fn bad_231_a_password_on_the_command_line_is_warned_about() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = [
        "--key-store",
        "postgres://u:hunter2@127.0.0.1:1/d?sslmode=disable",
        "--master-key-file=k",
    ];
    let said = key_server(folder.path(), arguments).run().failure(1);
    assert!(
        said.contains("COUNTERSIGN_KEY_STORE") && !said.contains("hunter2"),
        "{said}"
    );
}

#[test]
fn what_is_wrong_in_a_file_is_told_with_its_key_and_the_valid_ones() {
    let folder = tempfile::tempdir().unwrap();
    let with = |text: &str| -> Ran {
        fs::write(folder.path().join("f.toml"), text).unwrap();
        key_server(folder.path(), ["--config", "f.toml"]).run()
    };
    for (text, words) in [
        ("lissen = '127.0.0.1:1'", ["lissen", "listen, tls-cert"]),
        (
            "drain-timeout = 'soon'",
            ["the key drain-timeout of f.toml", "25s or 5m"],
        ),
        ("log-format = 'xml'", ["'xml'", "text, json"]),
        ("listen = [1]", ["listen", "give a string"]),
        ("listen = ", ["line 1", "is not TOML"]),
    ] {
        let said = with(text).failure(2);
        assert!(
            words.iter().all(|word| said.contains(word)),
            "{text}: {said}"
        );
    }
    let said = key_server(folder.path(), ["--config", "none.toml"])
        .run()
        .failure(2);
    assert!(said.contains("none.toml"), "{said}");
}

#[test]
fn a_bad_variable_is_told_with_its_value_and_the_valid_ones() {
    let folder = tempfile::tempdir().unwrap();
    let said = key_server(folder.path(), [""; 0])
        .variable("COUNTERSIGN_LOG_FORMAT", "xml")
        .run()
        .failure(2);
    assert!(
        said.contains("'xml'") && said.contains("--log-format") && said.contains("json"),
        "{said}"
    );
}
