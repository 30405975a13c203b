//! Backup and restore.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::Value;

use crate::ANY_PORT;
use crate::agent::Agent;
use crate::couch_server::{CouchServer, Keeping};
use crate::http::{Client, create_body, id_of};
use crate::postgres_server::PostgresServer;
use crate::run::{Ran, Run, key_server};

const SCHEMES: [&str; 6] = ["basic", "mac", "auth-key", "hmac-auth", "moxie", "agent"];

/// A folder with a store in which there is something of everything, and its admin's token.
fn lived_in() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let create = ["token", "create", "--scope", "admin"];
    let token = key_server(folder.path(), create).run().success();
    let server = key_server(folder.path(), ANY_PORT).serve();
    let mut client = Client::connect(server.address()).unwrap().token(&token);
    let mut send = |method: &str, path: &str, body: &str| {
        let answer = client.send(method, path, body).unwrap();
        assert!(answer.status < 300, "{answer:?}");
        answer
    };
    let mut agent = None;
    for scheme in SCHEMES {
        for principal in ["dave", "d\u{e9}jà vu", "gone"] {
            let made = send("POST", "/v1.0/creds", &create_body(principal, scheme)).json();
            let path = format!("/v1.0/creds/{}", id_of(&made));
            match principal {
                "gone" => drop(send("DELETE", &path, "")),
                "dave" => {
                    send("PATCH", &path, r#"{"expires_at":"2099-01-01T00:00:00Z"}"#);
                    send(
                        "POST",
                        &format!("{path}/rotate"),
                        r#"{"overlap_seconds":60}"#,
                    );
                }
                _ if scheme == "agent" => agent = Some(made["agent"].clone()),
                _ => {}
            }
        }
    }
    let alice = Agent::new(server.address());
    let alice = alice.created(&agent.expect("it was created"));
    alice.make_key("ed25519", "first");
    assert_eq!(server.stop().status, Some(0));
    (folder, token)
}

/// What a server answers about everything, links aside, in the order in which it lists it.
fn answers(address: SocketAddr, token: &str) -> Vec<(String, Value)> {
    let mut client = Client::connect(address).unwrap().token(token);
    let all = client
        .send("GET", "/v1.0/creds/?deleted=true&limit=1000", "")
        .unwrap();
    assert_eq!(all.status, 200, "{all:?}");
    let all = all.json();
    let mut answers = Vec::new();
    for listed in all["creds"].as_array().unwrap() {
        let id = id_of(listed);
        let path = format!("/v1.0/creds/{id}?deleted=true");
        let mut one = client.send("GET", &path, "").unwrap().json();
        let one = one.as_object_mut().unwrap();
        one.remove("links");
        one.remove("last_used_at");
        answers.push((id, Value::Object(one.clone())));
    }
    assert_eq!(answers.len(), 4 * SCHEMES.len());
    let alice = Agent::new(address).logged_in();
    answers.push(("key".to_owned(), alice.public_key("first")));
    answers.push(("signature".to_owned(), alice.sign("ed25519", "first")));
    answers
}

fn backed_up(folder: &Path) -> String {
    let path = folder.join("backup");
    let path = path.to_str().unwrap().to_owned();
    let ran = key_server(folder, ["backup", &path]).run();
    assert_eq!(ran.status, Some(0), "{ran:?}");
    assert!(
        ran.stderr.contains("24 credentials and 1 tokens"),
        "{ran:?}"
    );
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    path
}

#[test]
fn a_backup_gives_a_new_store_the_same_answers() {
    let (old, token) = lived_in();
    let backup = backed_up(old.path());
    let new = tempfile::tempdir().unwrap();
    let said = key_server(new.path(), ["restore", &backup]).run();
    assert_eq!(said.status, Some(0), "{said:?}");
    assert!(said.stderr.contains("creds.db.master-key"), "{said:?}");
    let refused = key_server(new.path(), ANY_PORT).run().failure(1);
    assert!(refused.contains("restore that file"), "{refused}");
    let key = "creds.db.master-key";
    fs::copy(old.path().join(key), new.path().join(key)).unwrap();
    let [before, after] = [&old, &new].map(|folder| {
        let server = key_server(folder.path(), ANY_PORT).serve();
        answers(server.address(), &token)
    });
    assert_eq!(before, after);
}

