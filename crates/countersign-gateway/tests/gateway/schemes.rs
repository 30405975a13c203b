//! Every scheme, through the gateway to the service behind it.

use crate::support::client::send;
use crate::support::sign::{self, Message};
use crate::support::upstream::Echo;
use crate::support::{Running, proxy};
use countersign_gateway::{GatewayConfig, SCHEME_NAMES};

async fn gateway(name: &str, upstream: &Echo) -> Running {
    let url = format!("http://{}", upstream.address);
    let config = GatewayConfig::reverse_proxy(url)
        .keys(sign::keys())
        .scheme(name);
    Running::start(config).await
}

fn good(name: &str) -> Message {
    Message::post("/users?page=2", "hello").sign(name)
}

#[tokio::test]
async fn a_good_request_of_every_scheme_arrives_whole() {
    let echo = Echo::start().await;
    for name in SCHEME_NAMES {
        let gateway = gateway(name, &echo).await;
        let answer = send(gateway.address, &good(name)).await;
        assert_eq!(answer.status, 200, "{name}: {answer:?}");
        let got = answer.json();
        assert_eq!(got["method"], "POST", "{name}");
        assert_eq!(got["target"], "/users?page=2", "{name}");
        assert_eq!(got["body"], "hello", "{name}");
        assert_eq!(answer.echoed("x-countersign-principal"), sign::PRINCIPAL);
        assert_eq!(answer.echoed("x-countersign-scheme"), name);
    }
}

#[tokio::test]
async fn a_tampered_request_of_every_scheme_is_refused_before_the_service() {
    let echo = Echo::start().await;
    for name in SCHEME_NAMES.into_iter().filter(|name| *name != "basic") {
        let gateway = gateway(name, &echo).await;
        let answer = send(gateway.address, &good(name).to("/users?page=3")).await;
        assert_eq!(answer.told(), (401, "invalid_credentials".into()), "{name}");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert!(!answer.header("www-authenticate").is_empty());
        if sign::scheme(name).body_digest().is_some() {
            let answer = send(gateway.address, &good(name).with_body("hullo")).await;
            assert_eq!(answer.told(), (401, "digest_mismatch".into()), "{name}");
        }
    }
    assert_eq!(echo.calls(), 0);
}

#[tokio::test]
async fn a_replayed_request_of_every_scheme_is_refused() {
    let echo = Echo::start().await;
    for name in SCHEME_NAMES.into_iter().filter(|name| *name != "basic") {
        let gateway = gateway(name, &echo).await;
        let message = good(name);
        assert_eq!(send(gateway.address, &message).await.status, 200, "{name}");
        let again = send(gateway.address, &message).await;
        assert_eq!(again.told(), (401, "nonce_replayed".into()), "{name}");
    }
}

#[tokio::test]
async fn a_key_unknown_to_basic_and_an_unsigned_request_are_refused() {
    let echo = Echo::start().await;
    let gateway = gateway("basic", &echo).await;
    let wrong = Message::get("/").header("authorization", "Basic bm9ib2R5LWtub3dzLXRoaXMta2V5Og==");
    let answer = send(gateway.address, &wrong).await;
    assert_eq!(answer.told(), (401, "invalid_credentials".into()));
    let answer = send(gateway.address, &Message::get("/")).await;
    assert_eq!(answer.told(), (401, "missing_credentials".into()));
    assert_eq!(echo.calls(), 0);
}

#[tokio::test]
async fn several_schemes_at_once_each_verify_and_two_credentials_are_ambiguous() {
    let echo = Echo::start().await;
    let gateway = Running::start(proxy(echo.address)).await;
    for name in [
        "auth-key",
        "auth-key-v3",
        "hmac-auth",
        "hmac-auth-sha256",
        "moxie",
    ] {
        let answer = send(gateway.address, &good(name)).await;
        assert_eq!(answer.status, 200, "{name}: {answer:?}");
    }
    let both = good("hmac-auth").sign("auth-key");
    let answer = send(gateway.address, &both).await;
    assert_eq!(answer.told(), (400, "ambiguous_credentials".into()));
}

#[tokio::test]
async fn connections_to_the_upstream_are_used_again() {
    let echo = Echo::start().await;
    let gateway = gateway("hmac-auth-sha256", &echo).await;
    for turn in 0..20 {
        let message = Message::get(&format!("/{turn}")).sign("hmac-auth-sha256");
        assert_eq!(send(gateway.address, &message).await.status, 200);
    }
    assert_eq!(echo.connections(), 1);
}
