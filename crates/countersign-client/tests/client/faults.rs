//! Answers that no key server gives: each is a failed lookup, never an unknown id.

use std::time::{Duration, Instant};

use countersign_client::KeyServerClient;

use crate::stub::{ID, Reply, SECRET, Stub, failure, mac_body};

async fn fails_with(reply: Reply, part: &str) {
    let stub = Stub::always(reply.clone()).await;
    let sentence = failure(&stub.lookup()).await;
    assert!(sentence.contains(part), "{reply:?}: {sentence}");
    assert!(sentence.contains(&stub.url()), "{sentence}");
}

#[tokio::test]
async fn bad_216_an_endless_answer_is_cut_off() {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
    for length in ["Content-Length: 1073741824", "Connection: close"] {
        let reply = Reply::Endless(format!("{head}{length}\r\n\r\n").into_bytes());
        fails_with(reply, "more than 65536 bytes").await;
    }
}

#[tokio::test]
async fn bad_216_a_head_without_an_end_is_cut_off() {
    let reply = Reply::Endless(b"HTTP/1.1 200 OK\r\nX-Long: ".to_vec());
    fails_with(reply, "no whole answer").await;
}

#[tokio::test]
async fn bad_216_a_truncated_answer_is_a_failure() {
    let whole = mac_body();
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", whole.len());
    let half = format!("{head}{}", &whole[..whole.len() / 2]);
    fails_with(Reply::Bytes(half.into_bytes()), "no whole answer").await;
    fails_with(Reply::Bytes(Vec::new()), "no whole answer").await;
    fails_with(Reply::json(200, &whole[..whole.len() / 2]), "line 2").await;
}

#[tokio::test]
async fn bad_216_malformed_answers_are_failures_that_quote_nothing() {
    let whole = mac_body();
    for body in [
        String::new(),
        "null".to_owned(),
        "[]".to_owned(),
        "{".repeat(10_000),
        "[".repeat(10_000),
        format!("{whole}x"),
        whole.replace("false", "\"false\""),
        whole.replace("\"dave@example.com\"", "7"),
        whole.replace(&format!("\"{SECRET}\""), &format!("[\"{SECRET}\"]")),
        whole.replace("\"mac\"", "\"mac\":null,\"mac\""),
        whole.replace("\"is_deleted\":false,", ""),
    ] {
        fails_with(Reply::json(200, &body), "something else than the API says").await;
    }
    for (body, part) in [
        (whole.replace("hmac-sha-1", "hmac-md5"), "algorithm"),
        (
            whole.replace("\"is_deleted\"", "\"state\":\"new\",\"is_deleted\""),
            "state",
        ),
        (
            whole.replace("\"is_deleted\"", "\"expires_at\":\"soon\",\"is_deleted\""),
            "time",
        ),
        (whole.replace("\"mac\"", "\"other\""), "no scheme"),
        (
            whole.replace("\"mac\"", "\"basic\":{\"api_key\":\"x\"},\"mac\""),
            "two schemes",
        ),
        (whole.replace(SECRET, "short"), "mac_key"),
        (whole.replace(SECRET, &SECRET.replace('_', "/")), "mac_key"),
        (whole.replace(ID, ""), "without an id"),
    ] {
        fails_with(Reply::json(200, &body), part).await;
    }
}

#[tokio::test]
async fn bad_216_an_answer_without_the_secret_names_the_scope_that_is_missing() {
    let without = mac_body().replace(&format!("\"mac_key\":\"{SECRET}\","), "");
    fails_with(Reply::json(200, &without), "scope lookup").await;
}

#[tokio::test]
async fn another_credential_than_was_asked_for_is_a_failure() {
    let other = mac_body().replace(ID, "a55ace63109841ddaa8a100b75974c92");
    fails_with(Reply::json(200, &other), "another credential").await;
    let upper = mac_body().replace(ID, &ID.to_uppercase());
    fails_with(Reply::json(200, &upper), "another credential").await;
}

#[tokio::test]
async fn a_404_that_is_not_the_key_servers_is_no_unknown_id() {
    let html = "Content-Type: text/html\r\n";
    for reply in [
        Reply::new(404, html, "<h1>Not Found</h1>"),
        Reply::new(404, "", ""),
        Reply::json(404, r#"{"code":"credential_unknown"}"#),
        Reply::problem(404, "not_found"),
        Reply::new(404, "Content-Type: application/problem+json\r\n", "{"),
    ] {
        fails_with(reply, "not as a key server does").await;
    }
}

#[tokio::test]
async fn every_other_status_is_a_failure_with_what_the_server_says() {
    for (status, part) in [
        (204, "something else"),
        (201, "no lookup"),
        (400, "cannot use the request"),
        (401, "refuses the token"),
        (403, "with the scope"),
        (405, "answered 405"),
        (410, "answered 410"),
        (421, "answered 421"),
        (429, "limits the requests"),
        (500, "not available (500)"),
        (502, "not available (502)"),
        (503, "not available (503)"),
    ] {
        let stub = Stub::always(match status {
            201 => Reply::json(201, &mac_body()),
            204 => Reply::new(204, "", ""),
            _ => Reply::problem(status, "some_code"),
        })
        .await;
        let sentence = failure(&stub.lookup()).await;
        let told = status < 300 || sentence.contains("some_code: a sentence");
        assert!(
            told && (sentence.contains(part) || status == 204),
            "{status}: {sentence}"
        );
    }
}

#[tokio::test]
async fn redirects_are_not_followed_and_their_target_is_named() {
    let elsewhere = Stub::always(Reply::credential()).await;
    for status in [301, 302, 303, 307, 308] {
        let location = format!("Location: {}/v1.0/creds/{ID}\r\n", elsewhere.url());
        let reply = Reply::new(status, &location, "");
        fails_with(reply, &format!("redirects to {}", elsewhere.url())).await;
    }
    let same = Reply::new(301, "Location: /login?next=secret-path\r\n", "");
    fails_with(same, "give the URL under which").await;
    fails_with(Reply::new(302, "", ""), "redirects to nowhere").await;
    assert!(elsewhere.asked().is_empty());
}

#[tokio::test]
async fn bad_40_a_server_that_hangs_is_given_up_within_the_time() {
    let head = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{".to_vec();
    for reply in [Reply::Hang(Vec::new()), Reply::Hang(head)] {
        let stub = Stub::always(reply).await;
        let connection = stub
            .connection()
            .timeout(Duration::from_millis(200))
            .build();
        let started = Instant::now();
        let sentence = failure(&KeyServerClient::new(connection.unwrap())).await;
        assert!(sentence.contains("within 200ms"), "{sentence}");
        assert!(started.elapsed() < Duration::from_secs(10));
    }
}

#[tokio::test]
async fn bad_219_a_server_that_is_not_there_is_a_failure() {
    let gone = Stub::always(Reply::credential()).await;
    let client = gone.lookup();
    drop(gone);
    let sentence = loop {
        // Until the port is closed.
        if let Err(error) = crate::stub::find(&client, ID).await {
            break error.to_string();
        }
    };
    assert!(sentence.contains("cannot be reached"), "{sentence}");
}
