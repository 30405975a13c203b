//! A client without a key of its own, which has one made, kept and used by a key server.
//!
//! ```sh
//! cargo run --release -p example-agent
//! ```
//!
//! It starts a key server in this process, has an API key issued, creates an account with it, has a
//! key made, has data signed with that, and checks the signature with another program's code. Then it
//! tries a wrong key password, and prints `curl` lines to try by hand. In earnest the key server is
//! a program of its own, `key_server`, and the client has only its URL and the passwords.

use std::net::SocketAddr;
use std::sync::Arc;

use countersign_client::agent::{
    Account, AgentClient, ApiKey, Key, LONGEST_SESSION, NewAccount, Password, PublicKey,
};
use countersign_client::{AdminClient, AuthScheme, Connection, NewCredential};
use countersign_key_server::api::{ApiSettings, router};
use countersign_key_server::registry::Registry;
use countersign_key_server::seal::MasterKey;
use countersign_key_server::store::MemoryStore;
use ed25519_dalek::{Signature, VerifyingKey};
use example_support::Result;

const DATA: &[u8] = b"two tons of gravel";

#[tokio::main]
async fn main() -> Result<()> {
    let listener = example_support::listen().await?;
    let address = listener.local_addr()?;
    let registry = Registry::open(Arc::new(MemoryStore::new()), &MasterKey::generate()?).await?;
    let app = router(Arc::new(registry), ApiSettings::new(address))
        .into_make_service_with_connect_info::<SocketAddr>();
    let server = tokio::spawn(async move {
        axum::serve(listener, app)
            .with_graceful_shutdown(example_support::interrupted())
            .await
    });
    let connection = Connection::to(format!("http://{address}"))?;

    // The operator issues an API key, and whoever has that creates accounts.
    let new = NewCredential::new("dave@example.com", AuthScheme::Agent);
    let issued = AdminClient::new(connection.clone()).create(&new).await?;
    let api_key = ApiKey::of(&issued)?;

    let agent = AgentClient::new(connection);
    let account = Account::new("dave", Password::new("the password of the account")?)?;
    let new = NewAccount::new(account.clone(), "dave@example.com")?;
    agent.create_account(&new, &api_key).await?;
    let session = agent.login(&account, LONGEST_SESSION).await?;

    let key = Key::new(
        "ed25519",
        "MyKey",
        Password::new("the password of the key")?,
    )?;
    agent.create_key(&session, &account, &key).await?;
    let signature = agent.sign_data(&session, &account, &key, DATA).await?;
    let public = agent.public_key(&session, key.id()).await?;
    println!(
        "  signed with the key's password: {}",
        verdict(&public, &signature)?
    );

    let guessed = Key::new("ed25519", "MyKey", Password::new("a guess")?)?;
    match agent.sign_data(&session, &account, &guessed, DATA).await {
        Ok(_) => println!("  signed with a wrong password: this must not be"),
        Err(error) => println!("  with a wrong password: {error}"),
    }

    println!("\nTry it yourself:");
    let token = session.token().expose();
    let bearer = format!(" -H 'Authorization: Bearer {token}'");
    print_curl(address, "the public half of the key", 200, &bearer);
    print_curl(address, "the same without a session", 401, "");
    println!("ready");
    server.await??;
    Ok(())
}

/// What code that is not the server's says of the signature.
fn verdict(public: &PublicKey, signature: &[u8]) -> Result<&'static str> {
    let public = VerifyingKey::from_bytes(public.as_bytes().try_into()?)?;
    let right = public.verify_strict(DATA, &Signature::from_slice(signature)?);
    Ok(if right.is_ok() { "right" } else { "wrong" })
}

fn print_curl(address: SocketAddr, what: &str, status: u16, header: &str) {
    println!("# {what}: {status}");
    println!(
        "curl -s -H 'Content-Type: application/json'{header} -d '{{\"keyId\":\"MyKey\"}}' \
         http://{address}/Agent/Crypto/GetPublicKey"
    );
}
