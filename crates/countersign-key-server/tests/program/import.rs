//! Taking over the original's database.

use serde_json::json;

use crate::ANY_PORT;
use crate::couch_server::{CouchServer, Keeping};
use crate::http::send;
use crate::run::key_server;

const API_KEY: &str = "983f8dd10d3b4519a18632d8df6f998d";
const MAC_KEY: &str = "4g_Lw8gVbIrD44EuEuwl-LxflXkSVjVp_5vsotxDk-0";

#[test]
#[ignore = "needs pouchdb-server, which cargo xtask test installs"]
fn the_originals_credentials_are_served_after_the_import_and_what_was_left_is_told() {
    let original = CouchServer::start(Keeping::InMemory);
    let put = |name: &str, document: &serde_json::Value| {
        let put = original.request("PUT", &format!("/yar{name}"), &document.to_string());
        assert_eq!(put.0, 201, "{put:?}");
    };
    put("", &json!({}));
    let mac =
        json!({"mac_algorithm": "hmac-sha-1", "mac_key": MAC_KEY, "mac_key_identifier": "a55a"});
    put(
        "/a",
        &json!({"type": "creds_v1.0", "principal": "dave", "is_deleted": false, "mac": mac}),
    );
    let basic = json!({"api_key": API_KEY});
    put(
        "/b",
        &json!({"type": "creds_v1.0", "principal": "eve", "basic": basic}),
    );
    let folder = tempfile::tempdir().unwrap();
    let import = |from: &str| key_server(folder.path(), ["import", "--from", from]).run();
    let url = original.url("yar");
    let ran = import(&url);
    assert!(
        ran.status == Some(0) && ran.stderr.contains("created 2"),
        "{ran:?}"
    );
    // As the original's own option has it.
    let ran = import(url.trim_start_matches("couchdb://"));
    assert!(
        ran.status == Some(0) && ran.stderr.contains("already there 2"),
        "{ran:?}"
    );
    put("/c", &json!({"type": "creds_v1.0", "principal": "dave"}));
    let ran = import(&url);
    assert!(
        ran.status == Some(1) && ran.stderr.contains("left c: "),
        "{ran:?}"
    );
    assert!(
        !ran.stderr.contains(API_KEY) && !ran.stderr.contains(MAC_KEY),
        "{ran:?}"
    );

    let server = key_server(folder.path(), ANY_PORT).serve();
    let found = send(server.address(), "GET", "/v1.0/creds/a55a", "").json();
    assert_eq!(found["mac"]["mac_key"], MAC_KEY);
    let found = send(
        server.address(),
        "GET",
        &format!("/v1.0/creds/{API_KEY}"),
        "",
    )
    .json();
    assert_eq!(found["principal"], "eve");
}

#[test]
fn what_is_no_database_of_the_original_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let from = |from: &str| key_server(folder.path(), ["import", "--from", from]).run();
    assert!(from("sqlite:creds.db").failure(2).contains("couchdb://"));
    assert!(from("127.0.0.1:1/creds").failure(1).contains("127.0.0.1:1"));
}
