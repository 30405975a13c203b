//! Names that are taken.

use countersign_key_server::seal::MasterKey;

use crate::support::{Agent, Server, at_once, hesitant, one_wins};

async fn raced() -> Server {
    let master = MasterKey::generate().unwrap();
    Server::over(hesitant(), &master, |settings| settings).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_keys_with_one_id_at_once_one_is_made() {
    let agent = raced().await.agent("alice").await;
    let answers = at_once(64, |_| {
        let agent = agent.clone();
        async move { agent.create_key("ed25519", "first").await }
    })
    .await;
    one_wins(&answers, 400, "key_exists");
    agent.sign_data("ed25519", "first", b"data").await.json();
}

#[tokio::test]
async fn a_taken_id_is_refused_whatever_the_algorithm_and_the_key_stays() {
    let agent = Server::start().await.agent("alice").await;
    agent.create_key("ed25519", "first").await.json();
    let before = agent.public_key("first").await.json();
    for algorithm in ["ed25519", "ed448", "x25519"] {
        let answer = agent.create_key(algorithm, "first").await;
        answer.refused(400, "key_exists");
    }
    assert_eq!(agent.public_key("first").await.json(), before);
}

#[tokio::test]
async fn another_account_may_use_the_same_id_and_has_another_key() {
    let server = Server::start().await;
    let (alice, bob) = (server.agent("alice").await, server.agent("bob").await);
    for agent in [&alice, &bob] {
        agent.create_key("ed25519", "first").await.json();
    }
    assert_ne!(
        alice.public_key("first").await.json()["key"],
        bob.public_key("first").await.json()["key"]
    );
}

#[tokio::test]
async fn nobody_sees_or_uses_the_keys_of_another() {
    let server = Server::start().await;
    let (alice, bob) = (server.agent("alice").await, server.agent("bob").await);
    alice.create_key("ed25519", "first").await.json();
    bob.public_key("first").await.refused(404, "key_unknown");
    let answer = bob.sign_data("ed25519", "first", b"data").await;
    answer.refused(404, "key_unknown");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_accounts_of_one_name_at_once_one_is_created() {
    let server = raced().await;
    let (api_key, secret) = server.api_key().await;
    let password = |number| format!("password {number}");
    let alice = |number| Agent {
        password: password(number),
        ..server.stranger("alice")
    };
    let answers = at_once(64, |number| {
        let (agent, api_key, secret) = (alice(number), api_key.clone(), secret.clone());
        async move { agent.create(&api_key, &secret).await }
    })
    .await;
    one_wins(&answers, 400, "account_exists");
    // The one that was told so has it, and nobody else.
    let winner = answers.iter().position(|it| it.status == 200).unwrap();
    alice(winner).login().await.json();
    let answer = alice((winner + 1) % 64).login().await;
    answer.refused(403, "wrong_signature");
}
