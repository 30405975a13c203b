//! No password, no session and no secret is shown.

use super::{
    ACCOUNT_PASSWORD, API_SECRET, JWT, KEY_PASSWORD, account, api_key, body, client as client_of,
    every_call, key, new_account, refusal, session, willing, willing_stub,
};
use crate::stub::{Reply, Stub, TOKEN};

#[tokio::test]
async fn bad_57_nothing_secret_is_shown_by_debug_or_by_an_error() {
    let stub = willing_stub().await;
    let client = client_of(&stub);
    let created = client.create_account(&new_account(), &api_key()).await;
    let (account, key) = (account(), key());
    let shared = client
        .shared_secret(&session(), &account, &key, b"peer")
        .await;
    let mut shown = format!("{client:?} {created:?} {shared:?} {:?}", new_account());
    shown += &format!("{account:?} {key:?} {:?} {:?}", api_key(), session());
    let hostile = Stub::that(|_, asked| {
        let headers = "Content-Type: text/plain\r\n";
        Reply::new(
            if asked.line.contains("Login") {
                200
            } else {
                403
            },
            headers,
            "no",
        )
    })
    .await;
    for (_, done) in every_call(&client_of(&hostile)).await {
        shown += &format!("{done:?}");
    }
    let signatures = stub.asked();
    let signatures = signatures.iter().filter_map(|asked| {
        let body = body(asked);
        body["keySignature"].as_str().map(str::to_owned)
    });
    for secret in [
        ACCOUNT_PASSWORD,
        KEY_PASSWORD,
        API_SECRET,
        JWT,
        TOKEN,
        "115, 104, 97",
    ]
    .into_iter()
    .map(str::to_owned)
    .chain(signatures)
    {
        assert!(!shown.contains(&secret), "{secret}: {shown}");
    }
}

#[tokio::test(flavor = "current_thread")]
async fn bad_57_logs_at_their_most_talkative_show_no_password_and_no_session() {
    let log = crate::secrets::Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let guard = tracing_subscriber::util::SubscriberInitExt::set_default(subscriber);
    let stub = Stub::that(|number, asked| match number % 2 {
        0 => refusal(503, "Retry-After: 0\r\n"),
        _ => willing(asked),
    })
    .await;
    every_call(&client_of(&stub)).await;
    every_call(&client_of(&stub)).await;
    drop(guard);
    let log = log.text();
    assert!(log.contains("asking the key server again"), "{log}");
    for secret in [ACCOUNT_PASSWORD, KEY_PASSWORD, API_SECRET, JWT, TOKEN] {
        assert!(!log.contains(secret), "{secret}: {log}");
    }
}
