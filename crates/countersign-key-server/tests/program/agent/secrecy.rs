//! What agents keep secret, and that it ends up nowhere.

use std::fmt::Write as _;
use std::fs;
use std::net::SocketAddr;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use serde_json::json;

use super::{Agent, PASSWORD, key_password};
use crate::ANY_PORT;
use crate::couch_server::{CouchServer, Keeping};
use crate::http::{Client, create_body};
use crate::postgres_server::PostgresServer;
use crate::run::{Run, key_server};

/// Does everything that agents do, well and badly; whatever of it nobody else may know.
fn busy(address: SocketAddr, token: &str) -> Vec<String> {
    let mut client = Client::connect(address).unwrap().token(token);
    let made = client.send("POST", "/v1.0/creds", &create_body("dave", "agent"));
    let issued = made.unwrap().json()["agent"].clone();
    let created = Agent::new(address).created(&issued);
    let again = created.post("Account/Create", &json!({"password": PASSWORD}));
    assert_eq!(again.status, 400, "{again:?}");
    let alice = created.clone().logged_in();
    let mut secrets = vec![
        PASSWORD.to_owned(),
        issued["secret"].as_str().unwrap().to_owned(),
        created.jwt.clone(),
        alice.jwt.clone(),
    ];
    for (local_name, id) in [
        ("ed25519", "e"),
        ("ed448", "f"),
        ("x25519", "x"),
        ("rsa", "r"),
    ] {
        alice.make_key(local_name, id);
        secrets.push(key_password(id));
        secrets.push(Agent::key_signature(local_name, id));
        if local_name == "x25519" {
            secrets.push(alice.shared_secret(local_name, id));
        } else {
            alice.sign(local_name, id);
        }
        let duplicate = alice.post("Crypto/CreateKey", &Agent::key_body(local_name, id));
        assert!(duplicate.body.starts_with("key_exists"), "{duplicate:?}");
    }
    // Whatever is secret may come back where it should not have been sent.
    let mut wrong = Agent::key_body("ed25519", "w");
    wrong["requestSignature"] = wrong["keySignature"].clone();
    let refused = alice.post("Crypto/CreateKey", &wrong);
    assert!(refused.body.starts_with("wrong_signature"), "{refused:?}");
    secrets.push(wrong["keySignature"].as_str().unwrap().to_owned());
    for secret in secrets.clone() {
        alice.post(
            "Account/Login",
            &json!({ &secret: secret, "nonce": secret }),
        );
        let stranger = Agent {
            jwt: secret.replace(' ', "_"),
            ..alice.clone()
        };
        stranger.post("Crypto/GetAlgorithms", &json!({}));
    }
    let refreshed = alice.ok("Account/Refresh", &json!({"seconds": 60}));
    let refreshed = alice.with_session(&refreshed);
    secrets.push(refreshed.jwt.clone());
    refreshed.ok("Account/Logout", &json!({}));
    secrets
}

/// How a secret may be written down: as it is, and in other digits.
fn spellings(secret: &str) -> Vec<Vec<u8>> {
    let mut all = vec![secret.as_bytes().to_vec()];
    let decoded = STANDARD.decode(secret).or(URL_SAFE_NO_PAD.decode(secret));
    all.extend(decoded.ok().filter(|it| it.len() >= 16));
    let mut spelled = all.clone();
    for bytes in all {
        let hexadecimal = bytes.iter().fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02x}").unwrap();
            text
        });
        for text in [
            STANDARD.encode(&bytes),
            STANDARD_NO_PAD.encode(&bytes),
            URL_SAFE.encode(&bytes),
            URL_SAFE_NO_PAD.encode(&bytes),
            hexadecimal.to_uppercase(),
            hexadecimal,
        ] {
            spelled.push(text.into_bytes());
        }
    }
    spelled
}

fn holds(all: &[u8], part: &[u8]) -> bool {
    all.windows(part.len()).any(|window| window == part)
}

#[track_caller]
fn show_no(secrets: &[String], dumps: &[(String, Vec<u8>)]) {
    for secret in secrets {
        for spelling in spellings(secret) {
            for (name, bytes) in dumps {
                let text = String::from_utf8_lossy(&spelling);
                assert!(!holds(bytes, &spelling), "{text} is in {name}");
            }
        }
    }
}