#[test]
fn a_backup_of_a_store_in_use_is_whole() {
    let (old, token) = lived_in();
    let server = key_server(old.path(), ANY_PORT).serve();
    let backup = backed_up(old.path());
    let before = answers(server.address(), &token);
    let new = tempfile::tempdir().unwrap();
    let key = old.path().join("creds.db.master-key");
    let restore = [
        "restore",
        &backup,
        "--master-key-file",
        key.to_str().unwrap(),
    ];
    key_server(new.path(), restore).run().success();
    let serve = ANY_PORT.iter().copied().chain(restore[2..].iter().copied());
    let restored = key_server(new.path(), serve).serve();
    assert_eq!(answers(restored.address(), &token), before);
}

#[test]
fn a_cut_or_changed_backup_is_refused_and_nothing_is_restored() {
    let (old, _) = lived_in();
    let backup = backed_up(old.path());
    let whole = fs::read(&backup).unwrap();
    let mut changed = whole.clone();
    changed[whole.len() / 2] ^= 1;
    for bad in [
        &whole[..whole.len() / 2],
        &whole[..whole.len() - 1],
        &changed,
        b"",
    ] {
        fs::write(&backup, bad).unwrap();
        let new = tempfile::tempdir().unwrap();
        let said = key_server(new.path(), ["restore", &backup])
            .run()
            .failure(1);
        assert!(said.contains("refused") && said.contains("line"), "{said}");
        let server = key_server(new.path(), ANY_PORT).serve();
        let mut client = Client::connect(server.address()).unwrap();
        let all = client.send("GET", "/v1.0/creds/?deleted=true", "").unwrap();
        assert_eq!(all.json()["creds"], Value::Array(vec![]));
    }
}

#[test]
fn a_store_that_is_in_use_is_not_restored_into() {
    let (old, _) = lived_in();
    let (other, token) = lived_in();
    let backup = backed_up(old.path());
    let key = old.path().join("creds.db.master-key");
    let with_its_key = [
        "restore",
        &backup,
        "--master-key-file",
        key.to_str().unwrap(),
    ];
    for (arguments, word) in [
        (
            &["restore", &backup][..],
            "the master key does not open this backup",
        ),
        (&with_its_key, "not empty"),
    ] {
        let said = key_server(other.path(), arguments).run().failure(1);
        assert!(said.contains(word), "{said}");
    }
    let server = key_server(other.path(), ANY_PORT).serve();
    answers(server.address(), &token);
}

/// Backs up the embedded store into the one at `url`, and that one into an embedded one again.
fn goes_through(url: &str) {
    let (old, token) = lived_in();
    let backup = backed_up(old.path());
    let key = old.path().join("creds.db.master-key");
    let there = |arguments: &[&str]| -> Run {
        let key = ["--master-key-file", key.to_str().unwrap()];
        key_server(old.path(), arguments.iter().chain(&key)).variable("COUNTERSIGN_KEY_STORE", url)
    };
    let ok = |ran: Ran| assert_eq!(ran.status, Some(0), "{ran:?}");
    let before = answers(key_server(old.path(), ANY_PORT).serve().address(), &token);
    ok(there(&["restore", &backup]).run());
    let server = there(&ANY_PORT).serve();
    assert_eq!(answers(server.address(), &token), before);
    let again = format!("{backup}-again");
    ok(there(&["backup", &again]).run());
    let new = tempfile::tempdir().unwrap();
    ok(key_server(new.path(), ["restore", &again]).run());
    let name = "creds.db.master-key";
    fs::copy(&key, new.path().join(name)).unwrap();
    let server = key_server(new.path(), ANY_PORT).serve();
    assert_eq!(answers(server.address(), &token), before);
}

#[test]
#[ignore = "needs PostgreSQL, which cargo xtask test installs"]
fn a_backup_goes_from_sqlite_to_postgresql_and_back() {
    let server = PostgresServer::start();
    goes_through(&server.url(&server.create_database()));
}

#[test]
#[ignore = "needs pouchdb-server, which cargo xtask test installs"]
fn a_backup_goes_from_sqlite_to_couchdb_and_back() {
    let server = CouchServer::start(Keeping::InMemory);
    goes_through(&server.url("creds"));
}
