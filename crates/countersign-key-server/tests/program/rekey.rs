//! Re-keying.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use countersign_key_server::maintenance::open_keyring;
use countersign_key_server::seal::MasterKey;
use countersign_key_server::store::CredentialStore as _;
use countersign_key_server::store::sqlite::SqliteStore;
use serde_json::Value;

use crate::ANY_PORT;
use crate::agent::Agent;
use crate::http::{Client, create_body, id_of};
use crate::run::{Server, key_server};

const OLD: &str = "creds.db.master-key";
const NEW: &str = "new.master-key";

/// How many credentials there are: enough that sealing them anew can be interrupted.
const CREDENTIALS: usize = 400;

fn serve(folder: &Path, key: &str) -> Server {
    let key = ["--master-key-file", key];
    key_server(folder, ANY_PORT.iter().chain(&key)).serve()
}

/// All secrets, by id.
fn filled(folder: &Path) -> BTreeMap<String, String> {
    let server = serve(folder, OLD);
    let secrets = Mutex::new(BTreeMap::new());
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let mut client = Client::connect(server.address()).unwrap();
                for n in 0..CREDENTIALS / 8 {
                    let body = create_body("dave", ["mac", "agent"][n % 2]);
                    let made = client.send("POST", "/v1.0/creds", &body);
                    let made = made.unwrap().json();
                    let secret = secret_of(&made).to_owned();
                    secrets.lock().unwrap().insert(id_of(&made), secret);
                }
            });
        }
    });
    assert_eq!(server.stop().status, Some(0));
    secrets.into_inner().unwrap()
}

#[track_caller]
fn secret_of(credential: &Value) -> &str {
    let secret = [
        &credential["mac"]["mac_key"],
        &credential["agent"]["secret"],
    ];
    secret.into_iter().find_map(Value::as_str).unwrap()
}

#[track_caller]
fn check(server: &Server, secrets: &BTreeMap<String, String>) {
    let mut client = Client::connect(server.address()).unwrap();
    for (id, secret) in secrets {
        let found = client
            .send("GET", &format!("/v1.0/creds/{id}"), "")
            .unwrap();
        assert_eq!(found.status, 200, "{found:?}");
        assert_eq!(secret_of(&found.json()), secret);
    }
}

/// Whether the store is under the master key in the file `key`.
fn opens(folder: &Path, key: &str) -> bool {
    let Ok(master) = MasterKey::read(&folder.join(key)) else {
        return false;
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let store = SqliteStore::open(folder.join("creds.db")).unwrap();
        let opened = open_keyring(&store, &master).await;
        store.close().await;
        opened.is_ok()
    })
}

#[test]
fn after_rekeying_the_old_master_key_is_refused_and_the_new_one_reads_everything() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let secrets = filled(folder);
    let ran = key_server(folder, ["rekey", "--new-master-key-file", NEW]).run();
    assert_eq!(ran.status, Some(0), "{ran:?}");
    assert!(
        ran.stderr
            .contains(&format!("{CREDENTIALS} secrets were sealed anew")),
        "{ran:?}"
    );
    let refused = key_server(folder, ANY_PORT).run().failure(1);
    assert!(refused.contains("does not open"), "{refused}");
    check(&serve(folder, NEW), &secrets);
}

