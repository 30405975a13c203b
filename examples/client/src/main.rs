//! A client that signs: hyper-util's, under a layer that follows redirects.
//!
//! ```sh
//! cargo run -p example-client
//! ```
//!
//! It starts a service to call, calls it, and prints what came back; then `curl` lines to compare
//! with.

use std::net::SocketAddr;

use axum::Router;
use axum::response::Redirect;
use axum::routing::get;
use bytes::Bytes;
use countersign::sign::Rotating;
use countersign::{
    AuthKey, AuthKeyLayer, Clock, ConfigError, ManualClock, SignLayer, SigningKey, StaticKeys,
    SystemClock, Verified,
};
use example_support::{Demo, Result};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use tower::{Service, ServiceBuilder, ServiceExt};
use tower_http::follow_redirect::FollowRedirectLayer;

/// The secrets of one key: the one in use, and the one that follows it.
const SECRETS: [&str; 2] = [
    "x2gCM9vu1dYq0HkYgkq4M1mYd6u5i2m1JZb8dqzH3nE",
    "kq8sB0m2Jr1v6o3lQvT4hYw7cN5eXg9uZdAaPfRiL1M",
];

fn key(secret: &str) -> std::result::Result<SigningKey, ConfigError> {
    SigningKey::new("example-id", secret, "dave@example.com")
}

/// What is to be called: it knows both secrets.
fn service() -> std::result::Result<Router, ConfigError> {
    let keys = StaticKeys::new([key(SECRETS[1])?, key(SECRETS[0])?]);
    let hello = |caller: Verified, body: String| async move {
        format!(
            "hello {}, you sent {} bytes\n",
            caller.principal(),
            body.len()
        )
    };
    Ok(Router::new()
        .route("/", get(hello).post(hello))
        .route("/old", get(|| async { Redirect::temporary("/") }))
        .layer(AuthKeyLayer::new(keys)))
}

#[tokio::main]
async fn main() -> Result<()> {
    let listener = example_support::listen().await?;
    let address = listener.local_addr()?;
    let app = service()?;
    let server = tokio::spawn(async move {
        axum::serve(listener, app)
            .with_graceful_shutdown(example_support::interrupted())
            .await
    });
    call(address).await?;

    println!("\nThe same by hand:");
    Demo::post(address, "/", "hello")?
        .sign(&AuthKey::default(), &key(SECRETS[0])?)?
        .print("signed", 200);
    Demo::get(address, "/")?.print("not signed", 401);
    println!("ready");
    server.await??;
    Ok(())
}

async fn call(address: SocketAddr) -> Result<()> {
    let credentials = Rotating::new(key(SECRETS[0])?);
    let signing = SignLayer::new(AuthKey::default(), credentials.clone())
        .for_authorities([address.to_string()])?;
    let hyper = || Client::builder(TokioExecutor::new()).build_http();
    let client = ServiceBuilder::new()
        .layer(FollowRedirectLayer::new())
        // Innermost: the redirected request is signed anew.
        .layer(signing.clone())
        .service(hyper());

    let url = |path: &str| format!("http://{address}{path}");
    show("signed", &client, Request::get(url("/"))).await;
    show("redirected", &client, Request::get(url("/old"))).await;
    credentials.rotate(key(SECRETS[1])?);
    show("rotated", &client, Request::post(url("/"))).await;

    // A clock that is a day slow: named, or followed when that is allowed.
    let yesterday = ManualClock::new(SystemClock.now().plus(-86_400));
    let slow = signing.clock(yesterday);
    let strict = ServiceBuilder::new().layer(slow.clone()).service(hyper());
    show("slow clock", &strict, Request::get(url("/"))).await;
    let following = ServiceBuilder::new()
        .layer(slow.adjust_clock())
        .service(hyper());
    show("followed", &following, Request::get(url("/"))).await;
    Ok(())
}

/// Sends a request, with a body if it is a POST, and prints what came back.
async fn show<S, A>(what: &str, client: &S, request: http::request::Builder)
where
    S: Service<Request<Full<Bytes>>, Response = Response<A>> + Clone,
    S::Error: std::error::Error,
    A: BodyExt<Data = Bytes>,
    A::Error: std::fmt::Debug,
{
    let is_post = request.method_ref() == Some(&http::Method::POST);
    let body = Full::from(if is_post { "hello" } else { "" });
    let Ok(request) = request.body(body) else {
        return println!("  {what:10} is no request");
    };
    match client.clone().oneshot(request).await {
        Err(error) => println!("  {what:10} error {error}"),
        Ok(answer) => {
            let status = answer.status().as_u16();
            let body = answer.into_body().collect().await;
            let text = body.map(http_body_util::Collected::to_bytes);
            let text = text.unwrap_or_default();
            println!(
                "  {what:10} {status}   {}",
                String::from_utf8_lossy(&text).trim_end()
            );
        }
    }
}
