//! API tokens.

use std::path::Path;

use crate::ANY_PORT;
use crate::http::{Client, create_body, id_of, send, send_as};
use crate::run::{eventually, key_server};

fn create(folder: &Path, scope: &str) -> String {
    let arguments = ["token", "create", "--scope", scope, "--name", scope];
    key_server(folder, arguments)
        .run()
        .success()
        .trim()
        .to_owned()
}

fn listed(folder: &Path) -> String {
    key_server(folder, ["token", "list"]).run().success()
}

fn id_named(folder: &Path, name: &str) -> String {
    let listed = listed(folder);
    let line = listed.lines().find(|line| line.ends_with(name)).unwrap();
    line.split('\t').next().unwrap().to_owned()
}

#[test]
fn the_first_token_closes_a_running_server_and_a_revoked_one_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let server = key_server(folder, ANY_PORT).serve();
    let mut nobody = Client::connect(server.address()).unwrap();
    let made = nobody
        .send("POST", "/v1.0/creds", &create_body("dave", "mac"))
        .unwrap();
    assert_eq!(made.status, 201);
    let path = format!("/v1.0/creds/{}", id_of(&made.json()));

    let admin = create(folder, "admin");
    assert!(admin.starts_with("cst_") && admin.len() == 47, "{admin}");
    eventually("nobody is let in without a token", || {
        nobody.send("GET", &path, "").unwrap().status == 401
    });
    assert_eq!(
        send_as(server.address(), &admin, "GET", &path, "").status,
        200
    );

    let lookup = create(folder, "lookup");
    let mut looking = Client::connect(server.address()).unwrap().token(&lookup);
    eventually("the new token is taken", || {
        looking.send("GET", &path, "").unwrap().status == 200
    });
    let refused = looking.send("DELETE", &path, "").unwrap();
    assert_eq!(refused.status, 403, "{refused:?}");

    let revoke = ["token", "revoke", &id_named(folder, "lookup")];
    key_server(folder, revoke).run().success();
    eventually("the revoked token is refused", || {
        looking.send("GET", &path, "").unwrap().status == 401
    });
    assert!(listed(folder).contains("revoked"), "{}", listed(folder));
}

#[test]
fn a_token_is_printed_alone_and_is_in_no_list_and_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let ran = key_server(folder, ["token", "create", "--scope", "verify"]).run();
    assert_eq!(ran.status, Some(0));
    let token = ran.stdout.trim_end();
    assert_eq!(ran.stdout.lines().count(), 1);
    assert!(ran.stderr.contains("shown this once") && !ran.stderr.contains(token));
    assert!(!listed(folder).contains(token));
    for file in std::fs::read_dir(folder).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        let kept = bytes.windows(token.len()).any(|it| it == token.as_bytes());
        assert!(!kept);
    }
}

#[test]
fn the_options_of_the_store_may_stand_before_and_after_the_task() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let store = ["--key-store", "sqlite:other.db"];
    let create = ["token", "create", "--scope", "admin", "--name", "after"];
    key_server(folder, create.iter().chain(&store))
        .run()
        .success();
    let list = ["token", "list"];
    let before = key_server(folder, store.iter().chain(&list))
        .run()
        .success();
    let after = key_server(folder, list.iter().chain(&store))
        .run()
        .success();
    assert!(before == after && before.contains("after"), "{before}");
    let said = key_server(folder, list).run().failure(1);
    assert!(said.contains("sqlite:creds.db"), "{said}");
}

#[test]
fn a_task_in_vain_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let token = create(folder, "admin");
    let said = key_server(folder, ["token", "revoke", &token])
        .run()
        .failure(1);
    assert!(
        said.contains("no token with this id") && !said.contains(&token),
        "{said}"
    );
    let name = ["token", "create", "--scope", "admin", "--name", "a\nb"];
    let said = key_server(folder, name).run().failure(1);
    assert!(said.contains("control characters"), "{said}");
}

#[test]
fn secrets_are_for_those_who_may_read_them() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let [admin, verify] = ["admin", "verify"].map(|scope| create(folder, scope));
    let server = key_server(folder, ANY_PORT).serve();
    let made = send_as(
        server.address(),
        &admin,
        "POST",
        "/v1.0/creds",
        &create_body("dave", "mac"),
    );
    assert_eq!(made.status, 201);
    let path = format!("/v1.0/creds/{}", id_of(&made.json()));
    let seen = send_as(server.address(), &verify, "GET", &path, "");
    assert!(!seen.body.contains("mac_key\""), "{seen:?}");
    assert_eq!(send(server.address(), "GET", &path, "").status, 401);
}