#[test]
fn an_interrupted_rekeying_goes_on_with_either_master_key_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let secrets = filled(folder);
    let mut interrupted = 0;
    for round in 0..24 {
        let opening = [OLD, NEW]
            .into_iter()
            .find(|key| opens(folder, key))
            .unwrap();
        // The old key goes on as well, where the new one opens the store already.
        let given = if round % 2 == 0 { OLD } else { opening };
        let arguments = [
            "rekey",
            "--master-key-file",
            given,
            "--new-master-key-file",
            NEW,
        ];
        let mut child = key_server(folder, arguments).spawn();
        thread::sleep(Duration::from_millis(4 * round));
        child.kill().unwrap();
        let status = child.wait().unwrap();
        if status.success() {
            break;
        }
        assert_eq!(
            status.code(),
            None,
            "it failed by itself: {:?}",
            child.wait_with_output()
        );
        interrupted += 1;
        if round % 6 == 5 {
            let opening = [OLD, NEW]
                .into_iter()
                .find(|key| opens(folder, key))
                .unwrap();
            check(&serve(folder, opening), &secrets);
        }
    }
    assert!(interrupted > 3, "{interrupted}");
    let ran = key_server(folder, ["rekey", "--new-master-key-file", NEW]).run();
    assert_eq!(ran.status, Some(0), "{ran:?}");
    let again = key_server(folder, ["rekey", "--new-master-key-file", NEW]).run();
    assert!(
        again
            .stderr
            .contains(&format!("0 secrets were sealed anew, {CREDENTIALS} were")),
        "{again:?}"
    );
    check(&serve(folder, NEW), &secrets);
}

#[test]
fn a_server_with_the_old_key_loses_nothing_while_the_store_is_rekeyed() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut secrets = filled(folder);
    let server = serve(folder, OLD);
    key_server(folder, ["rekey", "--new-master-key-file", NEW])
        .run()
        .success();
    let mut client = Client::connect(server.address()).unwrap();
    let id = secrets.keys().next().unwrap();
    let unreadable = client
        .send("GET", &format!("/v1.0/creds/{id}"), "")
        .unwrap();
    assert_eq!(unreadable.status, 503, "{unreadable:?}");
    let made = client
        .send("POST", "/v1.0/creds", &create_body("dave", "mac"))
        .unwrap();
    assert_eq!(made.status, 201, "{made:?}");
    let made = made.json();
    secrets.insert(
        id_of(&made),
        made["mac"]["mac_key"].as_str().unwrap().to_owned(),
    );
    drop(server);
    let server = serve(folder, NEW);
    check(&server, &secrets);
    let again = key_server(folder, ["rekey", "--new-master-key-file", NEW]).run();
    assert!(
        again.stderr.contains("1 secrets were sealed anew"),
        "{again:?}"
    );
    check(&server, &secrets);
}

#[test]
fn an_agent_keeps_account_session_and_key_through_a_rekeying() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let server = serve(folder, OLD);
    let alice = Agent::new(server.address()).issued(None);
    let made = Agent::key_body("ed25519", "first");
    assert_eq!(alice.post("Crypto/CreateKey", &made).status, 200);
    let (public, signature) = (alice.public_key("first"), alice.sign("ed25519", "first"));
    assert_eq!(server.stop().status, Some(0));
    key_server(folder, ["rekey", "--new-master-key-file", NEW])
        .run()
        .success();
    let server = serve(folder, NEW);
    let alice = alice.at(server.address());
    assert_eq!(alice.public_key("first"), public);
    assert_eq!(alice.sign("ed25519", "first"), signature);
    let again = alice.post("Crypto/CreateKey", &made);
    assert!(again.body.starts_with("nonce_reused"), "{again:?}");
    alice.logged_in().make_key("ed25519", "second");
}

#[test]
fn a_wrong_master_key_makes_no_new_one() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    filled(folder);
    let other = tempfile::tempdir().unwrap();
    serve(other.path(), OLD).kill();
    let foreign = other.path().join(OLD);
    let arguments = ["rekey", "--new-master-key-file", NEW, "--master-key-file"];
    let foreign = foreign.to_str().unwrap();
    let said = key_server(folder, arguments.iter().chain(&[foreign]))
        .run()
        .failure(1);
    assert!(said.contains("does not open"), "{said}");
    assert!(!folder.join(NEW).exists());
    let said = key_server(folder, ["rekey", "--new-master-key-file", "/nowhere/key"])
        .run()
        .failure(1);
    assert!(said.contains("/nowhere/key"), "{said}");
    fs::remove_file(folder.join(OLD)).unwrap();
    let said = key_server(folder, &arguments[..3]).run().failure(1);
    assert!(said.contains(OLD) && !folder.join(NEW).exists(), "{said}");
}
