//! Starting, and refusing to.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::ANY_PORT;
use crate::http::{create_body, id_of, send};
use crate::run::key_server;

/// The names, modes and contents of all files in `folder`.
fn contents(folder: &Path) -> Vec<(String, u32, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
            let name = entry.file_name().into_string().unwrap();
            (name, mode, fs::read(entry.path()).unwrap())
        })
        .collect();
    files.sort();
    files
}

/// A folder in which a server has lived, with one credential of this id.
fn lived_in() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let server = key_server(folder.path(), ANY_PORT).serve();
    let made = send(
        server.address(),
        "POST",
        "/v1.0/creds",
        &create_body("dave", "mac"),
    );
    assert_eq!(made.status, 201);
    let id = id_of(&made.json());
    assert_eq!(server.stop().status, Some(0));
    (folder, id)
}

#[test]
fn an_empty_folder_is_enough_and_its_files_are_the_owners_alone() {
    let folder = tempfile::tempdir().unwrap();
    let server = key_server(folder.path(), ANY_PORT).serve();
    let made = send(
        server.address(),
        "POST",
        "/v1.0/creds",
        &create_body("dave", "mac"),
    );
    assert_eq!(made.status, 201);
    let files = contents(folder.path());
    for name in ["creds.db", "creds.db.master-key"] {
        assert!(files.iter().any(|file| file.0 == name), "{name}");
    }
    for (name, mode, _) in files {
        assert_eq!(mode, 0o600, "{name}");
    }
}

#[test]
fn a_restart_keeps_everything() {
    let (folder, id) = lived_in();
    let ask = || {
        let server = key_server(folder.path(), ANY_PORT).serve();
        let found = send(server.address(), "GET", &format!("/v1.0/creds/{id}"), "");
        assert_eq!(found.status, 200, "{found:?}");
        assert_eq!(server.stop().status, Some(0));
        found.json()["mac"]["mac_key"].clone()
    };
    let first = ask();
    assert_eq!(first.as_str().unwrap().len(), 43);
    assert_eq!(ask(), first);
}

#[test]
fn bad_222_a_wrong_master_key_refuses_to_start_and_changes_nothing() {
    let (folder, _) = lived_in();
    let (_other, foreign) = {
        let (other, _) = lived_in();
        let foreign = other.path().join("creds.db.master-key");
        (other, foreign)
    };
    let before = contents(folder.path());
    let said = key_server(folder.path(), ANY_PORT)
        .variable("COUNTERSIGN_MASTER_KEY_FILE", foreign.to_str().unwrap())
        .run()
        .failure(1);
    assert!(
        said.contains("the master key does not open this store"),
        "{said}"
    );
    assert!(said.contains(foreign.to_str().unwrap()), "{said}");
    assert_eq!(contents(folder.path()), before);
}

#[test]
fn a_lost_master_key_refuses_to_start_and_is_never_replaced() {
    let (folder, _) = lived_in();
    fs::remove_file(folder.path().join("creds.db.master-key")).unwrap();
    let before = contents(folder.path());
    let said = key_server(folder.path(), ANY_PORT).run().failure(1);
    assert!(
        said.contains("creds.db.master-key") && said.contains("restore that file"),
        "{said}"
    );
    assert_eq!(contents(folder.path()), before);
}

#[test]
fn a_master_key_that_others_can_read_refuses_to_start() {
    let (folder, _) = lived_in();
    let path = folder.path().join("creds.db.master-key");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let said = key_server(folder.path(), ANY_PORT).run().failure(1);
    assert!(said.contains("chmod 600"), "{said}");
}

#[test]
fn a_half_written_database_refuses_to_start_and_changes_nothing() {
    let (folder, _) = lived_in();
    let path = folder.path().join("creds.db");
    let whole = fs::read(&path).unwrap();
    for half in [
        &whole[..whole.len() / 2],
        &[b"not a database ".as_slice(); 99].concat(),
    ] {
        fs::write(&path, half).unwrap();
        let said = key_server(folder.path(), ANY_PORT).run().failure(1);
        assert!(said.contains("creds.db"), "{said}");
        assert_eq!(fs::read(&path).unwrap(), half);
    }
}

