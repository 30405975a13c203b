//! reqwest, signing every request it sends.
//!
//! ```sh
//! cargo run -p example-reqwest
//! ```
//!
//! reqwest's client becomes a tower service of `http` types in [`send`], and the layer goes around
//! that. Retries and redirects belong outside the layer, so reqwest's own redirects are off.

use std::net::SocketAddr;

use axum::Router;
use axum::routing::post;
use bytes::Bytes;
use countersign::sign::SignedBody;
use countersign::{
    AuthKey, AuthKeyLayer, BoxError, ConfigError, SignLayer, SigningKey, StaticKeys, Verified,
};
use example_support::{Demo, Result};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use tower::{ServiceBuilder, ServiceExt};

const SECRET: &str = "3bT5d0nKQ1cVYw8yq2mE7uG4sZ6hXjRfLpAoWvBxN9I";

fn key() -> std::result::Result<SigningKey, ConfigError> {
    SigningKey::new("example-id", SECRET, "dave@example.com")
}

/// Sends a signed request with reqwest.
async fn send(
    client: reqwest::Client,
    request: Request<SignedBody<Full<Bytes>>>,
) -> std::result::Result<Response<reqwest::Body>, BoxError> {
    let signed = request.uri().to_string();
    let request = reqwest::Request::try_from(request.map(reqwest::Body::wrap))?;
    // reqwest normalises URLs, and what it changes would no longer be what was signed.
    if request.url().as_str() != signed {
        return Err(format!("reqwest changes the URL to {}", request.url()).into());
    }
    Ok(client.execute(request).await?.into())
}

async fn call(address: SocketAddr) -> Result<()> {
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()?;
    let signing = SignLayer::new(AuthKey::default(), key()?);
    let client = ServiceBuilder::new()
        .layer(signing.for_authorities([address.to_string()])?)
        .service_fn(move |request| send(client.clone(), request));
    for body in ["", "hello"] {
        let request = Request::post(format!("http://{address}/")).body(Full::from(body))?;
        let answer = client.clone().oneshot(request).await?;
        let status = answer.status().as_u16();
        let text = answer.into_body().collect().await?.to_bytes();
        println!("  {status}  {}", String::from_utf8_lossy(&text).trim_end());
    }
    Ok(())
}

#[tokio::main]
async fn main() -> Result<()> {
    // The features under which reqwest is built here leave the choice of cryptography to us.
    tokio_rustls::rustls::crypto::ring::default_provider()
        .install_default()
        .map_err(|_| "a provider is installed already")?;
    let hello = |caller: Verified, body: String| async move {
        format!(
            "hello {}, you sent {} bytes\n",
            caller.principal(),
            body.len()
        )
    };
    let layer = AuthKeyLayer::new(StaticKeys::new([key()?]));
    let app = Router::new().route("/", post(hello)).layer(layer);
    let listener = example_support::listen().await?;
    let address = listener.local_addr()?;
    let server = tokio::spawn(async move {
        axum::serve(listener, app)
            .with_graceful_shutdown(example_support::interrupted())
            .await
    });
    call(address).await?;

    Demo::post(address, "/", "hello")?
        .sign(&AuthKey::default(), &key()?)?
        .print("signed", 200);
    Demo::post(address, "/", "hello")?.print("not signed", 401);
    println!("ready");
    server.await??;
    Ok(())
}
