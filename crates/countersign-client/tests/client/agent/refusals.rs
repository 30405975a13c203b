//! What is made of refusals, of failures and of answers that no server gives.

use std::time::Duration;

use countersign_client::agent::{AgentClient, LONGEST_SESSION};
use countersign_client::{Connection, ErrorKind};

use super::{READS, account, body, client, every_call, key, refusal, session};
use crate::stub::{Reply, Stub, TOKEN};

#[tokio::test]
async fn a_refusal_is_told_by_its_kind_with_the_servers_sentence() {
    for (status, kind, part) in [
        (400, ErrorKind::Invalid, "cannot use the request (400)"),
        (401, ErrorKind::Refused, "log in again"),
        (403, ErrorKind::Refused, "refuses the signature"),
        (404, ErrorKind::NotFound, "no such thing"),
        (405, ErrorKind::Invalid, "(405)"),
        (406, ErrorKind::Invalid, "(406)"),
        (409, ErrorKind::Conflict, "conflict"),
        (413, ErrorKind::Invalid, "(413)"),
        (415, ErrorKind::Invalid, "(415)"),
        (418, ErrorKind::Protocol, "check the URL"),
        (421, ErrorKind::Invalid, "another name"),
    ] {
        let stub = Stub::always(refusal(status, "")).await;
        for (resource, done) in every_call(&client(&stub)).await {
            let error = done.unwrap_err();
            assert_eq!(error.kind(), kind, "{resource}: {error}");
            assert_eq!(error.status(), Some(status));
            assert_eq!(error.detail(), Some("The nonce was used before."));
            assert!(error.to_string().contains(part), "{error}");
        }
    }
}

#[tokio::test]
async fn a_wait_that_the_server_asks_for_is_told() {
    for status in [429, 503] {
        let stub = Stub::always(refusal(status, "Retry-After: 3600\r\n")).await;
        for (resource, done) in every_call(&client(&stub)).await {
            let error = done.unwrap_err();
            let wait = Some(Duration::from_secs(3600));
            assert_eq!(error.retry_after(), wait, "{resource}");
        }
        assert_eq!(stub.asked().len(), 9);
    }
}

#[tokio::test]
async fn the_code_before_the_sentence_is_told_apart_and_decides() {
    for (status, said, kind) in [
        (400, "nonce_reused", ErrorKind::Conflict),
        (400, "key_exists", ErrorKind::Conflict),
        (400, "account_exists", ErrorKind::Conflict),
        (400, "invalid_member", ErrorKind::Invalid),
        (404, "key_unknown", ErrorKind::NotFound),
        (404, "not_found", ErrorKind::Protocol),
    ] {
        let headers = "Content-Type: text/plain\r\n";
        let stub = Stub::always(Reply::new(status, headers, &format!("{said}: Do: it."))).await;
        let error = client(&stub).logout(&session()).await.unwrap_err();
        assert_eq!((error.kind(), error.code()), (kind, Some(said)));
        assert_eq!(error.detail(), Some("Do: it."));
    }
    let headers = "Content-Type: text/plain\r\n";
    let stub = Stub::always(Reply::new(400, headers, "No: it is not.")).await;
    let error = client(&stub).logout(&session()).await.unwrap_err();
    assert_eq!(
        (error.code(), error.detail()),
        (None, Some("No: it is not."))
    );
}

#[tokio::test]
async fn a_404_of_another_server_says_nothing_about_keys() {
    for reply in [
        Reply::new(404, "Content-Type: text/html\r\n", "<h1>Not Found</h1>"),
        Reply::new(404, "", ""),
        Reply::json(404, "{}"),
    ] {
        let stub = Stub::always(reply).await;
        let error = client(&stub).public_key(&session(), "k").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol);
        assert!(error.to_string().contains("check the URL"), "{error}");
    }
}

#[tokio::test]
async fn what_changes_something_is_sent_once_whatever_becomes_of_it() {
    for reply in [
        Reply::Bytes(Vec::new()),
        Reply::Bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{".to_vec()),
        refusal(500, ""),
        refusal(503, "Retry-After: 0\r\n"),
        refusal(429, "Retry-After: 0\r\n"),
    ] {
        let stub = Stub::always(reply).await;
        let calls = every_call(&client(&stub)).await;
        let lines = stub.lines();
        for (resource, done) in calls {
            assert!(done.is_err(), "{resource}");
            let sent = lines.iter().filter(|line| line.contains(resource)).count();
            let expected = if READS.contains(&resource) { 4 } else { 1 };
            assert_eq!(sent, expected, "{resource}");
        }
    }
}

#[tokio::test]
async fn every_request_that_is_signed_has_a_nonce_of_its_own() {
    let stub = Stub::always(refusal(503, "")).await;
    let client = client(&stub);
    for _ in 0..2 {
        every_call(&client).await;
    }
    let mut nonces: Vec<_> = stub
        .asked()
        .iter()
        .filter_map(|asked| body(asked)["nonce"].as_str().map(str::to_owned))
        .collect();
    assert_eq!(nonces.len(), 10);
    nonces.sort_unstable();
    nonces.dedup();
    assert_eq!(nonces.len(), 10);
}

#[tokio::test]
async fn a_refused_session_does_not_have_the_token_read_again() {
    let stub = Stub::always(refusal(401, "")).await;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), TOKEN).unwrap();
    let connection = Connection::builder(stub.url()).token_file(file.path());
    let client = AgentClient::new(connection.build().unwrap());
    std::fs::write(file.path(), "the-new-token").unwrap();
    client.logout(&session()).await.unwrap_err();
    let asked = stub.asked();
    assert_eq!(asked.len(), 1);
    assert!(!asked[0].head.contains("token"), "{asked:?}");
}

#[tokio::test]
async fn malformed_answers_are_failures_that_quote_nothing() {
    for text in [
        "",
        "null",
        "[]",
        r#"{"jwt":7,"expires":"sekret"}"#,
        r#"{"jwt":"sekret","expires":"soon"}"#,
        r#"{"jwt":"sek ret","expires":1}"#,
        r#"{"expires":1}"#,
    ] {
        let stub = Stub::always(Reply::json(200, text)).await;
        let error = client(&stub).login(&account(), LONGEST_SESSION).await;
        let error = error.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol, "{text}: {error}");
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("sek"), "{shown}");
    }
    for text in [
        r#"{"signature":"not base64"}"#,
        r#"{"signature":"YQ"}"#,
        "{}",
    ] {
        let stub = Stub::always(Reply::json(200, text)).await;
        let signed = client(&stub)
            .sign_data(&session(), &account(), &key(), b"")
            .await;
        assert_eq!(signed.unwrap_err().kind(), ErrorKind::Protocol, "{text}");
    }
}
