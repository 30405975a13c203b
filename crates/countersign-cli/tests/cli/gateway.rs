//! `countersign gateway`

use serde_json::Value;

use crate::protected::KEY_ID;
use crate::run::{Directory, Run, SECRET, Server, countersign};

/// A gateway in front of an echo service.
#[derive(Debug)]
pub(crate) struct Guarded {
    gateway: Server,
    keys: String,
    _echo: Server,
    _directory: Directory,
}

impl Guarded {
    /// With one scheme, and a key for it.
    pub(crate) fn with(scheme: &str) -> Self {
        Self::with_arguments(scheme, &[])
    }

    fn with_arguments(scheme: &str, arguments: &[&str]) -> Self {
        let directory = Directory::new();
        let echo = countersign(["echo", "--listen", "127.0.0.1:0"]).serve();
        let id = if scheme == "basic" { SECRET } else { KEY_ID };
        let keys = directory.file("keys.toml", entry(id, SECRET, scheme));
        let gateway = gateway()
            .arguments([
                "--upstream",
                echo.url(),
                "--keys",
                &keys,
                "--scheme",
                scheme,
            ])
            .arguments(arguments)
            .serve();
        Self {
            gateway,
            keys,
            _echo: echo,
            _directory: directory,
        }
    }

    pub(crate) fn url(&self, target: &str) -> String {
        format!("{}{target}", self.gateway.url())
    }
}

pub(crate) fn gateway() -> Run {
    countersign(["gateway", "--listen", "127.0.0.1:0"])
}

pub(crate) fn entry(id: &str, secret: &str, scheme: &str) -> String {
    format!(
        "[[key]]\nid = '{id}'\nsecret = '{secret}'\nprincipal = 'dave'\nschemes = ['{scheme}']\n"
    )
}

fn curl(url: &str) -> Run {
    countersign([
        "curl", "--scheme", "auth-key", "--key-id", KEY_ID, "POST", url,
    ])
    .variable("COUNTERSIGN_SECRET", SECRET)
}

#[test]
fn a_verified_request_reaches_the_upstream_with_its_caller_and_others_do_not() {
    let guarded = Guarded::with("auth-key");
    let url = guarded.url("/a//b?c=%41");
    let seen = curl(&url)
        .arguments(["-d", "hello", "-H", "X-Countersign-Principal: admin"])
        .run()
        .success();
    let seen: Value = serde_json::from_str(&seen).unwrap();
    assert_eq!(seen["target"], "/a//b?c=%41");
    assert_eq!(seen["body_bytes"], 5);
    assert_eq!(seen["headers"]["x-countersign-principal"], "dave");
    assert_eq!(seen["headers"]["x-countersign-key-id"], KEY_ID);
    assert_eq!(seen["headers"]["x-countersign-scheme"], "auth-key");

    let refused = curl(&url).variable("COUNTERSIGN_SECRET", "another secret of enough bytes");
    let refused = refused.run();
    assert_eq!(refused.status, 3);
    assert!(
        refused.stdout.contains("invalid_credentials"),
        "{}",
        refused.stdout
    );
}

#[test]
fn both_signals_end_it_with_0_after_one_line() {
    for signal in ["TERM", "INT"] {
        let mut guarded = Guarded::with("moxie");
        guarded.gateway.signal(signal);
        assert_eq!(guarded.gateway.wait(), (0, String::new()), "{signal}");
    }
}

#[test]
fn a_hangup_reads_the_keys_again_and_a_broken_file_keeps_the_old_ones() {
    let mut guarded = Guarded::with("auth-key");
    let url = guarded.url("/");
    std::fs::write(&guarded.keys, "[[key]]\nid = ").unwrap();
    guarded.gateway.signal("HUP");
    guarded
        .gateway
        .stderr_until("SIGHUP: the keys stay as they are");
    curl(&url).run().success();

    let other = "another secret of enough bytes";
    let text = entry(KEY_ID, SECRET, "auth-key") + &entry("other", other, "auth-key");
    std::fs::write(&guarded.keys, text).unwrap();
    guarded.gateway.signal("HUP");
    guarded.gateway.stderr_until("SIGHUP: 2 keys");
    countersign([
        "curl", "--scheme", "auth-key", "--key-id", "other", "GET", &url,
    ])
    .variable("COUNTERSIGN_SECRET", other)
    .run()
    .success();
}

