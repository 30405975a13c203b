//! What must hold behind every proxy.

use super::deployment::{Deployment, Proxy};
use super::support::client::Answer;
use super::support::sign::{ID, Message, PRINCIPAL};

/// Asserts that `answer` is a refusal for the reason of this code.
pub(crate) fn refused(answer: &Answer, code: &str) {
    assert_eq!(answer.status, 401, "{answer:?}");
    assert_eq!(answer.header("x-countersign-code"), code, "{answer:?}");
}

/// A good request arrives, and the service learns who sent it.
pub(crate) async fn a_good_request_passes(proxy: &Proxy) {
    let deployment = Deployment::of(proxy).await;
    for name in ["auth-key", "auth-key-v3", "hmac-auth-sha256", "moxie"] {
        let signed = Message::get("/things?limit=2").sign(name);
        let answer = deployment.send(&signed).await;
        assert_eq!(answer.status, 200, "{name}: {answer:?}");
        assert_eq!(answer.echoed("x-countersign-principal"), PRINCIPAL);
        assert_eq!(answer.echoed("x-countersign-key-id"), ID);
        assert_eq!(answer.echoed("x-countersign-scheme"), name);
        assert_eq!(answer.json()["target"], "/things?limit=2");
    }
    assert_eq!(deployment.service.calls(), 4);
}

/// A request that was changed on its way is refused, and the service does not hear of it.
pub(crate) async fn a_tampered_request_is_refused(proxy: &Proxy) {
    let deployment = Deployment::of(proxy).await;
    let signed = || Message::get("/things?limit=2").sign("auth-key");
    let mut other_method = signed();
    other_method.method = http::Method::DELETE;
    for tampered in [
        signed().to("/things?limit=3"),
        signed().to("/other?limit=2"),
        // Auth-Key does not cover the host.
        Message::get("/").sign("moxie").host("other.example.org"),
        other_method,
    ] {
        refused(&deployment.send(&tampered).await, "invalid_credentials");
    }
    assert_eq!(deployment.service.calls(), 0);
}

/// The same request passes once.
pub(crate) async fn a_replayed_request_is_refused(proxy: &Proxy) {
    let deployment = Deployment::of(proxy).await;
    let signed = Message::get("/things").sign("auth-key");
    assert_eq!(deployment.send(&signed).await.status, 200);
    refused(&deployment.send(&signed).await, "nonce_replayed");
    assert_eq!(deployment.service.calls(), 1);
}

/// What a client says about itself does not reach the service.
pub(crate) async fn claimed_identities_are_taken_off(proxy: &Proxy) {
    let deployment = Deployment::of(proxy).await;
    let mut claiming = Message::get("/things").sign("auth-key");
    let claims = ["principal", "key-id", "scheme"].map(|name| format!("x-countersign-{name}"));
    let underscored = claims.clone().map(|name| name.replace('-', "_"));
    let methods = [
        "x-http-method-override",
        "x-http-method",
        "x-method-override",
    ];
    for name in claims.iter().chain(&underscored) {
        claiming = claiming.header(name, "admin");
    }
    for name in methods {
        claiming = claiming.header(name, "DELETE");
    }
    let answer = deployment.send(&claiming).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.echoed("x-countersign-principal"), PRINCIPAL);
    assert_eq!(answer.echoed("x-countersign-key-id"), ID);
    assert_eq!(answer.echoed("x-countersign-scheme"), "auth-key");
    for name in underscored.iter().map(String::as_str).chain(methods) {
        assert_eq!(answer.echoed(name), "", "{name}");
    }
}

/// A client cannot describe another request to the verifier than the one the proxy sends on.
pub(crate) async fn a_clients_own_description_is_not_believed(proxy: &Proxy) {
    let deployment = Deployment::of(proxy).await;
    let described = |signed: Message| {
        ["x-original", "x-forwarded"]
            .iter()
            .fold(signed, |message, prefix| {
                let message = message.header(&format!("{prefix}-method"), "GET");
                message.header(&format!("{prefix}-uri"), "/public")
            })
    };
    let mut smuggled = described(Message::get("/public").sign("auth-key").to("/admin"));
    refused(&deployment.send(&smuggled).await, "invalid_credentials");
    smuggled.method = http::Method::DELETE;
    refused(&deployment.send(&smuggled).await, "invalid_credentials");
    assert_eq!(deployment.service.calls(), 0);

    let own = described(Message::get("/things").sign("auth-key"));
    assert_eq!(deployment.send(&own).await.status, 200);
}

/// These targets are verified as they were sent, and reach the service so.
pub(crate) async fn raw_targets_are_kept(proxy: &Proxy, targets: &[&str]) {
    let deployment = Deployment::of(proxy).await;
    for target in targets {
        let answer = deployment
            .send(&Message::get(target).sign("auth-key"))
            .await;
        assert_eq!(answer.status, 200, "{target}: {answer:?}");
        assert_eq!(answer.json()["target"], *target);
    }
}

/// With a body, a scheme that signs it is refused, and one that signs none passes.
pub(crate) async fn bodies_pass_only_under_schemes_that_sign_none(proxy: &Proxy) {
    let deployment = Deployment::of(proxy).await;
    for name in ["auth-key", "hmac-auth-sha256"] {
        let signed = Message::post("/things", "hello").sign(name);
        refused(&deployment.send(&signed).await, "missing_digest");
    }
    assert_eq!(deployment.service.calls(), 0);
    let signed = Message::post("/things", "hello").sign("moxie");
    let answer = deployment.send(&signed).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.json()["body"], "hello");
}

/// A body that was added to a signed `GET` is noticed, with a length and without.
pub(crate) async fn a_body_added_to_a_get_is_refused(proxy: &Proxy) {
    let deployment = Deployment::of(proxy).await;
    for body in ["!", "hello"] {
        let signed = Message::get("/things").sign("auth-key").with_body(body);
        let answer = deployment.send(&signed).await;
        assert!(answer.status.is_client_error(), "{answer:?}");
        let chunked = Message::get("/things")
            .sign("auth-key")
            .header("transfer-encoding", "chunked");
        let mut bytes = chunked.bytes();
        bytes.extend(format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len()).as_bytes());
        let answer = deployment.send_raw(&bytes).await;
        assert!(answer.starts_with("HTTP/1.1 4"), "{answer}");
    }
    assert_eq!(deployment.service.calls(), 0);
}

/// Without the verifier nothing passes; the client is answered `status`.
pub(crate) async fn nothing_passes_without_the_verifier(proxy: &Proxy, status: u16) {
    let mut deployment = Deployment::of(proxy).await;
    let good = || Message::get("/things").sign("auth-key");
    assert_eq!(deployment.send(&good()).await.status, 200);
    deployment.stop_verifier().await;
    let answer = deployment.send(&good()).await;
    assert_eq!(answer.status, status, "{answer:?}");
    assert_eq!(deployment.service.calls(), 1);
}
