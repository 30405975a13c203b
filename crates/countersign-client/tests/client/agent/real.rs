//! Against the real key server.

use std::sync::Arc;

use countersign_client::agent::{Account, AgentClient, ApiKey, Key, NewAccount, Password, Session};
use countersign_client::{AdminClient, AuthScheme, Connection, ErrorKind};
use countersign_core::{Clock as _, SystemClock};
use ed25519_dalek::{Signature, VerifyingKey};

use super::{KEY_PASSWORD, account, key};
use crate::real::{create, key_server};

/// A server, the API key that it has issued, and a client.
async fn served() -> (AgentClient, ApiKey) {
    let url = key_server(Arc::default()).await;
    let admin = AdminClient::new(Connection::to(&*url).unwrap());
    let issued = create(&admin, AuthScheme::Agent).await;
    (AgentClient::to(url).unwrap(), ApiKey::of(&issued).unwrap())
}

async fn created(client: &AgentClient, account: &Account, api_key: &ApiKey) -> Session {
    let new = NewAccount::new(account.clone(), "dave@example.com").unwrap();
    let created = client.create_account(&new, api_key).await.unwrap();
    assert!(created.is_enabled());
    created.session().clone()
}

fn key_of(local_name: &str, id: &str) -> Key {
    Key::new(local_name, id, Password::new(KEY_PASSWORD).unwrap()).unwrap()
}

#[tokio::test]
async fn an_account_has_a_key_made_and_data_signed_with_it() {
    let (client, api_key) = served().await;
    let account = account();
    let session = created(&client, &account, &api_key).await;
    let algorithms = client.algorithms(&session).await.unwrap();
    assert!(algorithms.iter().any(|it| it.local_name() == "ed25519"));

    let key = key_of("ed25519", "nyckel-Ö");
    let stored = client.create_key(&session, &account, &key).await.unwrap();
    assert_eq!(stored.created_at(), stored.updated_at());
    let public = client.public_key(&session, key.id()).await.unwrap();
    assert_eq!(public.algorithm().local_name(), "ed25519");
    let signed = client
        .sign_data(&session, &account, &key, b"an order")
        .await
        .unwrap();
    let verifying = VerifyingKey::from_bytes(public.as_bytes().try_into().unwrap()).unwrap();
    let signature = Signature::from_slice(&signed).unwrap();
    assert!(verifying.verify_strict(b"an order", &signature).is_ok());
    assert!(verifying.verify_strict(b"another", &signature).is_err());
}

#[tokio::test]
async fn two_keys_agree_on_a_secret() {
    let (client, api_key) = served().await;
    let account = account();
    let session = created(&client, &account, &api_key).await;
    let (one, two) = (key_of("x25519", "one"), key_of("x25519", "two"));
    let mut public = Vec::new();
    for key in [&one, &two] {
        client.create_key(&session, &account, key).await.unwrap();
        public.push(client.public_key(&session, key.id()).await.unwrap());
    }
    let agree = async |key: &Key, peer: usize| {
        let peer = public[peer].as_bytes();
        let secret = client.shared_secret(&session, &account, key, peer).await;
        secret.unwrap().expose().to_vec()
    };
    let secret = agree(&one, 1).await;
    assert_eq!((secret.len(), &secret), (32, &agree(&two, 0).await));
    assert_ne!(secret, agree(&one, 0).await);
}

#[tokio::test]
async fn a_session_is_refreshed_and_ended() {
    let (client, api_key) = served().await;
    let account = account();
    created(&client, &account, &api_key).await;
    let minute = std::time::Duration::from_secs(60);
    let old = client.login(&account, minute).await.unwrap();
    let left = old.expires_at().seconds_since(SystemClock.now());
    assert!((50..=60).contains(&left), "{left}");
    let new = client.refresh(&old, minute).await.unwrap();
    let ended = client.algorithms(&old).await.unwrap_err();
    assert_eq!(ended.kind(), ErrorKind::Refused);
    let kept = Session::new(new.token().expose(), new.expires_at()).unwrap();
    client.algorithms(&kept).await.unwrap();
    client.logout(&kept).await.unwrap();
    let ended = client.logout(&new).await.unwrap_err();
    assert_eq!(ended.code(), Some("session_required"));
}

#[tokio::test]
async fn what_the_server_refuses_is_told_by_kind_and_code() {
    let (client, api_key) = served().await;
    let account = account();
    let session = created(&client, &account, &api_key).await;
    let again = NewAccount::new(account.clone(), "a@b").unwrap();
    let mut refused = vec![(
        client.create_account(&again, &api_key).await.map(drop),
        ErrorKind::Conflict,
        "account_exists",
    )];
    let (session, signing) = (&session, key_of("ed25519", "k"));
    client
        .create_key(session, &account, &signing)
        .await
        .unwrap();
    for (key, kind, code) in [
        (&signing, ErrorKind::Conflict, "key_exists"),
        (
            &key_of("rot13", "other"),
            ErrorKind::NotFound,
            "algorithm_unknown",
        ),
    ] {
        let done = client.create_key(session, &account, key).await.map(drop);
        refused.push((done, kind, code));
    }
    let password = Password::new("another").unwrap();
    let stranger = Account::new(account.user_name(), password.clone()).unwrap();
    let other_key = Key::new("ed25519", "k", password).unwrap();
    for (account, key, kind, code) in [
        (&stranger, &signing, ErrorKind::Refused, "wrong_signature"),
        (
            &account,
            &other_key,
            ErrorKind::Refused,
            "wrong_key_signature",
        ),
        (&account, &key(), ErrorKind::NotFound, "key_unknown"),
    ] {
        let done = client.sign_data(session, account, key, b"").await.map(drop);
        refused.push((done, kind, code));
    }
    let peer = [9; 32];
    let done = client
        .shared_secret(session, &account, &signing, &peer)
        .await
        .map(drop);
    refused.push((done, ErrorKind::Invalid, "unsuitable_key"));
    for (done, kind, code) in refused {
        let error = done.unwrap_err();
        assert_eq!((error.kind(), error.code()), (kind, Some(code)), "{error}");
    }
}

#[tokio::test]
async fn an_api_key_of_another_kind_creates_no_account() {
    let url = key_server(Arc::default()).await;
    let admin = AdminClient::new(Connection::to(&*url).unwrap());
    let moxie = create(&admin, AuthScheme::Moxie).await;
    let refused = ApiKey::of(&moxie).unwrap_err().to_string();
    assert!(refused.contains("scheme agent"), "{refused}");
    let api_key = ApiKey::new(moxie.id(), moxie.secret().unwrap().expose()).unwrap();
    let new = NewAccount::new(account(), "dave@example.com").unwrap();
    let client = AgentClient::to(url).unwrap();
    let refused = client.create_account(&new, &api_key).await.unwrap_err();
    assert_eq!(refused.code(), Some("wrong_signature"));
}
