//! reqwest as a tower service under the layer.

use bytes::Bytes;
use countersign::BoxError;
use countersign::sign::SignedBody;
use countersign_tests::{Bench, Case, Server};
use http::{Request, Response};
use http_body_util::Full;
use tower::{Layer, ServiceBuilder, ServiceExt, service_fn};
use tower_http::follow_redirect::FollowRedirectLayer;

use crate::{Recorder, call, get, post, signing, verifying};

/// A client that leaves redirects to a layer outside: following them itself, it would send on the
/// credentials it was given.
fn reqwest_client() -> reqwest::Client {
    // Another package of the workspace may have turned TLS on, which then needs a provider.
    let _ = tokio_rustls::rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    client.no_proxy().build().unwrap()
}

async fn send(
    client: reqwest::Client,
    request: Request<SignedBody<Full<Bytes>>>,
) -> Result<Response<reqwest::Body>, BoxError> {
    let signed = request.uri().to_string();
    let request = reqwest::Request::try_from(request.map(reqwest::Body::wrap))?;
    // reqwest normalises URLs, and what it changes would no longer be what was signed.
    if request.url().as_str() != signed {
        return Err(format!("reqwest changes the URL to {}", request.url()).into());
    }
    Ok(client.execute(request).await?.into())
}

fn service() -> impl tower::Service<
    Request<SignedBody<Full<Bytes>>>,
    Response = Response<reqwest::Body>,
    Error = BoxError,
    Future: Send,
> + Clone
+ Send {
    let client = reqwest_client();
    service_fn(move |request| send(client.clone(), request))
}

#[tokio::test]
async fn what_it_sends_verifies_under_every_scheme() {
    for case in Case::all() {
        let bench = Bench::new();
        let server = verifying(&case, &bench).await;
        let client = signing(&case, &bench).layer(service());
        for body in ["", "hello"] {
            let url = format!("http://LOCALHOST:{}/a//b?c=%20", server.address().port());
            let answer = call(&client, post(&url, body)).await.unwrap();
            assert_eq!(answer.status, 200, "{case}: {:?}", answer.body);
            assert_eq!(answer.body, body, "{case}");
        }
        server.stop().await;
    }
}

#[tokio::test]
async fn a_url_that_it_would_change_is_an_error_and_not_a_refusal() {
    let (case, bench) = (Case::named("auth-key wiki"), Bench::new());
    let client = signing(&case, &bench).layer(service());
    let error = client.oneshot(get("http://127.0.0.1:1/a/../b")).await;
    let error = error.unwrap_err();
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.contains("changes the URL"), "{source}");
}

#[tokio::test]
async fn a_redirect_elsewhere_carries_no_credentials() {
    let (case, bench, stranger) = (Case::named("auth-key wiki"), Bench::new(), Recorder::new());
    let elsewhere = Server::start(stranger.clone()).await;
    let location = format!("http://{}/", elsewhere.address());
    let server = Server::start(Recorder::answering(move |_| {
        let response = Response::builder()
            .status(307)
            .header("location", &location);
        response.body(Full::default()).unwrap()
    }))
    .await;
    let layer = signing(&case, &bench);
    let authorities = [server.address().to_string()];
    let client = ServiceBuilder::new()
        .layer(FollowRedirectLayer::new())
        .layer(layer.for_authorities(authorities).unwrap())
        .service(service());
    let url = format!("http://{}/", server.address());
    assert_eq!(call(&client, get(&url)).await.unwrap().status, 200);
    let headers = stranger.last().headers;
    assert!(!headers.contains_key("auth-key") && !headers.contains_key("x-mac-nonce"));
    elsewhere.stop().await;
    server.stop().await;
}
