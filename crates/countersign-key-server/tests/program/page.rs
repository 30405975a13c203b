//! The commands of the original's page, pasted.

use serde_json::Value;

use crate::ANY_PORT;
use crate::http::{id_of, shell};
use crate::run::{Server, key_server};

/// What the page's `curl` line prints, asked of `server` in place of the default port.
#[track_caller]
fn paste(server: &Server, line: &str) -> String {
    shell(&line.replace("http://127.0.0.1:8070", server.url()))
}

#[track_caller]
fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn the_pages_commands_work_as_they_stand_on_a_server_with_no_options() {
    let folder = tempfile::tempdir().unwrap();
    let server = key_server(folder.path(), ANY_PORT).serve();
    let created = json(&paste(
        &server,
        r#"curl \
  -s \
  -X POST \
  -H "Content-Type: application/json; charset=utf8" \
  -d "{\"principal\":\"dave@example.com\", \"auth_scheme\":\"mac\"}" \
  http://127.0.0.1:8070/v1.0/creds"#,
    ));
    assert_eq!(created["principal"], "dave@example.com");
    assert_eq!(created["is_deleted"], false);
    assert_eq!(created["mac"]["mac_algorithm"], "hmac-sha-1");
    assert_eq!(created["mac"]["mac_key"].as_str().unwrap().len(), 43);
    let id = created["mac"]["mac_key_identifier"].as_str().unwrap();
    assert_eq!(id, id_of(&created));

    let one = format!("curl -s http://127.0.0.1:8070/v1.0/creds/{id}");
    assert_eq!(json(&paste(&server, &one))["mac"], created["mac"]);

    let of_dave = "curl http://127.0.0.1:8070/v1.0/creds/?principal=dave@example.com";
    let listed = json(&paste(&server, of_dave));
    assert_eq!(listed["creds"].as_array().unwrap().len(), 1);
    assert_eq!(listed["creds"][0]["mac"], created["mac"]);

    let delete = format!("curl -X DELETE http://127.0.0.1:8070/v1.0/creds/{id}");
    assert_eq!(paste(&server, &delete), "");
    let status = format!("{one} -o /dev/null -w '%{{http_code}}'");
    assert_eq!(paste(&server, &status), "404");
    assert_eq!(
        json(&paste(&server, of_dave))["creds"],
        Value::Array(vec![])
    );

    let all = "curl http://127.0.0.1:8070/v1.0/creds/?deleted=true";
    let all = json(&paste(&server, all));
    assert_eq!(all["creds"].as_array().unwrap().len(), 1);
    assert_eq!(all["creds"][0]["is_deleted"], true);
    assert_eq!(id_of(&all["creds"][0]), id);
}
