//! `countersign quickstart`

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::run::{Directory, Run, countersign};

const SCHEMES: [&str; 8] = [
    "auth-key",
    "auth-key-v3",
    "hmac-auth",
    "hmac-auth-sha256",
    "moxie",
    "mac",
    "mac-draft",
    "basic",
];

fn quickstart(directory: &Path) -> Run {
    let directory = directory.to_str().expect("text");
    countersign(["quickstart", "--listen", "127.0.0.1:0", "--dir", directory])
}

/// The files in `directory`, by name.
fn files(directory: &Path) -> Vec<(String, Vec<u8>, u32)> {
    let mut found: Vec<_> = std::fs::read_dir(directory)
        .expect("it is there")
        .map(|entry| {
            let path = entry.expect("readable").path();
            let mode = path.metadata().expect("readable").permissions().mode();
            let name = path
                .file_name()
                .expect("a name")
                .to_string_lossy()
                .into_owned();
            (name, std::fs::read(&path).expect("readable"), mode & 0o777)
        })
        .collect();
    found.sort();
    found
}

#[test]
fn once_shows_every_scheme_and_ends_well_in_time() {
    let directory = Directory::new();
    let start = Instant::now();
    let ran = quickstart(&directory.path().join("data"))
        .arguments(["--once"])
        .run();
    assert!(
        start.elapsed() < Duration::from_secs(15),
        "{:?}",
        start.elapsed()
    );
    assert_eq!(ran.stderr, "");
    let shown = ran.success();
    assert!(
        shown.starts_with("listening on http://127.0.0.1:"),
        "{shown}"
    );
    assert!(
        shown.contains("24 of 24 outcomes as expected") && !shown.contains('\u{1b}'),
        "{shown}"
    );
    for scheme in SCHEMES {
        let row = format!("\n{scheme:18}✓ 200");
        assert!(shown.contains(&row), "{scheme}: {shown}");
        let command = format!("countersign curl --scheme {scheme} ");
        assert!(shown.contains(&command), "{scheme}: {shown}");
    }
    for (name, secret, _) in files(&directory.path().join("data")) {
        if name.ends_with(".secret") {
            let secret = String::from_utf8(secret).expect("text");
            assert!(!shown.contains(secret.trim_end()), "{name}");
        }
    }
}

#[test]
fn credentials_are_private_random_and_used_again() {
    let directory = Directory::new();
    let data = directory.path().join("data");
    quickstart(&data).arguments(["--once"]).run().success();
    let made = files(&data);
    assert_eq!(made.len(), SCHEMES.len() + 3, "{made:?}");
    assert!(made.iter().all(|(_, _, mode)| *mode == 0o600), "{made:?}");
    let is_secret = |(name, ..): &&(String, Vec<u8>, u32)| name.ends_with(".secret");
    let secrets: Vec<_> = made.iter().filter(is_secret).collect();
    let different: std::collections::HashSet<_> = secrets.iter().map(|it| &it.1).collect();
    assert_eq!(different.len(), SCHEMES.len(), "no two are the same");
    for (name, bytes, _) in &made {
        if name != "creds.db.master-key" && !name.ends_with(".secret") {
            let secret = |(_, secret, _): &&&(String, Vec<u8>, u32)| {
                let secret = secret.trim_ascii_end();
                bytes.windows(secret.len()).any(|part| part == secret)
            };
            assert!(
                !secrets.iter().any(|it| secret(&it)),
                "a secret is in {name}"
            );
        }
    }

    std::fs::write(data.join("of the user"), "kept").unwrap();
    quickstart(&data).arguments(["--once"]).run().success();
    let after = files(&data);
    assert!(secrets.iter().all(|file| after.contains(file)));
    assert_eq!(after.len(), made.len() + 1);
}

#[test]
fn json_has_every_outcome() {
    let directory = Directory::new();
    let output = quickstart(directory.path())
        .arguments(["--once", "--json"])
        .run()
        .success();
    let shown: Value = serde_json::from_str(&output).unwrap();
    let results = shown["results"].as_array().unwrap();
    assert_eq!(results.len(), SCHEMES.len() * 3);
    assert!(
        results.iter().all(|result| result["expected"] == true),
        "{shown}"
    );
    let replayed = results
        .iter()
        .filter(|result| result["code"] == "nonce_replayed");
    assert_eq!(replayed.count(), SCHEMES.len() - 1, "all but basic");
}

