//! Envoy's questions over gRPC, with the body.

use std::collections::HashMap;

use countersign_gateway::GatewayConfig;
use envoy_types::ext_authz::v3::pb::{
    CheckRequest, CheckResponse, DeniedHttpResponse, HttpResponse, OkHttpResponse,
};
use envoy_types::pb::envoy::service::auth::v3::AttributeContext;
use envoy_types::pb::envoy::service::auth::v3::attribute_context::{HttpRequest, Request};
use envoy_types::pb::envoy::service::auth::v3::authorization_client::AuthorizationClient;

use crate::support::sign::{Message, PRINCIPAL};
use crate::support::{Running, with_schemes, within};

fn config() -> GatewayConfig {
    with_schemes(GatewayConfig::forward_auth()).ext_authz_listen("127.0.0.1:0")
}

/// As Envoy asks about `original` with `with_request_body` and `pack_as_bytes`.
fn question(original: &Message) -> HttpRequest {
    let text = |value: &http::HeaderValue| value.to_str().unwrap().to_owned();
    let mut headers: HashMap<_, _> = original
        .headers
        .iter()
        .map(|(name, value)| (name.to_string(), text(value)))
        .collect();
    headers.insert(":path".to_owned(), original.target.clone());
    if !original.body.is_empty() {
        let length = original.body.len().to_string();
        headers.insert("content-length".to_owned(), length);
    }
    HttpRequest {
        method: original.method.to_string(),
        path: original.target.clone(),
        host: original.host.clone(),
        scheme: "http".to_owned(),
        headers,
        raw_body: original.body.clone(),
        ..HttpRequest::default()
    }
}

async fn ask(gateway: &Running, http: HttpRequest) -> Result<CheckResponse, tonic::Status> {
    let url = format!("http://{}", gateway.ext_authz.unwrap());
    let request = CheckRequest {
        attributes: Some(AttributeContext {
            request: Some(Request {
                http: Some(http),
                ..Request::default()
            }),
            ..AttributeContext::default()
        }),
    };
    let asking = async {
        let mut client = AuthorizationClient::connect(url).await.unwrap();
        client.check(request).await.map(tonic::Response::into_inner)
    };
    within("the answer", Box::pin(asking)).await
}

async fn admitted(gateway: &Running, original: &Message) -> OkHttpResponse {
    let answer = ask(gateway, question(original)).await.unwrap();
    assert_eq!(answer.status.unwrap().code, 0);
    match answer.http_response.unwrap() {
        HttpResponse::OkResponse(ok) => ok,
        other => panic!("{other:?}"),
    }
}

async fn denied(gateway: &Running, http: HttpRequest) -> (i32, String) {
    let answer = ask(gateway, http).await.unwrap();
    assert_ne!(answer.status.unwrap().code, 0);
    let DeniedHttpResponse { status, body, .. } = match answer.http_response.unwrap() {
        HttpResponse::DeniedResponse(denied) => denied,
        other => panic!("{other:?}"),
    };
    let problem: serde_json::Value = serde_json::from_str(&body).unwrap();
    let code = problem["code"].as_str().unwrap().to_owned();
    (status.unwrap().code, code)
}

#[tokio::test]
async fn a_request_is_verified_together_with_its_body() {
    let gateway = Running::start(config()).await;
    for name in [
        "auth-key",
        "auth-key-v3",
        "hmac-auth",
        "hmac-auth-sha256",
        "moxie",
    ] {
        let original = || Message::post("//a/../b;x=%2f?a=1&&b", "hello").sign(name);
        let admitted = admitted(&gateway, &original()).await;
        let mut written = admitted
            .headers
            .iter()
            .filter_map(|option| option.header.as_ref());
        let principal = written.find(|header| header.key == "x-countersign-principal");
        assert_eq!(principal.unwrap().value, PRINCIPAL, "{name}");

        let tampered = question(&original().to("/b"));
        let told = denied(&gateway, tampered).await;
        assert_eq!(told, (401, "invalid_credentials".into()), "{name}");
        if name.starts_with("hmac") || name.starts_with("auth") {
            let told = denied(&gateway, question(&original().with_body("hullo"))).await;
            assert_eq!(told, (401, "digest_mismatch".into()), "{name}");
        }
        let replayed = question(&original());
        ask(&gateway, replayed.clone()).await.unwrap();
        assert_eq!(
            denied(&gateway, replayed).await,
            (401, "nonce_replayed".into())
        );
    }
}

#[tokio::test]
async fn a_body_that_envoy_keeps_leaves_only_schemes_that_sign_none() {
    let gateway = Running::start(config()).await;
    let kept = |name| {
        let mut question = question(&Message::post("/", "hello").sign(name));
        question.raw_body.clear();
        question
    };
    let told = denied(&gateway, kept("hmac-auth-sha256")).await;
    assert_eq!(told, (401, "missing_digest".into()));
    assert_eq!(
        ask(&gateway, kept("moxie"))
            .await
            .unwrap()
            .status
            .unwrap()
            .code,
        0
    );
}

#[tokio::test]
async fn the_clients_identity_headers_are_removed_or_overwritten() {
    let gateway = Running::start(config()).await;
    let original = Message::get("/")
        .sign("moxie")
        .header("x-countersign-principal", "admin")
        .header("x_countersign_principal", "admin");
    let admitted = admitted(&gateway, &original).await;
    assert!(
        admitted
            .headers_to_remove
            .contains(&"x_countersign_principal".to_owned())
    );
    assert!(
        admitted
            .headers_to_remove
            .contains(&"x-http-method-override".to_owned())
    );
    assert!(
        !admitted
            .headers_to_remove
            .contains(&"x-countersign-principal".to_owned())
    );
}

#[tokio::test]
async fn peers_that_are_not_trusted_get_no_answer() {
    let gateway = Running::start(config().trusted_proxy("192.0.2.1")).await;
    let refused = ask(&gateway, question(&Message::get("/").sign("moxie"))).await;
    assert_eq!(refused.unwrap_err().code(), tonic::Code::PermissionDenied);
}
