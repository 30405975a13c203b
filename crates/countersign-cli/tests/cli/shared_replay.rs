//! `countersign gateway --replay redis://…`

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use crate::gateway::{entry, gateway};
use crate::protected::KEY_ID;
use crate::run::{Directory, SECRET, Server, countersign};

const PASSWORD: &str = "hunter2@home";

/// A `redis-server` with a password, killed when dropped.
struct Redis {
    process: Child,
    port: u16,
}

impl Redis {
    fn start(directory: &Directory) -> Self {
        let port = free_port();
        let process = Command::new("redis-server")
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1"])
            .args(["--save", "", "--requirepass", PASSWORD, "--dir"])
            .arg(directory.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server is installed");
        let redis = Self { process, port };
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        redis
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A port that was free a moment ago. Below those that the system gives to clients and to whoever
/// wants any, one of which may be taken by the time the server has started, or while it is down.
fn free_port() -> u16 {
    loop {
        let any = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = 11_000 + any.local_addr().unwrap().port() % 11_000;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// What every gateway here has, in front of nothing.
fn arguments(directory: &Directory) -> Vec<String> {
    let keys = directory.file("keys.toml", entry(KEY_ID, SECRET, "moxie"));
    ["--forward-auth", "--scheme", "moxie", "--keys", &keys]
        .map(str::to_owned)
        .to_vec()
}

#[test]
#[ignore = "needs Redis, which cargo xtask test installs"]
fn bad_088_a_second_gateway_refuses_what_the_first_has_seen() {
    let directory = Directory::new();
    let redis = Redis::start(&directory);
    let password = directory.file("password", format!("{PASSWORD}\n"));
    let store = format!("redis://127.0.0.1:{}", redis.port);
    let by_flag = gateway()
        .arguments(arguments(&directory))
        .arguments(["--restart-guard", "off", "--replay", &store])
        .arguments(["--replay-password-file", &password])
        .serve();
    let with_password = store.replace("//", &format!("//:{PASSWORD}@"));
    let by_variable = gateway()
        .arguments(arguments(&directory))
        .arguments(["--restart-guard", "off"])
        .variable("COUNTERSIGN_REPLAY", &with_password)
        .serve();

    let signed = countersign(["sign", "--scheme", "moxie", "--key-id", KEY_ID])
        .arguments(["GET", "http://h/original"])
        .variable("COUNTERSIGN_SECRET", SECRET)
        .run()
        .success();
    let ask = |gateway: &Server| {
        let mut head = "GET /verify HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\
                        X-Original-Method: GET\r\nX-Original-URI: /original\r\n\
                        X-Original-Content-Length: 0\r\n"
            .to_owned();
        for line in signed.lines() {
            head.push_str(&format!("{line}\r\n"));
        }
        gateway.exchange(&(head + "\r\n"))
    };
    let first = ask(&by_flag);
    assert!(first.starts_with("HTTP/1.1 200"), "{first}");
    let replayed = ask(&by_variable);
    assert!(replayed.starts_with("HTTP/1.1 401"), "{replayed}");
    assert!(replayed.contains("nonce_replayed"), "{replayed}");

    let file = directory.file("wrong", "hunter3");
    let refused = gateway()
        .arguments(arguments(&directory))
        .arguments(["--replay", &store, "--replay-password-file", &file])
        .run();
    assert_eq!(refused.status, 1, "{refused:?}");
    let sentence = refused.sentence();
    assert!(sentence.contains("user and password"), "{sentence}");
    assert!(!sentence.contains("hunter3"), "{sentence}");
}

#[test]
fn a_store_that_cannot_be_reached_has_a_status_of_its_own() {
    let directory = Directory::new();
    let store = format!("redis://127.0.0.1:{}", free_port());
    let ran = gateway()
        .arguments(arguments(&directory))
        .arguments(["--replay", &store])
        .run();
    assert_eq!(ran.status, 4, "{ran:?}");
    assert!(ran.sentence().contains("no connection"), "{ran:?}");
}

#[test]
fn a_password_in_a_file_of_settings_is_taken_and_never_shown() {
    let directory = Directory::new();
    let store = format!("redis://:{PASSWORD}@127.0.0.1:{}", free_port());
    let settings = directory.file("settings.toml", format!("replay = '{store}'\n"));
    let run = || {
        gateway()
            .arguments(arguments(&directory))
            .arguments(["--config", &settings])
    };
    let ran = run().run();
    assert_eq!(ran.status, 4, "{ran:?}");
    assert!(!ran.stderr.contains("hunter2"), "{ran:?}");
    let printed = run().arguments(["--print-config"]).run().success();
    assert!(
        printed.contains("replay = \"redis://***@127.0.0.1"),
        "{printed}"
    );
}

#[test]
fn settings_of_another_store_are_refused() {
    let directory = Directory::new();
    for (settings, part) in [
        (&["--replay-password-file", "f"][..], "replay-password-file"),
        (&["--replay-ca-file", "f"], "replay-ca-file"),
        (
            &["--replay", "redis://h", "--replay-capacity", "5"],
            "replay-capacity",
        ),
        (
            &["--replay", "redis://h", "--replay-ca-file", "f"],
            "rediss://",
        ),
        (&["--replay", "redis+other://h"], "redis+cluster://"),
        (&["--replay", "http://h"], "redis+cluster://"),
        (&["--instances", "0"], "instances"),
    ] {
        let ran = gateway()
            .arguments(arguments(&directory))
            .arguments(settings)
            .run();
        assert_eq!(ran.status, 2, "{ran:?}");
        assert!(ran.sentence().contains(part), "{ran:?}");
    }
}

#[test]
fn bad_088_memory_of_ones_own_is_warned_about_when_there_are_several_instances() {
    let directory = Directory::new();
    let mut several = gateway()
        .arguments(arguments(&directory))
        .arguments(["--instances", "2"])
        .serve();
    several.stderr_until("can be replayed once at each other");
}