#[test]
fn a_place_that_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o555)).unwrap();
    let mut run = key_server(folder.path(), ANY_PORT);
    // Root writes everywhere.
    if Command::new("id").arg("-u").output().unwrap().stdout == b"0\n" {
        run = run.user(65534);
    }
    let said = run.run().failure(1);
    assert!(said.contains("creds.db"), "{said}");
    let said = key_server(folder.path(), ["--key-store", "sqlite:/nowhere/creds.db"])
        .run()
        .failure(1);
    assert!(said.contains("/nowhere/creds.db"), "{said}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_first_start_that_was_cut_off_at_any_moment_is_finished_by_the_next() {
    let folder = tempfile::tempdir().unwrap();
    for round in 0..40 {
        let folder = folder.path().join(round.to_string());
        fs::create_dir(&folder).unwrap();
        let mut child = key_server(&folder, ANY_PORT).spawn();
        std::thread::sleep(Duration::from_micros(500 * round));
        child.kill().unwrap();
        child.wait().unwrap();
        let server = key_server(&folder, ANY_PORT).serve();
        let made = send(
            server.address(),
            "POST",
            "/v1.0/creds",
            &create_body("dave", "mac"),
        );
        assert_eq!(made.status, 201, "{round}: {made:?}");
    }
}

#[test]
fn a_port_that_is_taken_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let said = key_server(folder.path(), ["--listen", &address])
        .run()
        .failure(1);
    assert!(
        said.contains(&address) && said.contains("--listen"),
        "{said}"
    );
}

#[test]
fn bad_199_other_machines_are_let_in_by_tls_and_tokens_only() {
    let folder = tempfile::tempdir().unwrap();
    let said = key_server(folder.path(), ["--listen", "0.0.0.0:0"])
        .run()
        .failure(2);
    assert!(
        said.contains("--tls-cert") && said.contains("--behind-tls-proxy"),
        "{said}"
    );
    let open = ["--listen", "0.0.0.0:0", "--behind-tls-proxy"];
    let said = key_server(folder.path(), open).run().failure(1);
    assert!(
        said.contains("no API token") && said.contains("token create"),
        "{said}"
    );
    let create = ["token", "create", "--scope", "admin"];
    key_server(folder.path(), create).run().success();
    let server = key_server(folder.path(), open).serve();
    let port = server.address().port();
    let refused = send(([127, 0, 0, 1], port).into(), "GET", "/v1.0/creds/a", "");
    assert_eq!(refused.status, 401, "{refused:?}");
}

#[test]
fn a_store_without_tokens_on_loopback_is_open_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let server = key_server(folder.path(), ANY_PORT).serve();
    let open = send(server.address(), "GET", "/v1.0/creds/?deleted=true", "");
    assert_eq!(open.status, 200);
    let said = server.stop().stderr;
    assert!(said.contains("there is no API token"), "{said}");
}

#[test]
fn behind_a_proxy_on_loopback_nobody_is_let_in_without_a_token() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["--listen", "127.0.0.1:0", "--behind-tls-proxy"];
    let server = key_server(folder.path(), arguments).serve();
    let refused = send(server.address(), "GET", "/v1.0/creds/?deleted=true", "");
    assert_eq!(refused.status, 401);
    assert!(server.stop().stderr.contains("nobody is let in"));
}

#[test]
fn a_store_that_is_not_reachable_is_named_without_its_password() {
    let folder = tempfile::tempdir().unwrap();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    for store in [
        format!("postgres://u:hunter2@127.0.0.1:{port}/creds"),
        format!("couchdb://u:hunter2@127.0.0.1:{port}/creds"),
    ] {
        let said = key_server(folder.path(), ["--master-key-file", "key"])
            .variable("COUNTERSIGN_KEY_STORE", &store)
            .run()
            .failure(1);
        let address = format!("127.0.0.1:{port}");
        assert!(
            said.contains(&address) && !said.contains("hunter2"),
            "{said}"
        );
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn other_stores_than_the_embedded_one_need_to_be_told_of_the_master_key() {
    let folder = tempfile::tempdir().unwrap();
    let store = ["--key-store", "postgres://u@127.0.0.1:1/creds"];
    let said = key_server(folder.path(), store).run().failure(2);
    assert!(said.contains("--master-key-file"), "{said}");
}
