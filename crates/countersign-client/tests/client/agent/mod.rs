//! What the client of the agent API sends, and what it makes of the answers.

mod real;
mod refusals;
mod requests;
mod secrecy;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_client::ClientError;
use countersign_client::agent::{
    Account, AgentClient, ApiKey, Key, LONGEST_SESSION, NewAccount, Password, Session,
};
use countersign_core::Timestamp;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use sha2::Sha256;

use crate::stub::{Asked, Reply, Stub};

pub(super) const ACCOUNT_PASSWORD: &str = "correct horse battery staple";
pub(super) const KEY_PASSWORD: &str = "lösenord🔑";
pub(super) const API_SECRET: &str = "4g_Lw8gVbIrD44EuEuwl-LxflXkSVjVp_5vsotxDk-0";
pub(super) const JWT: &str = "eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl";
pub(super) const NAMESPACE: &str = "urn:nf:iot:e2e:1.0";

pub(super) fn account() -> Account {
    Account::new("dave", Password::new(ACCOUNT_PASSWORD).unwrap()).unwrap()
}

pub(super) fn new_account() -> NewAccount {
    NewAccount::new(account(), "dave@example.com").unwrap()
}

pub(super) fn api_key() -> ApiKey {
    ApiKey::new("a55a", API_SECRET).unwrap()
}

pub(super) fn key() -> Key {
    Key::new("ed448", "nyckel-Ö", Password::new(KEY_PASSWORD).unwrap()).unwrap()
}

pub(super) fn session() -> Session {
    Session::new(JWT, Timestamp::from_unix(1_348_751_696)).unwrap()
}

/// A client whose connection has the token of another API.
pub(super) fn client(stub: &Stub) -> AgentClient {
    AgentClient::new(stub.connection().build().unwrap())
}

/// What a server answers that does everything.
pub(super) fn willing(asked: &Asked) -> Reply {
    let resource = asked.line.split(' ').nth(1).unwrap();
    let session = format!(r#""jwt":"{JWT}","expires":1348751696"#);
    let algorithm = format!(
        r#"{{"localName":"ed448","namespace":"{NAMESPACE}","securityStrength":224,"safe":true,"slow":false,"pqc":false,"score":4}}"#
    );
    let body = match resource.strip_prefix("/Agent/").unwrap() {
        "Account/Create" => {
            format!(r#"{{"created":1348748096,"enabled":true,"canRelay":false,{session}}}"#)
        }
        "Account/Login" | "Account/Refresh" => format!("{{{session}}}"),
        "Account/Logout" => "{}".to_owned(),
        "Crypto/GetAlgorithms" => {
            let rsa = algorithm.replace("224", "null").replace("ed448", "rsa");
            format!(r#"{{"algorithms":[{algorithm},{rsa}]}}"#)
        }
        "Crypto/CreateKey" => r#"{"created":1348748096,"updated":1348748097}"#.to_owned(),
        "Crypto/GetPublicKey" => format!(r#"{{"key":"cHVibGlj","Algorithm":{algorithm}}}"#),
        "Crypto/SignData" => r#"{"signature":"c2lnbmVk"}"#.to_owned(),
        "Crypto/GetSharedSecret" => r#"{"sharedSecret":"c2hhcmVk"}"#.to_owned(),
        other => panic!("{other}"),
    };
    Reply::json(200, &body)
}

pub(super) async fn willing_stub() -> Stub {
    Stub::that(|_, asked| willing(asked)).await
}

pub(super) fn hmac(key: &str, texts: &[&str]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).unwrap();
    mac.update(texts.join(":").as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

pub(super) fn body(asked: &Asked) -> Value {
    serde_json::from_str(&asked.body).unwrap()
}

/// Every call, by its resource, and what failed.
pub(super) async fn every_call(
    client: &AgentClient,
) -> Vec<(&'static str, Result<(), ClientError>)> {
    let (account, key, session, hour) = (account(), key(), session(), LONGEST_SESSION);
    vec![
        (
            "Account/Create",
            client
                .create_account(&new_account(), &api_key())
                .await
                .map(drop),
        ),
        (
            "Account/Login",
            client.login(&account, hour).await.map(drop),
        ),
        (
            "Account/Refresh",
            client.refresh(&session, hour).await.map(drop),
        ),
        ("Account/Logout", client.logout(&session).await),
        (
            "Crypto/GetAlgorithms",
            client.algorithms(&session).await.map(drop),
        ),
        (
            "Crypto/CreateKey",
            client.create_key(&session, &account, &key).await.map(drop),
        ),
        (
            "Crypto/GetPublicKey",
            client.public_key(&session, "k").await.map(drop),
        ),
        (
            "Crypto/SignData",
            client
                .sign_data(&session, &account, &key, b"data")
                .await
                .map(drop),
        ),
        (
            "Crypto/GetSharedSecret",
            client
                .shared_secret(&session, &account, &key, b"peer")
                .await
                .map(drop),
        ),
    ]
}

/// What only reads, and so may be asked for again.
pub(super) const READS: [&str; 2] = ["Crypto/GetAlgorithms", "Crypto/GetPublicKey"];

/// A refusal as the agent API has it.
pub(super) fn refusal(status: u16, headers: &str) -> Reply {
    let headers = format!("Content-Type: text/plain; charset=utf-8\r\n{headers}");
    Reply::new(status, &headers, "The nonce was used before.\n")
}
