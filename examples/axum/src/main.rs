//! An axum service with one route for each scheme.
//!
//! ```sh
//! cargo run --release -p example-axum
//! ```
//!
//! It starts the service, sends itself a good, a tampered and a replayed request under every
//! scheme, prints the answers, and then `curl` lines to try by hand.

use std::net::SocketAddr;

use axum::Router;
use axum::routing::post;
use countersign::{
    AuthKey, AuthKeyLayer, ConfigError, HmacAuth, HmacAuthLayer, Mac, MacLayer, Moxie, MoxieLayer,
    Scheme, SigningKey, StaticKeys, Verified,
};
use example_support::{Demo, Result};

/// 32 random bytes in base64url, as MAC demands; the other schemes take any text.
const SECRET: &str = "EM92Jdqi6zTuakxr6D3GLi2hO37lCitYs69ZGghJE7g";

fn key() -> std::result::Result<SigningKey, ConfigError> {
    SigningKey::new("example-id", SECRET, "dave@example.com")
}

async fn hello(caller: Verified) -> String {
    format!(
        "hello {}, signed with {}\n",
        caller.principal(),
        caller.scheme()
    )
}

fn app() -> std::result::Result<Router, ConfigError> {
    // One set of keys; each layer remembers accepted requests for itself.
    let keys = StaticKeys::new([key()?]);
    let route = || post(hello).get(hello);
    Ok(Router::new()
        .route("/auth-key", route().layer(AuthKeyLayer::new(keys.clone())))
        .route(
            "/hmac-auth",
            route().layer(HmacAuthLayer::of(HmacAuth::sha256(), keys.clone())),
        )
        .route("/moxie", route().layer(MoxieLayer::new(keys.clone())))
        .route("/mac", route().layer(MacLayer::new(keys))))
}

#[tokio::main]
async fn main() -> Result<()> {
    let listener = example_support::listen().await?;
    let address = listener.local_addr()?;
    let app = app()?;
    let server = tokio::spawn(async move {
        axum::serve(listener, app)
            .with_graceful_shutdown(example_support::interrupted())
            .await
    });

    let schemes: [(&str, Box<dyn Scheme>); 4] = [
        ("/auth-key", Box::new(AuthKey::default())),
        ("/hmac-auth", Box::new(HmacAuth::sha256())),
        ("/moxie", Box::new(Moxie::default())),
        ("/mac", Box::new(Mac::yar())),
    ];
    for (path, scheme) in &schemes {
        show(address, path, &**scheme).await?;
    }
    println!("\nTry it yourself (each line works once, within the window):");
    for (path, scheme) in &schemes {
        // Another target than above: to HMAC-Auth, which has no nonce, two identical requests signed
        // in one second are one request.
        Demo::post(address, &format!("{path}?by=hand"), "hello")?
            .sign(&**scheme, &key()?)?
            .print(&format!("signed with {}", scheme.id()), 200);
    }
    Demo::get(address, "/auth-key")?.print("not signed", 401);
    println!("ready");
    server.await??;
    Ok(())
}

/// Sends a good, a tampered and a replayed request, and prints the answers.
async fn show(address: SocketAddr, path: &str, scheme: &dyn Scheme) -> Result<()> {
    let sign = || Demo::post(address, path, "hello")?.sign(scheme, &key()?);
    let good = sign()?;
    println!("\n{}", scheme.id());
    for (what, request) in [
        ("signed", good.clone()),
        ("tampered", sign()?.tampered(&format!("{path}?admin=true"))?),
        ("replayed", good),
    ] {
        let (status, body) = request.send().await?;
        println!("  {what:9} {status}  {}", body.trim_end());
    }
    Ok(())
}