#[test]
fn logs_are_json_on_request_and_show_no_secret() {
    let arguments = ["--log-format", "json", "--metrics-listen", "127.0.0.1:0"];
    let mut guarded = Guarded::with_arguments("auth-key", &arguments);
    let url = guarded.url("/");
    curl(&url).run().success();
    guarded.gateway.signal("TERM");
    assert_eq!(guarded.gateway.wait().0, 0);
    let logs = guarded.gateway.stderr();
    assert!(
        logs.contains("/livez and /readyz on http://127.0.0.1:"),
        "{logs}"
    );
    assert!(!logs.contains(SECRET), "{logs}");
    for line in logs.lines() {
        let event: Value = serde_json::from_str(line).expect(line);
        assert!(event["level"].is_string(), "{line}");
    }
}

#[test]
fn every_flag_of_the_contract_is_there() {
    let printed = gateway()
        .arguments([
            "--upstream",
            "http://127.0.0.1:1",
            "--scheme",
            "mac",
            "--scheme",
            "moxie",
        ])
        .arguments([
            "--keys",
            "keys.toml",
            "--window-past",
            "300s",
            "--window-future",
            "60s",
        ])
        .arguments([
            "--replay",
            "memory",
            "--replay-capacity",
            "10",
            "--replay-policy",
            "all",
        ])
        .arguments(["--restart-guard", "off", "--max-body", "1MiB"])
        .arguments(["--body-policy", "allow-unsigned", "--stream-bodies"])
        .arguments(["--public-base-url", "https://h", "--base-path", "/p"])
        .arguments([
            "--trusted-proxy",
            "10.0.0.0/8",
            "--trusted-proxy",
            "::1",
            "--realm",
            "R",
        ])
        .arguments([
            "--optional",
            "--allow-preflight",
            "--forward-authorization",
            "YAR",
        ])
        .arguments([
            "--tls-cert",
            "c",
            "--tls-key",
            "k",
            "--metrics-listen",
            "127.0.0.1:2",
        ])
        .arguments(["--workers", "2", "--ext-authz-listen", "127.0.0.1:3"])
        .arguments(["--log-format", "json", "--print-config"])
        .run()
        .success();
    assert!(
        printed.contains("scheme = [\"mac\", \"moxie\"]"),
        "{printed}"
    );
    assert!(
        printed.contains("trusted-proxy = [\"10.0.0.0/8\", \"::1\"]"),
        "{printed}"
    );
    for flags in [
        &["--forward-auth", "--report-only"][..],
        &[
            "--key-server",
            "http://h",
            "--key-server-token-file",
            "t",
            "--key-cache-ttl",
            "9s",
            "--key-cache-max-stale",
            "1h",
            "--key-server-ca",
            "ca.pem",
            "--key-server-timeout",
            "1s",
            "--key-server-dangerously-plain-http",
        ],
    ] {
        let ran = gateway()
            .arguments(flags)
            .arguments(["--print-config"])
            .run();
        assert_eq!(ran.status, 0, "{ran:?}");
    }
}

#[test]
fn settings_may_come_from_a_file_with_secrets_masked_when_printed() {
    let directory = Directory::new();
    let file = directory.file(
        "settings.toml",
        "[gateway]\nscheme = ['mac', 'moxie']\nupstream = 'http://127.0.0.1:1'\n\
         window-past = '90s'\nreport-only = true\nreplay = 'redis://:hunter2@h:6379/0'\n",
    );
    let printed = gateway()
        .arguments(["--config", &file, "--print-config", "--optional"])
        .variable("COUNTERSIGN_SCHEME", "auth-key,basic")
        .run()
        .success();
    assert!(
        printed.contains("scheme = [\"auth-key\", \"basic\"]"),
        "{printed}"
    );
    assert!(
        printed.contains("window-past = \"90s\"") && !printed.contains("hunter2"),
        "{printed}"
    );
    // A flag excludes what contradicts it in the file.
    assert!(
        printed.contains("optional = true") && printed.contains("report-only = false"),
        "{printed}"
    );
}

