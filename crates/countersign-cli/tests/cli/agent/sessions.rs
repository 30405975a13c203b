//! Sessions, which are kept in files or printed.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::Value;

use super::{ACCOUNT_PASSWORD, Agent};
use crate::run::countersign;

fn kept(agent: &Agent) -> Value {
    serde_json::from_slice(&fs::read(agent.session()).unwrap()).unwrap()
}

#[test]
fn a_session_is_kept_in_a_file_for_its_owner_alone() {
    let agent = Agent::logged_in();
    let mode = fs::metadata(agent.session()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let kept = kept(&agent);
    assert_eq!(kept["user_name"], "dave");
    assert_eq!(kept["key_server"], agent.server.url());
    assert!(kept["jwt"].is_string() && kept["expires"].is_i64());
    assert!(!kept.to_string().contains(ACCOUNT_PASSWORD));
}

#[test]
fn a_login_writes_over_the_file_and_shows_no_token() {
    let agent = Agent::logged_in();
    fs::set_permissions(agent.session(), fs::Permissions::from_mode(0o644)).unwrap();
    let first = kept(&agent);
    let said = agent.begin("login").arguments(["--json"]).run().success();
    let second = kept(&agent);
    assert_ne!(first["jwt"], second["jwt"]);
    assert!(!said.contains(second["jwt"].as_str().unwrap()), "{said}");
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(said["expires"], second["expires"]);
    let mode = fs::metadata(agent.session()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_session_that_is_printed_is_what_a_file_has() {
    let agent = Agent::logged_in();
    let login = agent.run("login").arguments(["--user", "dave"]);
    let url = agent.server.url();
    let login = login
        .arguments(["--key-server", &url, "--lifetime", "1m"])
        .run();
    assert!(
        login.stderr.starts_with("logged in as dave until "),
        "{login:?}"
    );
    let printed = login.success();
    assert_eq!(printed.lines().count(), 1);
    let use_it = |path: &str| agent.run("algorithms").arguments(["--session", path]);
    let file = agent.directory.file("printed", &printed);
    use_it(&file).run().success();
    use_it("-").stdin(printed).run().success();
}

#[test]
fn a_creation_is_told_as_json_with_its_session() {
    let agent = Agent::new();
    let said = agent.create_account().arguments(["--json"]).run().success();
    let said: Value = serde_json::from_str(&said).unwrap();
    assert!(said["created"].is_i64() && said["enabled"] == true);
    assert!(said.get("jwt").is_none() && kept(&agent)["jwt"].is_string());
}

#[test]
fn a_refresh_puts_a_new_session_into_the_file_and_ends_the_old_one() {
    let agent = Agent::logged_in();
    let old = fs::read_to_string(agent.session()).unwrap();
    let said = agent.act("refresh").run().success();
    assert!(said.starts_with("logged in as dave until "), "{said}");
    agent.act("algorithms").run().success();
    let old = agent.directory.file("old", old);
    let ended = agent.run("algorithms").arguments(["--session", &old]).run();
    assert_eq!(ended.status, 3, "{ended:?}");
    assert!(ended.sentence().contains("log in again"), "{ended:?}");
}

#[test]
fn a_logout_ends_the_session_and_removes_the_file() {
    let agent = Agent::logged_in();
    let copy = agent
        .directory
        .file("copy", fs::read(agent.session()).unwrap());
    assert_eq!(agent.act("logout").run().success(), "logged out dave\n");
    assert!(!Path::new(&agent.session()).exists());
    let ended = agent.run("logout").arguments(["--session", &copy]).run();
    assert_eq!(ended.status, 3, "{ended:?}");
    assert!(Path::new(&copy).exists());
}

#[test]
fn a_session_is_shown_to_no_other_server() {
    let (agent, other) = (Agent::logged_in(), Agent::new());
    let named = |url: &str| agent.act("algorithms").arguments(["--key-server", url]);
    named(&format!("{}/", agent.server.url())).run().success();
    let refused = named(&other.server.url()).run();
    assert_eq!(refused.status, 2, "{refused:?}");
    assert!(
        refused.sentence().contains("shown to no other"),
        "{refused:?}"
    );
}

#[test]
fn a_file_that_has_no_session_is_refused_without_being_shown() {
    let agent = Agent::logged_in();
    let good = fs::read_to_string(agent.session()).unwrap();
    for (name, text) in [
        ("empty", String::new()),
        ("no JSON", "hunter2".to_owned()),
        ("no account", good.replace("user_name", "hunter2")),
        (
            "no header",
            good.replace("\"jwt\":\"", "\"jwt\":\"hunter2\\n"),
        ),
    ] {
        let file = agent.directory.file(name, text);
        let refused = agent
            .run("algorithms")
            .arguments(["--session", &file])
            .run();
        assert_eq!(refused.status, 2, "{name}: {refused:?}");
        assert!(!refused.sentence().contains("hunter2"), "{refused:?}");
    }
    let nowhere = agent.run("algorithms").arguments(["--session", "/nowhere"]);
    assert!(nowhere.run().sentence().contains("/nowhere"));
    let missing = agent.run("algorithms").run();
    assert_eq!(missing.status, 2);
    assert!(missing.sentence().contains("--session"), "{missing:?}");
}

#[test]
fn a_session_lasts_no_longer_than_an_hour() {
    let agent = Agent::logged_in();
    for lifetime in ["0s", "61m"] {
        let login = agent.begin("login").arguments(["--lifetime", lifetime]);
        let refused = login.run();
        assert_eq!(refused.status, 1, "{refused:?}");
        assert!(refused.sentence().contains("3600 seconds"), "{refused:?}");
    }
}

#[test]
fn settings_come_from_variables_and_the_table_of_the_subcommand() {
    let agent = Agent::logged_in();
    let session = agent.session();
    let by_variable = agent
        .run("algorithms")
        .variable("COUNTERSIGN_SESSION", &session);
    by_variable.run().success();
    let settings = format!("[agent]\nsession = '{session}'\nid = 'k'\n");
    let settings = agent.directory.file("settings.toml", settings);
    for operation in ["algorithms", "logout"] {
        let run = agent.run(operation).arguments(["--config", &settings]);
        run.run().success();
    }
    let unknown = agent
        .directory
        .file("unknown.toml", "[agent]\nsesion = 'a'\n");
    let unknown = agent
        .run("algorithms")
        .arguments(["--config", &unknown])
        .run();
    assert_eq!(unknown.status, 2);
    let sentence = unknown.sentence();
    assert!(
        sentence.contains("sesion") && sentence.contains("key-password-file"),
        "{sentence}"
    );
}

#[test]
fn an_operation_is_named() {
    for arguments in [&["agent"][..], &["agent", "log-in"]] {
        let ran = countersign(arguments).run();
        assert_eq!(ran.status, 2, "{ran:?}");
        assert!(ran.sentence().contains("login"), "{ran:?}");
    }
}

#[test]
fn the_settings_are_shown_with_passwords_masked() {
    let agent = Agent::new();
    let shown = agent
        .create_account()
        .arguments(["--print-config"])
        .run()
        .success();
    assert!(
        shown.contains("# settings of `countersign agent create-account`"),
        "{shown}"
    );
    assert!(
        shown.contains("# password = \"***\"  # from COUNTERSIGN_PASSWORD"),
        "{shown}"
    );
    assert!(shown.contains("# api-key-secret = \"***\""), "{shown}");
    for secret in [ACCOUNT_PASSWORD, &agent.api_key_secret] {
        assert!(!shown.contains(secret), "{shown}");
    }
}
