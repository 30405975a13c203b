//! A secret comes from a file, the environment or standard input, and goes nowhere.

use crate::run::{Directory, Run, countersign};

const SECRET: &str = "hunter2-hunter2-hunter2";

fn sign() -> Run {
    countersign([
        "sign",
        "--scheme",
        "hmac-auth",
        "--key-id",
        "k",
        "--date",
        "1348748096",
    ])
    .arguments(["GET", "http://h/"])
}

#[test]
fn every_source_gives_the_same_secret_and_one_line_end_is_not_part_of_it() {
    let directory = Directory::new();
    let expected = sign()
        .variable("COUNTERSIGN_SECRET", SECRET)
        .run()
        .success();
    for (name, text) in [
        ("bare", SECRET.to_owned()),
        ("lf", format!("{SECRET}\n")),
        ("crlf", format!("{SECRET}\r\n")),
    ] {
        let file = directory.file(name, &text);
        let from_flag = sign().arguments(["--secret-file", &file]).run();
        assert_eq!(from_flag.success(), expected, "{name}");
        let from_variable = sign().variable("COUNTERSIGN_SECRET_FILE", &file).run();
        assert_eq!(from_variable.success(), expected, "{name}");
        let from_stdin = sign().arguments(["--secret-file", "-"]).stdin(text).run();
        assert_eq!(from_stdin.success(), expected, "{name}");
    }
    let two = directory.file("two", format!("{SECRET}\n\n"));
    assert_ne!(
        sign().arguments(["--secret-file", &two]).run().success(),
        expected
    );
}

#[test]
fn a_flag_wins_over_a_variable_over_the_file_of_settings() {
    let directory = Directory::new();
    let right = directory.file("right", SECRET);
    let wrong = directory.file("wrong", "another secret of enough bytes");
    let settings = |file: &str| directory.file("settings.toml", format!("secret-file = '{file}'"));
    let expected = sign()
        .variable("COUNTERSIGN_SECRET", SECRET)
        .run()
        .success();

    let variable_over_file = sign()
        .variable("COUNTERSIGN_SECRET", SECRET)
        .arguments(["--config", &settings(&wrong)]);
    assert_eq!(variable_over_file.run().success(), expected);
    let flag_over_variable = sign()
        .variable("COUNTERSIGN_SECRET", "another secret of enough bytes")
        .arguments(["--secret-file", &right]);
    assert_eq!(flag_over_variable.run().success(), expected);
    let file = sign().arguments(["--config", &settings(&right)]);
    assert_eq!(file.run().success(), expected);

    let both = sign()
        .variable("COUNTERSIGN_SECRET", SECRET)
        .variable("COUNTERSIGN_SECRET_FILE", &right)
        .run();
    assert_eq!(both.status, 2);
    assert!(both.sentence().contains("both set"), "{}", both.sentence());
}

#[test]
fn encoded_secrets_are_decoded() {
    let expected = sign()
        .variable("COUNTERSIGN_SECRET", SECRET)
        .run()
        .success();
    for (encoding, text) in [
        ("base64", "aHVudGVyMi1odW50ZXIyLWh1bnRlcjI="),
        ("base64url", "aHVudGVyMi1odW50ZXIyLWh1bnRlcjI"),
        ("hex", "68756e746572322d68756e746572322d68756E74657232"),
    ] {
        let signed = sign()
            .arguments(["--secret-encoding", encoding])
            .variable("COUNTERSIGN_SECRET", text)
            .run();
        assert_eq!(signed.success(), expected, "{encoding}");
        let wrong = sign()
            .arguments(["--secret-encoding", encoding])
            .variable("COUNTERSIGN_SECRET", SECRET)
            .run();
        assert_eq!(wrong.status, 2, "{encoding}");
        assert!(!wrong.stderr.contains("hunter2"), "{}", wrong.stderr);
    }
}

#[test]
fn a_secret_is_no_argument() {
    for argument in ["--secret", "--secret=hunter2"] {
        let ran = sign().arguments([argument]).run();
        assert_eq!(ran.status, 2, "{argument}");
        assert!(!ran.sentence().contains("hunter2"), "{}", ran.stderr);
        assert!(ran.sentence().contains("--secret"), "{}", ran.stderr);
    }
    let in_url = countersign(["curl", "--scheme", "hmac-auth", "--key-id", "k", "GET"])
        .arguments(["http://dave:hunter2@127.0.0.1:1/"])
        .variable("COUNTERSIGN_SECRET", SECRET)
        .run();
    assert_eq!(in_url.status, 2);
    assert!(!in_url.stderr.contains("hunter2"), "{}", in_url.stderr);
}

#[test]
fn nothing_shows_the_secret() {
    for arguments in [
        &["--help"][..],
        &["--print-config"],
        &["--explain"],
        &["--json", "--explain"],
    ] {
        let ran = sign()
            .arguments(arguments)
            .variable("COUNTERSIGN_SECRET", SECRET)
            .run();
        assert_eq!(ran.status, 0, "{arguments:?}: {}", ran.stderr);
        let shown = format!("{}{}", ran.stdout, ran.stderr);
        assert!(!shown.contains("hunter2"), "{arguments:?}: {shown}");
    }
    let printed = sign()
        .arguments(["--print-config", "-H", "Cookie: hunter2"])
        .variable("COUNTERSIGN_SECRET", SECRET)
        .run()
        .success();
    assert!(
        printed.contains("secret = \"***\"") && !printed.contains("hunter2"),
        "{printed}"
    );
}

#[test]
fn a_missing_or_empty_secret_is_refused() {
    let directory = Directory::new();
    let none = sign().run();
    assert_eq!(none.status, 2);
    assert!(
        none.sentence().contains("--secret-file FILE")
            && none.sentence().contains("COUNTERSIGN_SECRET")
    );
    let empty = directory.file("empty", "\n");
    let empty = sign().arguments(["--secret-file", &empty]).run();
    assert_eq!(empty.status, 2);
    assert!(empty.sentence().contains("empty"));
    let gone = sign().arguments(["--secret-file", "/nowhere/secret"]).run();
    assert_eq!(gone.status, 2);
    assert!(gone.sentence().contains("/nowhere/secret"));
    let both = sign()
        .arguments(["--secret-file", "-", "-d", "@-"])
        .stdin("x")
        .run();
    assert_eq!(both.status, 2);
    assert!(both.sentence().contains("standard input"));
}