#[test]
fn unusable_settings_are_refused_with_the_key_and_the_valid_ones() {
    let directory = Directory::new();
    let keys = directory.file("keys.toml", entry(KEY_ID, SECRET, "auth-key"));
    let empty = directory.file("empty.toml", "");
    let upstream = ["--upstream", "http://127.0.0.1:1"];
    let scheme = ["--scheme", "auth-key"];
    let with_keys = ["--keys", keys.as_str()];
    for (arguments, parts) in [
        (
            vec![&scheme[..], &with_keys],
            &["--upstream", "--forward-auth"][..],
        ),
        (vec![&upstream, &with_keys], &["--scheme"]),
        (vec![&upstream, &scheme], &["--keys FILE.toml"]),
        (
            vec![&upstream, &scheme, &["--keys", &empty]],
            &["empty.toml"],
        ),
        (
            vec![&upstream, &scheme, &["--key-server", "http://u:hunter2@h"]],
            &["--key-server"],
        ),
        (
            vec![
                &upstream,
                &scheme,
                &with_keys,
                &["--replay", "redis://:hunter2@h"],
            ],
            &[
                "--replay",
                "redis://***@h",
                "--replay-password-file",
                "COUNTERSIGN_REPLAY",
            ],
        ),
        (
            vec![&upstream, &scheme, &with_keys, &["--replay", "disk"]],
            &["replay", "disk", "memory, off", "redis+cluster://"],
        ),
        (
            vec![&upstream, &scheme, &with_keys, &["--replay-policy", "some"]],
            &["replay-policy", "some", "unsafe"],
        ),
        (
            vec![&upstream, &scheme, &with_keys, &["--window-past", "soon"]],
            &["--window-past", "soon", "300s"],
        ),
        (
            vec![&upstream, &scheme, &with_keys, &["--max-body", "big"]],
            &["--max-body", "big", "MiB"],
        ),
        (
            vec![
                &upstream,
                &scheme,
                &with_keys,
                &["--trusted-proxy", "10.0.0.0/33"],
            ],
            &["trusted-proxy", "10.0.0.0/33", "10.0.0.0/8"],
        ),
        (
            vec![&upstream, &scheme, &with_keys, &["--tls-cert", "c"]],
            &["--tls-cert", "--tls-key"],
        ),
        (
            vec![&["--upstream", "ftp://h"], &scheme, &with_keys],
            &["upstream", "ftp://h", "http://127.0.0.1:8080"],
        ),
        (
            vec![
                &upstream,
                &scheme,
                &with_keys,
                &["--optional", "--report-only"],
            ],
            &["--optional", "--report-only"],
        ),
    ] {
        let ran = gateway().arguments(arguments.concat()).run();
        assert_eq!(
            (ran.status, ran.stdout.as_str()),
            (2, ""),
            "{arguments:?} {}",
            ran.stderr
        );
        for part in parts {
            assert!(
                ran.sentence().contains(part),
                "{arguments:?}: {}",
                ran.sentence()
            );
        }
        assert!(!ran.stderr.contains("hunter2"), "{}", ran.stderr);
    }
}

#[test]
fn forward_authentication_answers_for_the_described_request() {
    let directory = Directory::new();
    let keys = directory.file("keys.toml", entry(KEY_ID, SECRET, "hmac-auth"));
    let service = gateway()
        .arguments(["--forward-auth", "--scheme", "hmac-auth", "--keys", &keys])
        .serve();
    let signed = countersign(["sign", "--scheme", "hmac-auth", "--key-id", KEY_ID])
        .arguments(["GET", "http://h/original?x=1"])
        .variable("COUNTERSIGN_SECRET", SECRET)
        .run()
        .success();
    let ask = |target: &str| {
        let mut head = format!(
            "GET /verify HTTP/1.1\r\nHost: h\r\nConnection: close\r\nX-Original-Method: GET\r\n\
             X-Original-URI: {target}\r\nX-Original-Content-Length: 0\r\n"
        );
        for line in signed.lines() {
            head.push_str(&format!("{line}\r\n"));
        }
        service.exchange(&(head + "\r\n"))
    };
    let good = ask("/original?x=1");
    assert!(good.starts_with("HTTP/1.1 200"), "{good}");
    assert!(good.contains("x-countersign-principal: dave"), "{good}");
    let tampered = ask("/original?x=2");
    assert!(tampered.starts_with("HTTP/1.1 401"), "{tampered}");
}

#[test]
fn a_taken_address_is_a_failure_and_no_usage_error() {
    let guarded = Guarded::with("moxie");
    let ran = countersign([
        "gateway",
        "--upstream",
        "http://127.0.0.1:1",
        "--scheme",
        "moxie",
    ])
    .arguments([
        "--keys",
        &guarded.keys,
        "--listen",
        guarded.gateway.address(),
    ])
    .run();
    assert_eq!(ran.status, 1);
    let said = ran.stderr.lines().last().unwrap();
    assert!(said.contains("cannot be listened on"), "{said}");
}