/// A server in `folder` that logs all it can, and what is to be kept secret after a busy run of
/// it; what it said is added to `dumps`.
fn run_busily(run: Run, token: &str, dumps: &mut Vec<(String, Vec<u8>)>) -> Vec<String> {
    let server = run.serve();
    let secrets = busy(server.address(), token);
    let ran = server.stop();
    dumps.push(("standard output".to_owned(), ran.stdout.into_bytes()));
    dumps.push(("standard error".to_owned(), ran.stderr.into_bytes()));
    secrets
}

const LOGGING: [&str; 3] = ["--log=trace", "--audit-log=audit", "--logfile=log"];

/// The files of a folder.
fn files(folder: &std::path::Path) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(folder).unwrap().map(|it| it.unwrap().path());
    entries
        .map(|path| (path.display().to_string(), fs::read(&path).unwrap()))
        .collect()
}

#[test]
fn no_secret_of_an_agent_is_in_any_output_or_file_after_a_busy_run() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let create = ["token", "create", "--scope", "admin"];
    let token = key_server(folder, create).run().success().trim().to_owned();
    let mut dumps = Vec::new();
    let run = key_server(folder, ANY_PORT.iter().chain(&LOGGING));
    let mut secrets = run_busily(run, &token, &mut dumps);
    secrets.push(token);
    key_server(folder, ["backup", "backup"]).run().success();
    dumps.extend(files(folder));
    for name in ["creds.db", "audit", "log", "backup"] {
        assert!(dumps.iter().any(|it| it.0.ends_with(name)), "{name}");
    }
    // What is looked through is what the run has left.
    for word in ["alice", "agent_create_key", "wrong_signature"] {
        let found = dumps.iter().any(|(_, bytes)| holds(bytes, word.as_bytes()));
        assert!(found, "{word}");
    }
    show_no(&secrets, &dumps);
}

/// As above, over another store; what `dump` then finds in it.
fn nothing_secret_is_kept_at(url: &str, dump: impl Fn() -> Vec<u8>) {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let with = |arguments: &[&str]| {
        let key = ["--master-key-file", "key"];
        let all = arguments.iter().chain(&key);
        key_server(folder, all).variable("COUNTERSIGN_KEY_STORE", url)
    };
    let token = with(&["token", "create", "--scope", "admin"])
        .run()
        .success();
    let token = token.trim();
    let mut dumps = Vec::new();
    let run = with(&[&ANY_PORT[..], &LOGGING].concat());
    let mut secrets = run_busily(run, token, &mut dumps);
    secrets.push(token.to_owned());
    dumps.extend(files(folder));
    let dump = dump();
    assert!(holds(&dump, b"alice") || holds(&dump, b"616c696365"));
    assert!(holds(&dump, b"agent-key"));
    dumps.push(("the store".to_owned(), dump));
    show_no(&secrets, &dumps);
}

#[test]
#[ignore = "needs PostgreSQL, which cargo xtask test installs"]
fn no_secret_of_an_agent_is_in_postgresql() {
    let server = PostgresServer::start();
    let database = server.create_database();
    nothing_secret_is_kept_at(&server.url(&database), || {
        let list = "SELECT table_name FROM information_schema.tables WHERE table_schema = \
                    'public' AND table_type = 'BASE TABLE'";
        let mut all = String::new();
        for table in server.sql(&database, list).lines() {
            // Bytes are shown in hexadecimal.
            all += &server.sql(&database, &format!("SELECT t::text FROM \"{table}\" t"));
        }
        all.into_bytes()
    });
}

#[test]
#[ignore = "needs pouchdb-server, which cargo xtask test installs"]
fn no_secret_of_an_agent_is_in_couchdb() {
    let server = CouchServer::start(Keeping::InMemory);
    nothing_secret_is_kept_at(&server.url("creds"), || {
        let (status, text) = server.request("GET", "/creds/_all_docs?include_docs=true", "");
        assert_eq!(status, 200, "{text}");
        let mut all = text.into_bytes();
        let text = String::from_utf8_lossy(&all).into_owned();
        // Bytes are shown in base64, in which what is within them is not to be seen.
        for value in text.split('"') {
            let decoded = STANDARD.decode(value).or(URL_SAFE_NO_PAD.decode(value));
            all.extend(decoded.unwrap_or_default());
        }
        all
    });
}
