//! Several schemes at once: partners who sign with Auth-Key, older ones with HMAC-Auth, and one
//! whose secret is being changed.
//!
//! ```sh
//! cargo run -p example-multi-scheme
//! ```

use std::time::{Duration, SystemTime};

use axum::Router;
use axum::routing::get;
use countersign::{
    AuthKey, HmacAuth, Scheme, SchemeId, SigningKey, StaticKeys, Timestamp, Verified, VerifyLayer,
};
use example_support::{Demo, Result};

const OLD: &str = "the secret that partner-a has used so far";
const NEW: &str = "the secret that partner-a is changing to";
const LEGACY: &str = "the secret of a device that only knows SHA-1";

const DAY: Duration = Duration::from_secs(86_400);

async fn hello(caller: Verified) -> String {
    format!(
        "hello {}, signed with {}\n",
        caller.principal(),
        caller.scheme()
    )
}

#[tokio::main]
async fn main() -> Result<()> {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .init();
    let in_days = |days| {
        let later = SystemTime::now().checked_add(DAY.saturating_mul(days));
        later
            .map(Timestamp::from)
            .ok_or("the clock is at the end of time")
    };

    let partner = |secret| SigningKey::new("partner-a", secret, "Partner A");
    let device = SigningKey::new("device-7", LEGACY, "Device 7")?;
    let keys = StaticKeys::new([
        // Both secrets of partner-a verify while it changes from one to the other.
        partner(NEW)?.schemes([SchemeId::AUTH_KEY]),
        partner(OLD)?
            .schemes([SchemeId::AUTH_KEY])
            .not_after(in_days(7)?),
        // A pinned key verifies under no other scheme, so nobody can use it with a weaker one.
        device.schemes([SchemeId::HMAC_AUTH]),
    ]);
    let layer = VerifyLayer::any(
        [
            AuthKey::default().into(),
            HmacAuth::sha1().into(),
            HmacAuth::sha256().into(),
        ],
        keys,
    )
    // Answers to SHA-1 requests say when they will end; afterwards they are refused.
    .sunset(SchemeId::HMAC_AUTH, in_days(90)?);
    let app = Router::new().route("/", get(hello)).layer(layer);

    let listener = example_support::listen().await?;
    let address = listener.local_addr()?;
    let signed = |secret, id: &str, scheme: &dyn Scheme| -> Result<Demo> {
        Demo::get(address, "/")?.sign(scheme, &SigningKey::new(id, secret, "me")?)
    };
    let auth_key = AuthKey::default();
    signed(NEW, "partner-a", &auth_key)?.print("partner A, new secret", 200);
    signed(OLD, "partner-a", &auth_key)?.print("partner A, old secret", 200);
    signed(LEGACY, "device-7", &HmacAuth::sha1())?.print("device 7, SHA-1 with a Sunset", 200);
    signed(LEGACY, "device-7", &HmacAuth::sha256())?.print("device 7, pinned to SHA-1", 401);
    println!("ready");
    axum::serve(listener, app)
        .with_graceful_shutdown(example_support::interrupted())
        .await?;
    Ok(())
}
