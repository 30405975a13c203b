//! What is sent, and what is read.

use std::time::Duration;

use countersign_client::ErrorKind;
use countersign_client::agent::AgentClient;

use super::{
    ACCOUNT_PASSWORD, JWT, KEY_PASSWORD, NAMESPACE, account, api_key, body, client, every_call,
    hmac, key, new_account, session, willing_stub,
};
use crate::stub::{Reply, Stub};

#[tokio::test]
async fn every_resource_is_posted_json_and_shown_the_session_and_never_the_token() {
    let stub = willing_stub().await;
    let calls = every_call(&client(&stub)).await;
    let asked = stub.asked();
    assert_eq!(asked.len(), calls.len());
    for ((resource, done), asked) in calls.into_iter().zip(asked) {
        done.unwrap();
        assert_eq!(asked.line, format!("POST /Agent/{resource} HTTP/1.1"));
        assert_eq!(asked.header("content-type"), Some("application/json"));
        assert_eq!(asked.header("accept"), Some("application/json"));
        let shown = asked.header("authorization");
        if matches!(resource, "Account/Create" | "Account/Login") {
            assert_eq!(shown, None, "{resource}");
        } else {
            assert_eq!(shown, Some(&*format!("Bearer {JWT}")), "{resource}");
        }
    }
}

#[tokio::test]
async fn the_host_that_is_signed_over_is_the_one_that_is_sent() {
    let stub = willing_stub().await;
    client(&stub)
        .login(&account(), Duration::from_secs(60))
        .await
        .unwrap();
    let asked = &stub.asked()[0];
    let (host, body) = (asked.header("host").unwrap(), body(asked));
    assert!(host.starts_with("127.0.0.1:"), "{host}");
    let nonce = body["nonce"].as_str().unwrap();
    assert_eq!(nonce.len(), 44);
    let signature = hmac(ACCOUNT_PASSWORD, &["dave", host, nonce]);
    assert_eq!(body["signature"], signature);
    assert_eq!(body["seconds"], 60);
}

#[tokio::test]
async fn a_key_is_asked_for_with_the_signatures_of_both_passwords() {
    let stub = willing_stub().await;
    let stored = client(&stub)
        .create_key(&session(), &account(), &key())
        .await
        .unwrap();
    let times = (stored.created_at().as_unix(), stored.updated_at().as_unix());
    assert_eq!(times, (1_348_748_096, 1_348_748_097));
    let asked = &stub.asked()[0];
    let (host, body) = (asked.header("host").unwrap(), body(asked));
    let texts = ["dave", host, "ed448", NAMESPACE, "nyckel-Ö"];
    let key_signature = hmac(KEY_PASSWORD, &texts);
    assert_eq!(body["keySignature"], key_signature);
    let nonce = body["nonce"].as_str().unwrap();
    let signed = [&texts[..], &[&key_signature, nonce]].concat();
    assert_eq!(body["requestSignature"], hmac(ACCOUNT_PASSWORD, &signed));
    assert!(!asked.body.contains(KEY_PASSWORD) && !asked.body.contains(ACCOUNT_PASSWORD));
}

#[tokio::test]
async fn answers_are_given_out_as_what_they_say() {
    let stub = willing_stub().await;
    let client = client(&stub);
    let created = client
        .create_account(&new_account(), &api_key())
        .await
        .unwrap();
    assert!(created.is_enabled() && !created.can_relay());
    assert_eq!(created.created_at().as_unix(), 1_348_748_096);
    let session = created.session();
    assert_eq!(session.token().expose(), JWT);
    assert_eq!(session.expires_at().as_unix(), 1_348_751_696);
    let algorithms = client.algorithms(session).await.unwrap();
    let strengths: Vec<_> = algorithms
        .iter()
        .map(|it| (it.local_name(), it.security_strength()))
        .collect();
    assert_eq!(strengths, [("ed448", Some(224)), ("rsa", None)]);
    assert!(algorithms[0].is_safe() && !algorithms[0].is_slow());
    assert_eq!(algorithms[0].score(), 4);
    let public = client.public_key(session, "k").await.unwrap();
    assert_eq!(public.as_bytes(), b"public");
    assert_eq!(public.algorithm(), &algorithms[0]);
    let (account, key) = (account(), key());
    let signed = client.sign_data(session, &account, &key, b"data").await;
    assert_eq!(signed.unwrap(), b"signed");
    let secret = client.shared_secret(session, &account, &key, b"peer").await;
    assert_eq!(secret.unwrap().expose(), b"shared");
}

#[tokio::test]
async fn nothing_is_sent_for_a_session_that_no_server_gives_or_a_key_that_cannot_be() {
    let stub = willing_stub().await;
    let client = client(&stub);
    for seconds in [0, 3601] {
        let lifetime = Duration::from_secs(seconds);
        let new = new_account().lifetime(lifetime);
        for refused in [
            client.login(&account(), lifetime).await.map(drop),
            client.refresh(&session(), lifetime).await.map(drop),
            client.create_account(&new, &api_key()).await.map(drop),
        ] {
            let error = refused.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Invalid);
            assert!(error.to_string().contains("3600 seconds"), "{error}");
        }
    }
    for id in ["", "a:b"] {
        let error = client.public_key(&session(), id).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert!(error.to_string().contains("id of the key"), "{error}");
    }
    assert!(stub.asked().is_empty());
}

#[tokio::test]
async fn the_path_of_a_proxy_is_kept() {
    let stub = Stub::that(|_, _| Reply::json(200, "{}")).await;
    let client = AgentClient::to(format!("{}/keys/", stub.url())).unwrap();
    client.logout(&session()).await.unwrap();
    assert_eq!(stub.lines(), ["POST /keys/Agent/Account/Logout HTTP/1.1"]);
}
