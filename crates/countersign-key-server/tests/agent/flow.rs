//! Everything once, as a client does it.

use serde_json::json;

use crate::support::{NOW, Server};

#[tokio::test]
async fn an_account_makes_a_key_and_signs_with_it() {
    let server = Server::start().await;
    let agent = server.agent("ålïce").await;
    let logged_in = agent.login().await.json();
    assert_eq!(logged_in["expires"], NOW + 600);

    let listed = agent.post("Crypto/GetAlgorithms", &json!({})).await.json();
    let listed = listed["algorithms"].as_array().unwrap();
    assert!(
        listed
            .iter()
            .any(|it| it["localName"] == "ed448" && it["score"] == 4)
    );

    let made = agent.create_key("ed25519", "nyckel-Ö-1").await.json();
    assert_eq!(made, json!({"created": NOW, "updated": NOW}));
    let public = agent.public_key("nyckel-Ö-1").await.json();
    assert_eq!(public["Algorithm"]["localName"], "ed25519");
    let signed = agent
        .sign_data("ed25519", "nyckel-Ö-1", b"data")
        .await
        .json();
    assert_eq!(signed["signature"].as_str().unwrap().len(), 88);

    agent.create_key("x25519", "x").await.json();
    let peer = agent.public_key("x").await.json()["key"].clone();
    let shared = agent
        .shared_secret("x25519", "x", peer.as_str().unwrap())
        .await;
    assert_eq!(shared.json()["sharedSecret"].as_str().unwrap().len(), 44);

    assert_eq!(
        agent.post("Account/Logout", &json!({})).await.json(),
        json!({})
    );
    agent
        .post("Crypto/GetAlgorithms", &json!({}))
        .await
        .refused(401, "session_required");
}
