//! Optional, report-only, preflights.

use countersign_gateway::Admission;

use crate::support::client::send;
use crate::support::sign::{Message, PRINCIPAL};
use crate::support::upstream::Echo;
use crate::support::{Running, proxy};

#[tokio::test]
async fn bad_176_optional_passes_no_credentials_but_never_bad_ones() {
    let echo = Echo::start().await;
    let gateway = Running::start(proxy(echo.address).admission(Admission::Optional)).await;
    let anonymous = send(gateway.address, &Message::get("/")).await;
    assert_eq!(anonymous.status, 200);
    assert_eq!(anonymous.echoed("x-countersign-principal"), "");
    let signed = send(gateway.address, &Message::get("/").sign("moxie")).await;
    assert_eq!(signed.echoed("x-countersign-principal"), PRINCIPAL);
    let bad = send(gateway.address, &Message::get("/").sign("moxie").to("/b")).await;
    assert_eq!(bad.told(), (401, "invalid_credentials".into()));
}

#[tokio::test]
async fn bad_177_report_only_passes_everything_and_names_nobody() {
    let echo = Echo::start().await;
    let gateway = Running::start(proxy(echo.address).admission(Admission::ReportOnly)).await;
    let message = Message::post("/", "hello")
        .sign("hmac-auth-sha256")
        .with_body("hullo");
    let answer = send(gateway.address, &message).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["body"], "hullo");
    assert_eq!(answer.echoed("x-countersign-principal"), "");
}

#[tokio::test]
async fn bad_173_only_a_real_preflight_passes_and_only_if_allowed() {
    let echo = Echo::start().await;
    let preflight = Message::new("OPTIONS", "/")
        .header("origin", "https://a.example")
        .header("access-control-request-method", "PUT");
    let strict = Running::in_front_of(echo.address).await;
    assert_eq!(send(strict.address, &preflight).await.status, 401);
    let gateway = Running::start(proxy(echo.address).allow_preflight()).await;
    assert_eq!(send(gateway.address, &preflight).await.status, 200);
    assert_eq!(
        send(gateway.address, &Message::new("OPTIONS", "/"))
            .await
            .status,
        401
    );
}

#[tokio::test]
async fn bad_155_a_body_over_the_limit_is_refused() {
    let echo = Echo::start().await;
    let gateway = Running::start(proxy(echo.address).max_body(4)).await;
    let answer = send(gateway.address, &Message::post("/", "hello").sign("moxie")).await;
    assert_eq!(answer.told(), (413, "body_too_large".into()));
    assert_eq!(echo.calls(), 0);
}

#[tokio::test]
async fn a_public_base_url_is_what_clients_sign() {
    let echo = Echo::start().await;
    let config = proxy(echo.address).public_base_url("http://public.example.org");
    let gateway = Running::start(config).await;
    let signed = Message::get("/").host("public.example.org").sign("moxie");
    let answer = send(gateway.address, &signed.host("internal")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}
