//! Forward authentication, by the conventions of the proxies that ask.

use countersign::BodyPolicy;
use countersign_gateway::{Convention, GatewayConfig};

use crate::support::client::{Answer, send};
use crate::support::sign::{ID, Message, PRINCIPAL};
use crate::support::{Running, with_schemes};

fn config() -> GatewayConfig {
    with_schemes(GatewayConfig::forward_auth())
}

/// How a proxy turns a request into its question.
type Describe = fn(&Message) -> Message;

/// As nginx asks about `original` with the configuration that the documentation gives.
fn nginx(original: &Message) -> Message {
    let mut question = Message::get("/verify").host(&original.host);
    question.headers = original.headers.clone();
    question = question
        .header("x-original-method", original.method.as_str())
        .header("x-original-uri", &original.target);
    let length = original.body.len().to_string();
    question.header("x-original-content-length", &length)
}

/// As Traefik asks.
fn traefik(original: &Message) -> Message {
    let mut question = Message::get("/").host("auth.internal");
    question.headers = original.headers.clone();
    question
        .header("x-forwarded-method", original.method.as_str())
        .header("x-forwarded-uri", &original.target)
        .header("x-forwarded-host", &original.host)
        .header("x-forwarded-proto", "http")
}

async fn ask(gateway: &Running, question: &Message) -> Answer {
    send(gateway.address, question).await
}

#[tokio::test]
async fn a_good_request_is_admitted_with_its_identity_and_a_bad_one_is_not() {
    let gateway = Running::start(config()).await;
    for describe in [nginx, traefik] {
        for name in [
            "auth-key",
            "auth-key-v3",
            "hmac-auth",
            "hmac-auth-sha256",
            "moxie",
        ] {
            let original = || Message::get("//a/../b;x=%2f?a=1&&b").sign(name);
            let answer = ask(&gateway, &describe(&original())).await;
            assert_eq!(answer.status, 200, "{name}: {answer:?}");
            assert_eq!(answer.header("x-countersign-principal"), PRINCIPAL);
            assert_eq!(answer.header("x-countersign-key-id"), ID);
            assert_eq!(answer.header("x-countersign-scheme"), name);
            let bad = describe(&original().to("/b"));
            let answer = ask(&gateway, &bad).await;
            assert_eq!(answer.told(), (401, "invalid_credentials".into()), "{name}");
            assert_eq!(answer.header("x-countersign-code"), "invalid_credentials");
            assert_eq!(answer.header("x-countersign-principal"), "");
        }
    }
}

#[tokio::test]
async fn a_replayed_request_is_refused() {
    let gateway = Running::start(config()).await;
    for describe in [nginx, traefik] {
        let question = describe(&Message::get("/").sign("moxie"));
        assert_eq!(ask(&gateway, &question).await.status, 200);
        let again = ask(&gateway, &question).await;
        assert_eq!(again.told(), (401, "nonce_replayed".into()));
    }
}

#[tokio::test]
async fn the_question_is_never_taken_for_the_request_it_is_about() {
    let gateway = Running::start(config()).await;
    let signed = Message::get("/verify").sign("moxie");
    let answer = ask(&gateway, &signed).await;
    assert_eq!(answer.told(), (403, "untrusted_forwarding".into()));
}

#[tokio::test]
async fn bad_123_what_an_untrusted_peer_says_is_refused() {
    let gateway = Running::start(config().trusted_proxy("192.0.2.0/24")).await;
    let original = Message::get("/").sign("moxie");
    let answer = ask(&gateway, &nginx(&original)).await;
    assert_eq!(answer.told(), (403, "untrusted_forwarding".into()));
    let answer = ask(&gateway, &traefik(&original)).await;
    assert_eq!(answer.told(), (400, "untrusted_forwarding".into()));
}

#[tokio::test]
async fn a_client_cannot_add_a_second_description() {
    let signed = Message::get("/public").sign("moxie");
    let smuggled = signed
        .clone()
        .header("x-forwarded-uri", "/admin")
        .header("x-forwarded-method", "GET");
    let gateway = Running::start(config()).await;
    let answer = ask(&gateway, &nginx(&smuggled)).await;
    assert_eq!(answer.told(), (403, "untrusted_forwarding".into()));
    let gateway = Running::start(config().convention(Convention::Original)).await;
    assert_eq!(ask(&gateway, &nginx(&smuggled)).await.status, 200);
    let twice = signed.header("x-original-uri", "/admin");
    let answer = ask(&gateway, &nginx(&twice)).await;
    assert_eq!(answer.told(), (403, "invalid_target".into()));
}

#[tokio::test]
async fn with_a_body_the_answer_says_which_schemes_can_still_be_verified() {
    let gateway = Running::start(config()).await;
    for describe in [nginx, traefik] {
        for name in ["auth-key", "hmac-auth", "hmac-auth-sha256"] {
            let answer = ask(&gateway, &describe(&Message::post("/", "hello").sign(name))).await;
            assert_eq!(answer.told(), (401, "missing_digest".into()), "{name}");
            let schemes = &answer.json()["verifiable_schemes"];
            assert_eq!(*schemes, serde_json::json!(["moxie", "basic"]));
        }
        let moxie = describe(&Message::post("/", "hello").sign("moxie"));
        assert_eq!(ask(&gateway, &moxie).await.status, 200);
    }
    let empty = nginx(&Message::post("/", "").sign("hmac-auth-sha256"));
    assert_eq!(ask(&gateway, &empty).await.status, 200);
}

#[tokio::test]
async fn bodies_pass_unsigned_where_that_is_allowed() {
    let gateway = Running::start(config().body_policy(BodyPolicy::AllowUnsigned)).await;
    let describers: [Describe; 2] = [nginx, traefik];
    for (path, describe) in ["/1", "/2"].into_iter().zip(describers) {
        for name in ["auth-key", "hmac-auth-sha256", "moxie"] {
            let answer = ask(
                &gateway,
                &describe(&Message::post(path, "hello").sign(name)),
            )
            .await;
            assert_eq!(answer.status, 200, "{name}: {answer:?}");
        }
        let tampered = Message::post("/", "hello").sign("auth-key").to("/b");
        assert_eq!(ask(&gateway, &describe(&tampered)).await.status, 401);
    }
}

#[tokio::test]
async fn the_scheme_of_the_url_is_the_clients() {
    let gateway = Running::start(config()).await;
    let signed = Message::get("/").sign_with("moxie", &crate::support::sign::key(), "https");
    let mut question = traefik(&signed);
    assert_eq!(ask(&gateway, &question).await.status, 401);
    question
        .headers
        .insert("x-forwarded-proto", "https".parse().unwrap());
    assert_eq!(ask(&gateway, &question).await.status, 200);
}

#[tokio::test]
async fn forward_authorization_is_answered_for_the_proxy_to_copy() {
    let gateway = Running::start(config().forward_authorization("YAR")).await;
    let answer = ask(&gateway, &nginx(&Message::get("/").sign("moxie"))).await;
    assert_eq!(answer.header("authorization"), format!("YAR {PRINCIPAL}"));
}
