//! Secrets stay where they belong.

use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use crate::ANY_PORT;
use crate::http::{Client, create_body, id_of, send};
use crate::run::key_server;

/// Every text member of a credential that only its holder may know.
fn secrets_in(credential: &serde_json::Value) -> Vec<String> {
    let names = [
        "mac_key",
        "api_key",
        "secret_key",
        "key_data",
        "shared_secret",
        "secret",
    ];
    let mut secrets = Vec::new();
    for (scheme, inner) in credential.as_object().unwrap() {
        for name in names {
            // The api keys of Moxie and of the agent API are their ids.
            if let Some(text) = inner[name].as_str()
                && !(scheme != "basic" && name == "api_key")
            {
                secrets.push(text.to_owned());
            }
        }
    }
    assert_eq!(secrets.len(), 1, "{credential}");
    secrets
}

#[test]
fn bad_225_no_secret_is_in_any_output_or_file_after_a_busy_run() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let create = ["token", "create", "--scope", "admin"];
    let token = key_server(folder, create).run().success().trim().to_owned();
    let mut secrets = vec![token.clone()];
    let mut outputs = Vec::new();
    for logs in [&["--logfile=log"][..], &["--log-format=json"]] {
        let arguments = ["--log=trace", "--audit-log=audit"];
        let arguments = ANY_PORT.iter().chain(&arguments).chain(logs);
        let server = key_server(folder, arguments).serve();
        let mut client = Client::connect(server.address()).unwrap().token(&token);
        for scheme in ["basic", "mac", "auth-key", "hmac-auth", "moxie", "agent"] {
            let made = client
                .send("POST", "/v1.0/creds", &create_body("dave", scheme))
                .unwrap();
            assert_eq!(made.status, 201, "{made:?}");
            let made = made.json();
            secrets.extend(secrets_in(&made));
            let path = format!("/v1.0/creds/{}", id_of(&made));
            client.send("GET", &path, "").unwrap();
            client
                .send("PATCH", &path, r#"{"state":"active"}"#)
                .unwrap();
            let rotated = client.send(
                "POST",
                &format!("{path}/rotate"),
                r#"{"overlap_seconds":1}"#,
            );
            let rotated = rotated.unwrap();
            assert_eq!(rotated.status, 201, "{rotated:?}");
            secrets.extend(secrets_in(&rotated.json()));
            client
                .send("GET", "/v1.0/creds/?principal=dave", "")
                .unwrap();
            client.send("DELETE", &path, "").unwrap();
            // What is a secret may also come back where it should not have been sent.
            let secret = secrets.last().unwrap().clone();
            client
                .send("GET", &format!("/v1.0/creds/{secret}"), "")
                .unwrap();
            client
                .send(
                    "GET",
                    &format!("/v1.0/creds/?principal=dave&cursor={secret}"),
                    "",
                )
                .unwrap();
            client
                .send(
                    "POST",
                    "/v1.0/creds",
                    &format!(r#"{{"principal":"a","{secret}":1}}"#),
                )
                .unwrap();
        }
        let metrics = client.send("GET", "/metrics", "").unwrap().body;
        assert!(
            metrics.contains("countersign_key_server_requests_total"),
            "{metrics}"
        );
        send(server.address(), "GET", &format!("/{token}"), "");
        let ran = server.stop();
        outputs.extend([metrics, ran.stdout, ran.stderr]);
    }
    let ran = key_server(folder, ["backup", "backup"]).run();
    outputs.extend([ran.stdout, ran.stderr]);
    let mut files = 0;
    for file in fs::read_dir(folder).unwrap() {
        let bytes = fs::read(file.unwrap().path()).unwrap();
        outputs.push(String::from_utf8_lossy(&bytes).into_owned());
        files += 1;
    }
    assert!(files >= 5, "database, key, log, audit and backup");
    assert!(
        outputs
            .iter()
            .any(|text| text.contains("\"operation\":\"create\"")),
        "no audit"
    );
    for secret in &secrets {
        let mut forms = vec![secret.clone(), STANDARD.encode(secret)];
        if let Ok(bytes) = URL_SAFE_NO_PAD.decode(secret) {
            forms.push(STANDARD_NO_PAD.encode(&bytes));
        }
        for form in forms {
            let shown = outputs.iter().find(|text| text.contains(&form));
            assert!(shown.is_none(), "{form} is in {shown:?}");
        }
    }
}
