//! What reaches the server.

use countersign_core::ReplayError;

use crate::support::claims::{Request, connect};
use crate::support::server::Server;

#[tokio::test]
#[ignore = "needs Redis, which cargo xtask test installs"]
async fn bad_092_no_byte_of_a_nonce_reaches_the_server() {
    let server = Server::start();
    let cache = connect(&server.url()).await;
    let hostile: [&[u8]; 8] = [
        b"",
        b"\r\nFLUSHALL\r\n",
        b"\0",
        b"a b",
        b"\"quoted\"",
        b"{tag}",
        b"*1\r\n$8\r\nFLUSHALL\r\n",
        &[b'x'; 257],
    ];
    for nonce in hostile {
        Request::new().nonce(nonce).claim(&cache).await.unwrap();
    }
    let keys = server.ask(&["KEYS", "*"]);
    let entries: Vec<&str> = keys.lines().filter(|key| !key.contains("epoch")).collect();
    assert_eq!(entries.len(), hostile.len());
    for entry in entries {
        let fingerprint = entry.strip_prefix("countersign:").unwrap();
        assert_eq!(fingerprint.len(), 27, "{entry}");
        let harmless = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        assert!(fingerprint.bytes().all(harmless), "{entry}");
    }
}

#[tokio::test]
#[ignore = "needs Redis, which cargo xtask test installs"]
async fn bad_091_the_same_nonce_at_another_second_is_another_request() {
    let server = Server::start();
    let cache = connect(&server.url()).await;
    let request = Request::new();
    let later = request.clone().signed_at(request.signed_at - 1);
    request.claim(&cache).await.unwrap();
    later.claim(&cache).await.unwrap();
    for request in [request, later] {
        let replayed = request.claim(&cache).await;
        assert!(
            matches!(replayed, Err(ReplayError::Replayed)),
            "{replayed:?}"
        );
    }
}

#[tokio::test]
#[ignore = "needs Redis, which cargo xtask test installs"]
async fn bad_095_an_entry_outlives_the_window_of_its_request() {
    let server = Server::start();
    let cache = connect(&server.url()).await;
    let now = Request::new().signed_at;
    // Dated ahead as far as the default window allows.
    Request::new()
        .signed_at(now + 60)
        .claim(&cache)
        .await
        .unwrap();
    let keys = server.ask(&["KEYS", "*"]);
    let entry = keys.lines().find(|key| !key.contains("epoch")).unwrap();
    let ends: i64 = server.ask(&["EXPIRETIME", entry]).trim().parse().unwrap();
    assert_eq!(ends, now + 60 + 300 + 1 + 10);
}

#[tokio::test]
#[ignore = "needs Redis, which cargo xtask test installs"]
async fn a_request_that_is_stale_by_now_is_not_claimed() {
    let server = Server::start();
    let cache = connect(&server.url()).await;
    let stale = Request::new();
    let stale = stale.clone().signed_at(stale.signed_at - 301);
    assert!(matches!(
        stale.claim(&cache).await,
        Err(ReplayError::Expired)
    ));
    assert!(
        !server
            .ask(&["KEYS", "*"])
            .lines()
            .any(|key| !key.contains("epoch"))
    );
}

#[tokio::test]
#[ignore = "needs Redis, which cargo xtask test installs"]
async fn a_claim_is_one_set_and_the_time_in_one_packet() {
    let server = Server::start();
    let cache = connect(&server.url()).await;
    let calls = |command: &str| -> i64 {
        let stats = server.ask(&["INFO", "commandstats"]);
        let line = stats
            .lines()
            .find(|line| line.starts_with(&format!("cmdstat_{command}:")));
        let calls = line.and_then(|line| line.split_once("calls=")?.1.split(',').next());
        calls.map_or(0, |calls| calls.parse().unwrap())
    };
    let before = (calls("set"), calls("get"), calls("eval"));
    for _ in 0..100 {
        Request::new().claim(&cache).await.unwrap();
    }
    let after = (calls("set"), calls("get"), calls("eval"));
    assert_eq!(after.0 - before.0, 100);
    assert_eq!(after.2, before.2);
    // What the keeper looks at, and no more.
    assert!(after.1 - before.1 <= 2);
}
