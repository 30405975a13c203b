//! Keys, and what they are used for.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, VerifyingKey};
use serde_json::Value;

use super::Agent;

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn a_key_is_made_and_what_it_signs_fits_its_public_half() {
    let agent = Agent::logged_in();
    let made = agent.create_key("ed25519", "nyckel-Ö").run().success();
    assert!(
        made.starts_with("made the key nyckel-Ö (ed25519) at "),
        "{made}"
    );
    let key = ["--id", "nyckel-Ö"];
    let public = agent.act("public-key").arguments(key).run().success();
    let order = agent.directory.file("order", "an order\n");
    let from_file = ["-d", &format!("@{order}")];
    let signed = agent.act("sign").arguments(key).arguments(from_file);
    let signed = signed.run().success();
    let from_stdin = agent.act("sign").arguments(key).arguments(["-d", "@-"]);
    let from_stdin = from_stdin.stdin("an order\n").run().success();
    assert_eq!(signed, from_stdin, "Ed25519 has one signature for a text");
    let decoded = |text: &str| STANDARD.decode(text.trim_end()).unwrap();
    let public = VerifyingKey::try_from(&*decoded(&public)).unwrap();
    let signature = Signature::from_slice(&decoded(&signed)).unwrap();
    assert!(public.verify_strict(b"an order\n", &signature).is_ok());
}

#[test]
fn two_keys_agree_on_a_secret() {
    let agent = Agent::logged_in();
    let agreed = |own: &str, other: &str| {
        let public = agent.act("public-key").arguments(["--id", other]);
        let public = agent.directory.file(other, public.run().success());
        agent
            .act("shared-secret")
            .arguments(["--id", own, "--public-key", &format!("@{public}")])
            .run()
            .success()
    };
    for id in ["one", "two"] {
        agent.create_key("x25519", id).run().success();
    }
    let secret = agreed("one", "two");
    assert_eq!(STANDARD.decode(secret.trim_end()).unwrap().len(), 32);
    assert_eq!(secret, agreed("two", "one"));
}

#[test]
fn everything_is_told_as_json_too() {
    let agent = Agent::logged_in();
    let listed = agent.act("algorithms").arguments(["--json"]).run();
    let listed = json(&listed.success());
    let names: Vec<_> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["name"])
        .collect();
    assert!(names.contains(&&Value::from("ed25519")), "{listed}");

    let made = agent.create_key("x25519", "k").arguments(["--json"]).run();
    let made = json(&made.success());
    assert!(made["id"] == "k" && made["created"].as_i64() == made["updated"].as_i64());
    let public = ["--id", "k", "--json"];
    let public = json(&agent.act("public-key").arguments(public).run().success());
    assert_eq!(public["algorithm"]["name"], "x25519");
    assert_eq!(public["algorithm"]["post_quantum"], false);
    let peer = public["public_key"].as_str().unwrap();
    let agree = agent
        .act("shared-secret")
        .arguments(["--id", "k", "--json"]);
    let agreed = agree.arguments(["--public-key", peer]).run().success();
    assert_eq!(json(&agreed)["shared_secret"].as_str().unwrap().len(), 44);
}

#[test]
fn the_list_of_algorithms_is_a_table() {
    let agent = Agent::logged_in();
    let table = agent.act("algorithms").run().success();
    let mut lines = table.lines();
    assert!(lines.next().unwrap().starts_with("name "), "{table}");
    assert!(
        lines.any(|line| line.starts_with("ed448 ") && line.ends_with("safe")),
        "{table}"
    );
}

#[test]
fn the_exit_status_tells_what_went_wrong() {
    let agent = Agent::logged_in();
    agent.create_key("ed25519", "k").run().success();
    let sign = || agent.act("sign").arguments(["-d", "data", "--id"]);
    let wrong_password = || sign().variable("COUNTERSIGN_PASSWORD", "another");
    let wrong_key_password = || sign().variable("COUNTERSIGN_KEY_PASSWORD", "another");
    for (run, status, part) in [
        (sign().arguments(["other"]), 1, "key_unknown"),
        (sign().arguments(["a:b"]), 1, "id of the key"),
        (agent.create_key("ed25519", "k"), 1, "key_exists"),
        (agent.create_key("rot13", "r"), 1, "algorithm_unknown"),
        (agent.create_key("ed25519", "a:b"), 2, "colon"),
        (wrong_password().arguments(["k"]), 3, "wrong_signature"),
        (
            wrong_key_password().arguments(["k"]),
            3,
            "wrong_key_signature",
        ),
        (agent.create_account(), 1, "account_exists"),
    ] {
        let ran = run.run();
        assert_eq!(ran.status, status, "{ran:?}");
        assert!(ran.sentence().contains(part), "{ran:?}");
        assert_eq!(ran.stdout, "");
    }
}

#[test]
fn a_server_that_is_not_there_is_not_reachable() {
    let mut agent = Agent::logged_in();
    agent.server.stop();
    let ran = agent.act("algorithms").run();
    assert_eq!(ran.status, 4, "{ran:?}");
    assert!(ran.sentence().contains("cannot be reached"), "{ran:?}");
}
