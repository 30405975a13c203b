//! Neither token nor secret is shown, whatever happens.

use std::io::Write;
use std::sync::{Arc, Mutex};

use countersign_client::{AuthScheme, Deleted, Listing, NewCredential};

use crate::stub::{ID, Reply, SECRET, Stub, TOKEN, find, mac_body};

#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

const API_KEY: &str = "983f8dd10d3b4519a18632d8df6f998d";

#[tokio::test(flavor = "current_thread")]
async fn bad_57_logs_at_their_most_talkative_show_no_secret_and_no_api_key() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let guard = tracing_subscriber::util::SubscriberInitExt::set_default(subscriber);
    let basic =
        format!(r#"{{"principal":"dave","is_deleted":false,"basic":{{"api_key":"{API_KEY}"}}}}"#);
    let stub = Stub::that(move |number, asked| match number {
        0 => Reply::problem(503, "store_unavailable"),
        _ if asked.line.contains(API_KEY) => Reply::json(200, &basic),
        3 => Reply::json(200, "{"),
        4 => Reply::Bytes(Vec::new()),
        _ => Reply::credential(),
    })
    .await;
    let client = stub.lookup();
    assert!(find(&client, ID).await.is_ok());
    let mut shown = format!("{client:?} {:?}", find(&client, API_KEY).await);
    shown += &format!("{:?}", find(&client, ID).await);
    shown += &format!("{:?}", find(&client, ID).await);
    drop(guard);
    let log = log.text();
    assert!(log.contains("asking the key server again"), "{log}");
    for secret in [TOKEN, SECRET, API_KEY] {
        assert!(!log.contains(secret), "{log}");
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[tokio::test]
async fn bad_57_no_debug_shows_a_token_or_a_secret() {
    let stub = Stub::that(|_, asked| {
        let basic =
            format!(r#"{{"principal":"d","is_deleted":false,"basic":{{"api_key":"{API_KEY}"}}}}"#);
        match &asked.line {
            line if line.contains("principal=") => {
                Reply::json(200, &format!(r#"{{"creds":[{},{basic}]}}"#, mac_body()))
            }
            line if line.contains(API_KEY) => Reply::json(200, &basic),
            _ => Reply::credential(),
        }
    })
    .await;
    let admin = stub.admin();
    let mut shown = format!("{:?} {admin:?}", stub.connection());
    let mac = admin.find(ID, Deleted::Hidden).await.unwrap();
    assert_eq!(mac.secret().unwrap().expose(), SECRET);
    shown += &format!("{mac:?} {:?} {:?}", mac.secret(), mac.signing_key());
    let basic = admin.find(API_KEY, Deleted::Shown).await.unwrap();
    shown += &format!("{basic:?} {:?}", basic.signing_key());
    let mut listed = admin.list(Listing::of("d"));
    while let Some(credential) = listed.next().await {
        shown += &format!("{credential:?} {listed:?}");
    }
    let new = NewCredential::new("d", AuthScheme::Basic);
    shown += &format!("{new:?} {:?}", admin.create(&new).await);
    for secret in [TOKEN, SECRET, API_KEY] {
        assert!(!shown.contains(secret), "{shown}");
    }
    assert!(shown.contains("***"));
}

#[tokio::test]
async fn bad_57_no_error_shows_the_path_which_may_be_an_api_key() {
    for reply in [
        Reply::Bytes(Vec::new()),
        Reply::problem(503, "x"),
        Reply::new(404, "", ""),
        Reply::new(302, &format!("Location: /{API_KEY}\r\n"), ""),
        Reply::json(200, "{"),
        Reply::credential(),
    ] {
        let stub = Stub::always(reply.clone()).await;
        let error = find(&stub.lookup(), API_KEY).await.unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains(API_KEY), "{reply:?}: {shown}");
    }
}
