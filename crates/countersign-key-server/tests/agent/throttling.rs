//! Whoever guesses is slowed, then refused; nobody else is.

use std::time::Duration;

use countersign_key_server::api::{ApiSettings, ClientAddress};
use countersign_key_server::seal::MasterKey;
use futures_util::future::join_all;
use serde_json::Value;
use tokio::time::Instant;

use crate::support::{Agent, Answer, NOW, Server, hesitant, request};

/// Somebody who does not know the password of `agent`.
fn guesser(agent: &Agent) -> Agent {
    Agent {
        password: "wrong".to_owned(),
        ..agent.clone()
    }
}

/// The same, asking from elsewhere.
fn at(agent: &Agent, address: &str) -> Agent {
    Agent {
        server: agent.server.from(address),
        ..agent.clone()
    }
}

async fn timed<T>(call: impl Future<Output = T>) -> (Duration, T) {
    let start = Instant::now();
    let given = call.await;
    (start.elapsed(), given)
}

#[track_caller]
fn is_refused_for(answer: &Answer, seconds: u64) {
    answer.refused(429, "too_many_wrong_signatures");
    assert_eq!(answer.headers["retry-after"], seconds.to_string());
}

#[tokio::test(start_paused = true)]
async fn wrong_signatures_are_answered_at_once_then_slowly_then_not_at_all() {
    let agent = Server::start().await.agent("alice").await;
    let guesser = guesser(&agent);
    for millis in [0, 0, 0, 250, 500, 1000, 2000, 4000, 8000] {
        let (took, answer) = timed(guesser.login()).await;
        answer.refused(403, "wrong_signature");
        let expected = Duration::from_millis(millis);
        // A timer has a grain of a millisecond.
        let grain = Duration::from_millis(2);
        assert!(
            (expected..=expected + grain).contains(&took),
            "{took:?} instead of {expected:?}"
        );
    }
    let (took, answer) = timed(guesser.login()).await;
    assert_eq!(took, Duration::ZERO);
    is_refused_for(&answer, 60);
    assert_eq!(NOW, 1_767_225_600, "which is 2026");
    assert!(answer.text.contains("2026-01-01T00:01:00Z"), "{answer:?}");

    // The right password is not looked at either, so nobody learns that it is right.
    let refused = agent.login().await;
    is_refused_for(&refused, 60);
    assert_eq!(refused.text, answer.text);
    tokio::time::advance(Duration::from_secs(59)).await;
    is_refused_for(&agent.login().await, 1);
    tokio::time::advance(Duration::from_secs(1)).await;
    agent.login().await.json();
    // What was counted still counts.
    is_refused_for(&guesser.login().await, 120);
}

#[tokio::test(start_paused = true)]
async fn others_are_served_while_a_guesser_waits_and_is_refused() {
    let agent = Server::start().await.agent("alice").await;
    let guesser = at(&guesser(&agent), "198.51.100.1");
    for _ in 0..8 {
        guesser.login().await.refused(403, "wrong_signature");
    }
    let (guess, (took, served)) = tokio::join!(guesser.login(), timed(agent.login()));
    guess.refused(403, "wrong_signature");
    served.json();
    assert_eq!(took, Duration::ZERO);
    is_refused_for(&guesser.login().await, 60);
    // It is the same account from another address.
    agent.login().await.json();
    agent.create_key("ed25519", "first").await.json();
}

#[tokio::test(start_paused = true)]
async fn every_signature_of_a_request_is_counted() {
    let server = Server::start().await;
    let (api_key, secret) = server.api_key().await;
    let agent = server.agent("alice").await;
    agent.create_key("ed25519", "s").await.json();
    let guesser = guesser(&agent);
    let stranger = server.stranger("nobody");
    let bodies = || -> [(&str, Value); 7] {
        let use_of = |input: &str, middle: &str| guesser.use_body("ed25519", "s", input, middle);
        [
            ("Account/Create", stranger.create_body(&api_key, "wrong")),
            ("Account/Create", stranger.create_body("unknown", &secret)),
            ("Account/Login", guesser.login_body()),
            ("Account/Login", stranger.login_body()),
            ("Crypto/CreateKey", guesser.create_key_body("ed25519", "t")),
            ("Crypto/SignData", use_of("data", "AAAA")),
            (
                "Crypto/GetSharedSecret",
                use_of("publicKey", "shared-secret:AAAA"),
            ),
        ]
    };
    let wrong = bodies().into_iter().chain(bodies());
    for (index, (resource, body)) in wrong.enumerate() {
        let answer = guesser.post(resource, &body).await;
        if index < 9 {
            answer.refused(403, "wrong_signature");
        } else {
            answer.refused(429, "too_many_wrong_signatures");
        }
    }
    // Refused is what would be signed right, whatever the resource.
    for (resource, body) in [
        ("Account/Create", stranger.create_body(&api_key, &secret)),
        ("Account/Login", agent.login_body()),
        ("Crypto/CreateKey", agent.create_key_body("ed25519", "t")),
        (
            "Crypto/SignData",
            agent.use_body("ed25519", "s", "data", "AAAA"),
        ),
    ] {
        let answer = agent.post(resource, &body).await;
        answer.refused(429, "too_many_wrong_signatures");
    }
}

