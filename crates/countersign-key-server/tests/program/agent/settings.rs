//! Whether, and under which names, agents are served.

use std::fs;
use std::net::SocketAddr;

use super::Agent;
use crate::ANY_PORT;
use crate::http::{Answer, Client, create_body, send};
use crate::run::{Run, key_server};

fn login(address: SocketAddr, host: &str) -> Answer {
    let mut client = Client::connect(address).unwrap().host(host);
    client.send("POST", "/Agent/Account/Login", "{}").unwrap()
}

#[track_caller]
fn is_text(answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.status, status, "{answer:?}");
    let head = answer.head.to_ascii_lowercase();
    assert!(head.contains("content-type: text/plain"), "{answer:?}");
    assert!(answer.body.starts_with(&format!("{code}: ")), "{answer:?}");
}

#[test]
fn the_agent_api_is_served_unless_it_is_switched_off() {
    let folder = tempfile::tempdir().unwrap();
    let server = key_server(folder.path(), ANY_PORT).serve();
    Agent::new(server.address())
        .issued(None)
        .make_key("ed448", "first");
    drop(server);
    let off = ANY_PORT.iter().chain(&["--agent-api", "off"]);
    let server = key_server(folder.path(), off).serve();
    for path in ["/Agent/Account/Login", "/Agent/Crypto/CreateKey", "/Agent/"] {
        let answer = send(server.address(), "POST", path, "{}");
        assert_eq!(answer.status, 404, "{answer:?}");
        assert_eq!(answer.json()["code"], "not_found");
    }
    let made = create_body("dave", "agent");
    let answer = send(server.address(), "POST", "/v1.0/creds", &made);
    assert_eq!(answer.status, 201, "{answer:?}");
}

#[test]
fn with_a_list_of_hosts_agents_are_served_under_these_only() {
    let folder = tempfile::tempdir().unwrap();
    let hosts = ["--agent-host", "keys.example.org,keys.example.org:8443"];
    let server = key_server(folder.path(), ANY_PORT.iter().chain(&hosts)).serve();
    for host in [
        "keys.example.org",
        "keys.example.org:8443",
        "KEYS.example.org",
    ] {
        is_text(&login(server.address(), host), 400, "missing_member");
    }
    for host in [
        "localhost",
        &server.address().to_string(),
        "keys.example.org:80",
        "evil.keys.example.org",
    ] {
        is_text(&login(server.address(), host), 421, "foreign_host");
    }
    // The rest of the API is where it was.
    let answer = send(server.address(), "GET", "/readyz", "");
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[test]
fn without_a_list_agents_are_served_under_the_names_of_this_machine() {
    let folder = tempfile::tempdir().unwrap();
    let server = key_server(folder.path(), ANY_PORT).serve();
    let address = server.address().to_string();
    for host in ["localhost", "127.0.0.1", &address, "localhost:8070"] {
        is_text(&login(server.address(), host), 400, "missing_member");
    }
    for host in ["keys.example.org", "192.0.2.1"] {
        is_text(&login(server.address(), host), 421, "foreign_host");
    }
}

#[test]
fn a_bad_setting_of_the_agent_api_is_told_with_a_sentence_and_status_2() {
    let folder = tempfile::tempdir().unwrap();
    for host in [
        "a b",
        "https://keys.example.org",
        "u@keys.example.org",
        "a/b",
        "a:b:c",
        "a,,b",
    ] {
        let host_option = ["--agent-host", host];
        let arguments = ANY_PORT.iter().chain(&host_option);
        let said = key_server(folder.path(), arguments).run().failure(2);
        assert!(
            said.contains("--agent-host") && said.contains("HOST:PORT"),
            "{host}: {said}"
        );
    }
    let arguments = ANY_PORT.iter().chain(&["--agent-api", "maybe"]);
    let said = key_server(folder.path(), arguments).run().failure(2);
    assert!(
        said.contains("--agent-api") && said.contains("on, off"),
        "{said}"
    );
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn the_agent_api_is_set_in_the_file_and_by_variables_too() {
    let folder = tempfile::tempdir().unwrap();
    let print = |run: Run| run.run().success();
    let by_default = print(key_server(folder.path(), ["--print-config"]));
    assert!(
        by_default.contains("agent-api = \"on\"  # by default"),
        "{by_default}"
    );
    assert!(
        by_default.contains("# agent-host is not set"),
        "{by_default}"
    );

    let text = "agent-api = 'off'\nagent_host = 'a.example.org,b.example.org:1'\n";
    fs::write(folder.path().join("f.toml"), text).unwrap();
    let from_file = ["--config", "f.toml", "--print-config"];
    let printed = print(key_server(folder.path(), from_file));
    for line in [
        "agent-api = \"off\"  # from the key agent-api of f.toml",
        "agent-host = \"a.example.org,b.example.org:1\"  # from the key agent_host of f.toml",
    ] {
        assert!(printed.contains(line), "{line}: {printed}");
    }
    let on = key_server(folder.path(), from_file).variable("COUNTERSIGN_AGENT_API", "on");
    let printed = print(on);
    assert!(
        printed.contains("agent-api = \"on\"  # from COUNTERSIGN_AGENT_API"),
        "{printed}"
    );

    // What is set is so.
    let arguments = ANY_PORT
        .iter()
        .chain(&["--config", "f.toml", "--agent-api", "on"]);
    let server = key_server(folder.path(), arguments).serve();
    is_text(
        &login(server.address(), "b.example.org:1"),
        400,
        "missing_member",
    );
    is_text(&login(server.address(), "localhost"), 421, "foreign_host");
    // And what is printed gives the same settings.
    fs::write(folder.path().join("f.toml"), &printed).unwrap();
    let again = print(key_server(folder.path(), from_file));
    let host = |text: &str| -> String {
        let line = text
            .lines()
            .find(|it| it.starts_with("agent-host"))
            .unwrap();
        line.split("  # ").next().unwrap().to_owned()
    };
    assert_eq!(host(&again), host(&printed));
}
