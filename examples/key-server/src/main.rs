//! An axum service whose secrets come from a key server.
//!
//! ```sh
//! cargo run --release -p example-key-server
//! ```
//!
//! It starts a key server in this process, has two credentials issued, revokes one of them, sends
//! itself requests signed with both, prints the answers, and then `curl` lines to try by hand. In
//! earnest the key server is a program of its own, `key_server`, and the service has only its URL
//! and a token.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use countersign::keys::CachedLookup;
use countersign::{AuthKey, AuthKeyLayer, SigningKey, Verified};
use countersign_client::{AdminClient, AuthScheme, Connection, KeyServerClient, NewCredential};
use countersign_key_server::api::{ApiSettings, router};
use countersign_key_server::registry::Registry;
use countersign_key_server::seal::MasterKey;
use countersign_key_server::store::MemoryStore;
use example_support::{Demo, Result};
use tokio::net::TcpListener;

/// Starts a key server that forgets everything when it ends; where it is.
async fn start_key_server() -> Result<String> {
    let store = Arc::new(MemoryStore::new());
    let registry = Registry::open(store, &MasterKey::generate()?).await?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let app = router(Arc::new(registry), ApiSettings::new(address))
        .into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok(format!("http://{address}"))
}

async fn hello(caller: Verified) -> String {
    format!("hello {}\n", caller.principal())
}

#[tokio::main]
async fn main() -> Result<()> {
    let connection = Connection::to(start_key_server().await?)?;
    let admin = AdminClient::new(connection.clone());

    // Remembers keys for a minute; a clone is kept to be told of revocations.
    let keys = CachedLookup::new(KeyServerClient::new(connection));
    let app = Router::new()
        .route("/hello", get(hello))
        .layer(AuthKeyLayer::new(keys.clone()));

    let listener = example_support::listen().await?;
    let address = listener.local_addr()?;
    let server = tokio::spawn(async move {
        axum::serve(listener, app)
            .with_graceful_shutdown(example_support::interrupted())
            .await
    });

    let issue = async |principal: &str| -> Result<SigningKey> {
        let new = NewCredential::new(principal, AuthScheme::AuthKey);
        Ok(admin.create(&new).await?.signing_key()?)
    };
    let dave = issue("dave@example.com").await?;
    let carol = issue("carol@example.com").await?;

    show(address, "dave", &dave).await?;
    show(address, "carol", &carol).await?;
    admin.delete(carol.id()).await?;
    show(address, "carol, deleted but remembered", &carol).await?;
    keys.invalidate(carol.id());
    show(address, "carol, after the cache was told", &carol).await?;

    println!("\nTry it yourself (each line works once, within the window):");
    signed(address, &dave)?.print("signed with a credential of the key server", 200);
    signed(address, &dave)?
        .tampered("/hello?admin=true")?
        .print("changed after signing", 401);
    signed(address, &carol)?.print("signed with a revoked credential", 401);
    println!("ready");
    server.await??;
    Ok(())
}

fn signed(address: SocketAddr, key: &SigningKey) -> Result<Demo> {
    Demo::get(address, "/hello")?.sign(&AuthKey::default(), key)
}

async fn show(address: SocketAddr, who: &str, key: &SigningKey) -> Result<()> {
    let (status, body) = signed(address, key)?.send().await?;
    println!("  {who:32} {status}  {}", body.trim_end());
    Ok(())
}