#[tokio::test(start_paused = true)]
async fn a_right_signature_sets_nothing_back() {
    let agent = Server::start().await.agent("alice").await;
    let guesser = guesser(&agent);
    for _ in 0..9 {
        guesser.login().await.refused(403, "wrong_signature");
        agent.login().await.json();
    }
    is_refused_for(&guesser.login().await, 60);
}

#[tokio::test(start_paused = true)]
async fn the_addresses_of_one_ipv6_network_are_one() {
    let agent = Server::start().await.agent("alice").await;
    for host in 1..=10 {
        let address = format!("2001:db8:0:1:{host:x}::{host:x}");
        let answer = at(&guesser(&agent), &address).login().await;
        assert_eq!(answer.status.as_u16(), if host < 10 { 403 } else { 429 });
    }
    let same = at(&agent, "2001:db8:0:1:ffff:ffff:ffff:ffff");
    is_refused_for(&same.login().await, 60);
    at(&agent, "2001:db8:0:2::1").login().await.json();
}

#[tokio::test(start_paused = true)]
async fn an_ipv4_address_within_ipv6_is_that_address() {
    let agent = Server::start().await.agent("alice").await;
    for number in 0..10 {
        let address = ["198.51.100.1", "::ffff:198.51.100.1"][number % 2];
        at(&guesser(&agent), address).login().await;
    }
    is_refused_for(&at(&agent, "198.51.100.1").login().await, 60);
    at(&agent, "198.51.100.2").login().await.json();
}

/// Logs in through the proxy at `agent`'s address, which says on whose behalf.
async fn login_through_proxy(agent: &Agent, forwarded_for: &str) -> Answer {
    let body = agent.login_body().to_string();
    let mut request = request("/Agent/Account/Login", None, "application/json", &body);
    let forwarded_for = forwarded_for.parse().unwrap();
    request
        .headers_mut()
        .insert("x-forwarded-for", forwarded_for);
    agent.server.send(request).await
}

#[tokio::test(start_paused = true)]
async fn behind_a_proxy_callers_are_counted_by_what_it_appends_if_that_is_believed() {
    let believing =
        |settings: ApiSettings| settings.client_address(ClientAddress::LastForwardedFor);
    let agent = Server::with(believing).await.agent("alice").await;
    for number in 0..10 {
        // What comes before was written by the caller.
        let forwarded_for = format!("198.51.100.{number}, 203.0.113.1");
        login_through_proxy(&guesser(&agent), &forwarded_for).await;
    }
    let refused = login_through_proxy(&agent, "203.0.113.1").await;
    is_refused_for(&refused, 60);
    login_through_proxy(&agent, "203.0.113.1, 198.51.100.1")
        .await
        .json();
    agent.login().await.json();

    let agent = Server::start().await.agent("alice").await;
    for number in 0..10 {
        let forwarded_for = format!("198.51.100.{number}");
        login_through_proxy(&guesser(&agent), &forwarded_for).await;
    }
    let refused = login_through_proxy(&agent, "203.0.113.1").await;
    is_refused_for(&refused, 60);
}

#[tokio::test(start_paused = true)]
async fn a_thousand_guesses_at_once_are_ten() {
    let master = MasterKey::generate().unwrap();
    // Whoever asks this store lets all others go first, so all are admitted before one is judged.
    let server = Server::over(hesitant(), &master, |settings| settings).await;
    let agent = server.agent("alice").await;
    let guesser = guesser(&agent);
    let thousand = (0..1000).map(|_| guesser.login());
    // The last one guesses right.
    let (answers, right) = tokio::join!(join_all(thousand), agent.login());
    let looked_at = answers.iter().filter(|it| it.status == 403).count();
    let refused = answers.iter().filter(|it| it.status == 429).count();
    assert_eq!((looked_at, refused), (9, 991));
    right.refused(429, "too_many_wrong_signatures");
}

#[tokio::test]
async fn an_account_claims_so_many_nonces_a_minute_and_others_are_not_held_up() {
    let server = Server::start().await;
    let (alice, bob) = (server.agent("alice").await, server.agent("bob").await);
    let mut refused = None;
    for _ in 0..200 {
        let answer = alice.login().await;
        if answer.status != 200 {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.unwrap();
    refused.refused(429, "rate_limited");
    assert!(refused.headers.contains_key("retry-after"));
    bob.login().await.json();
}

#[tokio::test]
async fn whoever_has_an_api_key_uses_up_no_nonces_of_an_account() {
    let server = Server::start().await;
    let alice = server.agent("alice").await;
    let (api_key, secret) = server.api_key().await;
    let impostor = Agent {
        password: "another".to_owned(),
        ..server.stranger("alice")
    };
    let mut codes = Vec::new();
    for _ in 0..200 {
        let answer = impostor.create(&api_key, &secret).await;
        codes.push(answer.code().to_owned());
    }
    assert_eq!(codes[0], "account_exists");
    // It is the api key that has asked too often.
    assert!(codes.contains(&"rate_limited".to_owned()));
    alice.login().await.json();
    server.agent("bob").await;
}
