//! `countersign attack`

use countersign::SchemeId;
use serde_json::Value;

use crate::protected::{KEY_ID, Service};
use crate::run::{Directory, Run, SECRET, Server, countersign};

fn attack(scheme: &str) -> Run {
    let run = countersign(["attack", "--scheme", scheme]).variable("COUNTERSIGN_SECRET", SECRET);
    if scheme == "basic" {
        run
    } else {
        run.arguments(["--key-id", KEY_ID])
    }
}

fn echo() -> Server {
    countersign(["echo", "--listen", "127.0.0.1:0"]).serve()
}

#[test]
fn a_gateway_passes_every_case_under_every_scheme() {
    let directory = Directory::new();
    let keys = |pin: &str| {
        let id = if pin == "basic" { SECRET } else { KEY_ID };
        let text = format!(
            "[[key]]\nid = \"{id}\"\nsecret = \"{SECRET}\"\nprincipal = \"dave\"\nschemes = [\"{pin}\"]\n"
        );
        directory.file(&format!("{pin}.toml"), text)
    };
    let upstream = echo();
    for scheme in ["auth-key", "hmac-auth", "moxie", "mac"] {
        let gateway = countersign([
            "gateway",
            "--listen",
            "127.0.0.1:0",
            "--restart-guard",
            "off",
        ])
        .arguments(["--upstream", upstream.url(), "--scheme", scheme])
        .arguments(["--keys", &keys(scheme)])
        // Nobody reads its log: a full pipe would hold it up.
        .variable("RUST_LOG", "off")
        .serve();
        let url = format!("{}/", gateway.url());
        let shown = attack(scheme).arguments(["--strict", &url]).run().success();
        assert!(shown.contains(" 0 missed, 0 skipped"), "{scheme}: {shown}");
    }
}

#[test]
fn a_layer_passes_every_case_under_every_scheme() {
    for scheme in SchemeId::ALL.map(SchemeId::name) {
        let service = Service::of(scheme);
        let json = attack(scheme)
            .arguments(["--json", "--only", "1,3,8,30,66,105", &service.url("/")])
            .run()
            .success();
        let json: Value = serde_json::from_str(&json).unwrap();
        assert_eq!((&json["missed"], &json["skipped"]), (&0.into(), &0.into()));
        let first = &json["cases"][0];
        assert_eq!(
            (&first["number"], &first["result"]),
            (&1.into(), &"passed".into())
        );
        assert_eq!(
            (&first["id"], &first["tries"]),
            (&"1-none".into(), &1.into())
        );
    }
}

#[test]
fn a_service_that_lets_everybody_in_is_found_out() {
    let careless = echo();
    let url = format!("{}/", careless.url());
    let ran = attack("moxie").arguments([&url]).run();
    assert_eq!(ran.status, 1);
    assert!(
        ran.sentence().contains("cases were missed"),
        "{}",
        ran.sentence()
    );
    for named in [
        "MISSED 1-none",
        "MISSED 81-replay",
        "expected  401 nonce_replayed",
    ] {
        assert!(ran.stdout.contains(named), "{named}: {}", ran.stdout);
    }
    assert!(!ran.stdout.contains(SECRET));
    let basic = attack("basic").arguments(["--json", &url]).run();
    assert_eq!(basic.status, 1);
    assert!(!basic.stdout.contains(SECRET), "{}", basic.stdout);
}

#[test]
fn bad_232_refused_failed_unreachable_and_misused_have_statuses_of_their_own() {
    let service = Service::of("auth-key");
    let refused = attack("auth-key")
        .variable("COUNTERSIGN_SECRET", "another secret of enough bytes")
        .arguments([&service.url("/")])
        .run();
    assert_eq!(refused.status, 3);
    assert!(refused.sentence().contains("invalid_credentials"));
    let missing = attack("auth-key")
        .arguments([&service.url("/missing")])
        .run();
    assert_eq!(missing.status, 1);
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", nobody.local_addr().unwrap());
    drop(nobody);
    assert_eq!(attack("auth-key").arguments([&url]).run().status, 4);
    assert_eq!(attack("auth-key").run().status, 2);
}

#[test]
fn the_cases_can_be_listed_without_a_server() {
    let listed = attack("mac")
        .arguments(["--list", "--only", "12"])
        .run()
        .success();
    assert!(listed.starts_with("12-parameter-twice"), "{listed}");
    assert!(listed.contains("-> 401 malformed_credentials"), "{listed}");
    assert_eq!(listed.lines().count(), 1);
}
