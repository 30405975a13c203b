//! Passwords come from files, variables, standard input or a terminal, and go nowhere.

use std::io::{Read, Write as _};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::{ACCOUNT_PASSWORD, Agent, KEY_PASSWORD, bare};
use crate::run::Run;

/// Long enough for everything that happens by itself.
const PATIENCE: Duration = Duration::from_secs(30);

/// Signs in the session, without a password.
fn sign(agent: &Agent) -> Run {
    bare("sign").arguments(["--session", &agent.session(), "--id", "k", "-d", "data"])
}

#[test]
fn every_source_gives_the_same_passwords_and_one_line_end_is_not_part_of_them() {
    let agent = Agent::logged_in();
    agent.create_key("ed25519", "k").run().success();
    let password = agent
        .directory
        .file("password", format!("{ACCOUNT_PASSWORD}\n"));
    let key_password = agent
        .directory
        .file("key-password", format!("{KEY_PASSWORD}\r\n"));
    let key_file = ["--key-password-file", &key_password];
    let files = sign(&agent)
        .arguments(["--password-file", &password])
        .arguments(key_file);
    let expected = files.run().success();
    let variables = sign(&agent)
        .variable("COUNTERSIGN_PASSWORD", ACCOUNT_PASSWORD)
        .variable("COUNTERSIGN_KEY_PASSWORD", KEY_PASSWORD);
    assert_eq!(variables.run().success(), expected);
    let named = sign(&agent)
        .variable("ONE", ACCOUNT_PASSWORD)
        .variable("OTHER", KEY_PASSWORD)
        .arguments(["--password-env", "ONE", "--key-password-env", "OTHER"]);
    assert_eq!(named.run().success(), expected);
    let paths = sign(&agent)
        .variable("COUNTERSIGN_PASSWORD_FILE", &password)
        .variable("COUNTERSIGN_KEY_PASSWORD_FILE", &key_password);
    assert_eq!(paths.run().success(), expected);
    let stdin = sign(&agent)
        .arguments(["--password-file", "-"])
        .arguments(key_file)
        .stdin(format!("{ACCOUNT_PASSWORD}\n"));
    assert_eq!(stdin.run().success(), expected);
    let flag_wins = sign(&agent)
        .variable("COUNTERSIGN_PASSWORD", "another")
        .arguments(["--password-file", &password])
        .arguments(key_file);
    assert_eq!(flag_wins.run().success(), expected);
}

#[test]
fn a_password_is_no_argument() {
    let agent = Agent::logged_in();
    for flag in [
        "--password",
        "--key-password",
        "--password=hunter2",
        "--api-key-secret=hunter2",
    ] {
        let ran = sign(&agent).arguments([flag]).run();
        assert_eq!(ran.status, 2, "{flag}");
        assert!(!ran.sentence().contains("hunter2"), "{}", ran.stderr);
    }
}

#[test]
fn a_password_that_is_missing_or_empty_or_doubtful_is_a_usage_error_that_says_what_to_do() {
    let agent = Agent::logged_in();
    let empty = agent.directory.file("empty", "\n");
    let binary = agent.directory.file("binary", b"\xff\xfe");
    let both = |run: Run| {
        run.variable("COUNTERSIGN_PASSWORD", "a")
            .variable("COUNTERSIGN_PASSWORD_FILE", "b")
    };
    for (run, part) in [
        (sign(&agent), "--password-file FILE"),
        (
            sign(&agent).variable("COUNTERSIGN_PASSWORD", "a"),
            "--key-password-file FILE",
        ),
        (
            sign(&agent).arguments(["--password-file", &empty]),
            "is empty",
        ),
        (
            sign(&agent).arguments(["--password-file", &binary]),
            "is not UTF-8",
        ),
        (
            sign(&agent).arguments(["--password-env", "NOWHERE"]),
            "no such variable",
        ),
        (both(sign(&agent)), "both set"),
        (
            sign(&agent).arguments(["--password-file", "-", "--key-password-file", "-"]),
            "cannot both be standard input",
        ),
        (
            bare("sign")
                .arguments(["--session", &agent.session(), "--id", "k", "-d", "@-"])
                .arguments(["--password-file", "-"]),
            "--data",
        ),
        (
            sign(&agent).arguments(["--password-file", &empty, "--password-env", "X"]),
            "--password-env",
        ),
    ] {
        let ran = run.run();
        assert_eq!(ran.status, 2, "{ran:?}");
        assert!(ran.sentence().contains(part), "{part}: {ran:?}");
    }
}

/// What a terminal shows while `command` runs and `answers` are typed, each when its question is
/// there and the terminal has stopped to show what is typed.
fn typed(command: &str, answers: &[(&str, &str)]) -> (bool, String) {
    let command = format!("tty; {command}");
    let mut child = Command::new("script")
        .args(["--quiet", "--return", "--command", &command, "/dev/null"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("script is part of every system");
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let mut shown = String::new();
    let terminal = read_until(&mut stdout, "\n", &mut shown);
    let terminal = terminal.trim().to_owned();
    for (question, answer) in answers {
        read_until(&mut stdout, question, &mut shown);
        wait_until_silent(&terminal);
        stdin.write_all(format!("{answer}\n").as_bytes()).unwrap();
    }
    stdout.read_to_string(&mut shown).unwrap();
    (child.wait().unwrap().success(), shown)
}

/// Reads on until `end`; what was read, which is put behind `shown` too.
fn read_until(stdout: &mut impl Read, end: &str, shown: &mut String) -> String {
    let (mut bytes, mut byte) = (Vec::new(), [0]);
    while !bytes.ends_with(end.as_bytes()) {
        let read = stdout.read(&mut byte).unwrap();
        assert_ne!(read, 0, "no {end:?} behind {shown}");
        bytes.extend(byte);
    }
    let text = String::from_utf8(bytes).unwrap();
    shown.push_str(&text);
    text
}

fn wait_until_silent(terminal: &str) {
    let is_silent = || {
        let stty = Command::new("stty").args(["-a", "-F", terminal]).output();
        String::from_utf8_lossy(&stty.unwrap().stdout).contains(" -echo ")
    };
    let started = Instant::now();
    while !is_silent() {
        assert!(
            started.elapsed() < PATIENCE,
            "{terminal} shows what is typed"
        );
    }
}

#[test]
fn a_terminal_is_asked_for_passwords_and_shows_nothing_of_them() {
    let agent = Agent::logged_in();
    let command = |operation: &str| {
        let program = env!("CARGO_BIN_EXE_countersign");
        let session = agent.session();
        format!("{program} agent {operation} --session {session} --id k")
    };
    let (account, key) = ("of the account dave: ", "of the key k: ");
    let create = command("create-key --algorithm ed25519");
    let answers = [
        (account, ACCOUNT_PASSWORD),
        (key, KEY_PASSWORD),
        ("the same again: ", "another"),
    ];
    let (success, shown) = typed(&create, &answers);
    assert!(!success && shown.contains("in two ways"), "{shown}");
    let (success, shown) = typed(
        &create,
        &[answers[0], answers[1], ("again: ", KEY_PASSWORD)],
    );
    assert!(success && shown.contains("made the key k"), "{shown}");
    let (success, again) = typed(&command("sign -d data"), &answers[..2]);
    assert!(success, "{again}");
    for secret in [ACCOUNT_PASSWORD, KEY_PASSWORD] {
        assert!(
            !shown.contains(secret) && !again.contains(secret),
            "{shown}{again}"
        );
    }
}
