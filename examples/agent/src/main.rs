//! A key that a key server makes and keeps, and data that it signs with it.
//!
//! ```sh
//! cargo run --release -p example-agent
//! ```
//!
//! It starts a key server in this process, has an API key issued, creates an account with it, has a
//! key made and data signed, and checks the signature; then it prints `curl` lines to try by hand.
//! In earnest the key server is a program of its own, `key_server`, the operator issues the API key,
//! and the passwords come from people.

use std::net::SocketAddr;
use std::sync::Arc;

use countersign_client::agent::{Account, AgentClient, ApiKey, Key, NewAccount, Password};
use countersign_client::{AdminClient, AuthScheme, Connection, NewCredential};
use countersign_key_server::api::{ApiSettings, router};
use countersign_key_server::registry::Registry;
use countersign_key_server::seal::MasterKey;
use countersign_key_server::store::MemoryStore;
use ed25519_dalek::{Signature, VerifyingKey};
use example_support::Result;

#[tokio::main]
async fn main() -> Result<()> {
    // A key server that forgets everything when it ends.
    let store = Arc::new(MemoryStore::new());
    let registry = Registry::open(store, &MasterKey::generate()?).await?;
    let listener = example_support::listen().await?;
    let address = listener.local_addr()?;
    let app = router(Arc::new(registry), ApiSettings::new(address))
        .into_make_service_with_connect_info::<SocketAddr>();
    let server = tokio::spawn(async move {
        axum::serve(listener, app)
            .with_graceful_shutdown(example_support::interrupted())
            .await
    });
    let url = format!("http://{address}");

    // The operator issues an API key.
    let admin = AdminClient::new(Connection::to(&*url)?);
    let new = NewCredential::new("dave@example.com", AuthScheme::Agent);
    let api_key = ApiKey::of(&admin.create(&new).await?)?;

    // The agent creates an account with it, which begins with a session.
    let client = AgentClient::to(&*url)?;
    let account = Account::new("dave", Password::new("correct horse battery staple")?)?;
    let new = NewAccount::new(account.clone(), "dave@example.com")?;
    let created = client.create_account(&new, &api_key).await?;
    let session = created.session();
    println!("  created the account {}", account.user_name());

    // The key password is not sent, and opens the key from now on.
    let key = Key::new("ed25519", "MyKey", Password::new("a password of the key")?)?;
    client.create_key(session, &account, &key).await?;
    let public = client.public_key(session, key.id()).await?;
    println!("  made the key {}", key.id());

    let order: &[u8] = b"ten apples";
    let signed = client.sign_data(session, &account, &key, order).await?;
    let verifying = VerifyingKey::try_from(public.as_bytes())?;
    let signature = Signature::from_slice(&signed)?;
    verifying.verify_strict(order, &signature)?;
    println!("  the signature of the order is right");
    let another = verifying.verify_strict(b"a thousand apples", &signature);
    if another.is_err() {
        println!("  and of another order it is wrong");
    }

    let other = Key::new("ed25519", "MyKey", Password::new("another password")?)?;
    let refused = client.sign_data(session, &account, &other, order).await;
    let refused = refused.err().ok_or("another password opens no key")?;
    println!("  {refused}");

    println!("\nTry it yourself:");
    let bearer = format!(" -H 'Authorization: Bearer {}'", session.token().expose());
    let post = |shows: &str, status: u16, resource: &str, bearer: &str, body: &str| {
        println!("# {shows}: {status}");
        println!(
            "curl -i -X POST -H 'Content-Type: application/json'{bearer} --data-binary '{body}' \
             '{url}/Agent/{resource}'"
        );
    };
    let (resource, id) = ("Crypto/GetPublicKey", r#"{"keyId":"MyKey"}"#);
    post("the public half of the key", 200, resource, &bearer, id);
    post("without a session", 401, resource, "", id);
    let id = r#"{"keyId":"YourKey"}"#;
    post("a key that there is not", 404, resource, &bearer, id);
    post(
        "the end of the session",
        200,
        "Account/Logout",
        &bearer,
        "{}",
    );
    println!("ready");
    server.await??;
    Ok(())
}