#[test]
fn the_printed_commands_work_when_pasted() {
    let directory = Directory::new();
    let mut server = quickstart(directory.path()).serve();
    let shown = server.stdout_until("countersign curl --scheme basic");
    let program = Path::new(env!("CARGO_BIN_EXE_countersign"));
    let here = program.parent().expect("a directory").display();
    let path = std::env::var("PATH").unwrap_or_default();
    let shell = |line: &str| {
        let output = Command::new("sh")
            .args(["-c", line])
            .env("PATH", format!("{here}:{path}"))
            .output()
            .expect("sh runs");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.code(), text, errors)
    };
    let (mut own, mut plain) = (0, 0);
    for line in shown.lines() {
        if line.starts_with("countersign curl ") {
            own += 1;
            let (status, body, errors) = shell(line);
            assert_eq!(status, Some(0), "{line}: {body} {errors}");
            assert!(body.contains("\"body_bytes\":16"), "{line}: {body}");
        } else if line.starts_with("curl ") {
            plain += 1;
            let (status, answer, errors) = shell(line);
            assert_eq!(status, Some(0), "curl is needed for this test: {errors}");
            assert!(answer.starts_with("HTTP/1.1 200"), "{line}: {answer}");
        }
    }
    assert_eq!((own, plain), (SCHEMES.len(), SCHEMES.len() - 1));
    server.signal("INT");
    assert_eq!(server.wait().0, 0);
}

#[test]
fn a_secret_file_that_is_missing_is_written_again() {
    let directory = Directory::new();
    let once = || quickstart(directory.path()).arguments(["--once"]).run();
    once().success();
    let path = directory.path().join("mac.secret");
    let before = std::fs::read(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    once().success();
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn a_directory_without_its_master_key_is_left_alone() {
    let directory = Directory::new();
    let once = || quickstart(directory.path()).arguments(["--once"]).run();
    once().success();
    std::fs::remove_file(directory.path().join("creds.db.master-key")).unwrap();
    let before = files(directory.path());
    let ran = once();
    assert_eq!(ran.status, 1);
    let sentence = ran.sentence();
    assert!(sentence.contains("creds.db.master-key"), "{sentence}");
    assert_eq!(files(directory.path()), before);
}

#[test]
fn an_outcome_that_is_not_the_expected_one_fails() {
    let directory = Directory::new();
    let once = || quickstart(directory.path()).arguments(["--once"]).run();
    once().success();
    let database = directory.path().join("creds.db");
    let store = format!("sqlite:{}", database.display());
    let mut key_server = countersign([
        "key-server",
        "--listen",
        "127.0.0.1:0",
        "--key-store",
        &store,
    ])
    .serve();
    let curl = |arguments: &[&str]| {
        let output = Command::new("curl").arg("-sS").args(arguments).output();
        let output = output.expect("curl is installed");
        assert!(output.status.success(), "{output:?}");
        serde_json::from_slice::<Value>(&output.stdout).expect("JSON")
    };
    let url = format!("{}/v1.0/creds", key_server.url());
    let listed = curl(&[&format!("{url}?principal=quickstart")]);
    let listed = listed["creds"].as_array().expect("a list");
    let moxie = listed.iter().find(|it| it["moxie"].is_object());
    let id = moxie.expect("there is one")["moxie"]["api_key"].clone();
    let path = format!("{url}/{}", id.as_str().expect("text"));
    let inactive = r#"{"state":"inactive"}"#;
    let json = "Content-Type: application/json";
    let changed = curl(&["-X", "PATCH", "-H", json, "-d", inactive, &path]);
    assert_eq!(changed["state"], "inactive");
    key_server.signal("TERM");
    assert_eq!(key_server.wait().0, 0);

    let ran = once();
    assert_eq!(ran.status, 1);
    assert!(
        ran.sentence()
            .contains("moxie good: 401 invalid_credentials"),
        "{}",
        ran.sentence()
    );
    assert!(ran.stdout.contains("✗ 401"), "{}", ran.stdout);
}
