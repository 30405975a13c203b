//! What is asked again, and what is not.

use std::time::{Duration, Instant};

use countersign_client::{AuthScheme, Change, ErrorKind, KeyServerClient, NewCredential, State};

use crate::stub::{ID, Reply, Stub, failure, find, mac_body};

fn first_then_credential(first: Reply) -> impl Fn(usize, &crate::stub::Asked) -> Reply {
    move |number, asked| match (number, asked.line.starts_with("POST")) {
        (0, _) => first.clone(),
        (_, true) => Reply::json(201, &mac_body()),
        (_, false) => Reply::credential(),
    }
}

fn transient() -> [Reply; 4] {
    [
        Reply::problem(503, "store_unavailable"),
        Reply::problem_with(503, "store_unavailable", "Retry-After: 0\r\n"),
        Reply::problem_with(429, "rate_limited", "Retry-After: 0\r\n"),
        Reply::Bytes(Vec::new()),
    ]
}

#[tokio::test]
async fn a_lookup_is_tried_again_after_what_passes() {
    for reply in transient() {
        let stub = Stub::that(first_then_credential(reply)).await;
        assert!(find(&stub.lookup(), ID).await.unwrap().is_some());
        assert_eq!(stub.asked().len(), 2);
    }
}

#[tokio::test]
async fn a_creation_is_tried_again_with_the_same_idempotency_key_and_body() {
    for reply in transient() {
        let stub = Stub::that(first_then_credential(reply)).await;
        let new = NewCredential::new("dave@example.com", AuthScheme::Mac);
        let made = stub.admin().create(&new).await.unwrap();
        assert_eq!(made.id(), ID);
        let asked = stub.asked();
        assert_eq!(asked.len(), 2);
        let key = asked[0].header("idempotency-key").unwrap();
        assert_eq!(key.len(), 32);
        assert_eq!(asked[1].header("idempotency-key"), Some(key));
        assert_eq!(asked[1].body, asked[0].body);
    }
}

#[tokio::test]
async fn two_creations_have_different_keys_unless_one_was_given() {
    let stub = Stub::always(Reply::json(201, &mac_body())).await;
    let new = NewCredential::new("dave", AuthScheme::Mac);
    let named = new.clone().idempotency_key("order-4711");
    for new in [&new, &new, &named, &named] {
        stub.admin().create(new).await.unwrap();
    }
    let asked = stub.asked();
    let keys: Vec<_> = asked.iter().map(|a| a.header("idempotency-key")).collect();
    assert_ne!(keys[0], keys[1]);
    assert_eq!(keys[2..], [Some("order-4711"); 2]);
}

#[tokio::test]
async fn a_change_is_not_tried_again() {
    for reply in transient() {
        let stub = Stub::always(reply).await;
        let change = Change::new().state(State::Inactive);
        assert!(stub.admin().change(ID, &change).await.is_err());
        assert_eq!(stub.asked().len(), 1);
    }
}

#[tokio::test]
async fn what_will_not_pass_is_not_tried_again() {
    for status in [301, 400, 401, 403, 404, 409, 412] {
        let stub = Stub::always(Reply::problem(status, "some_code")).await;
        assert!(stub.admin().delete(ID).await.is_err());
        assert_eq!(stub.asked().len(), 1, "{status}");
    }
}

#[tokio::test]
async fn tries_are_counted() {
    let stub = Stub::always(Reply::problem(503, "store_unavailable")).await;
    failure(&stub.lookup()).await;
    assert_eq!(stub.asked().len(), 2, "a lookup");
    let error = stub.admin().delete(ID).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable { retry_after: None });
    assert_eq!(stub.asked().len(), 2 + 4, "a deletion");
    let once = stub.connection().attempts(1).build().unwrap();
    failure(&KeyServerClient::new(once)).await;
    assert_eq!(stub.asked().len(), 2 + 4 + 1, "with one attempt");
}

#[tokio::test]
async fn a_long_wait_is_left_to_the_caller() {
    for (status, seconds) in [(503, 3600), (429, 60)] {
        let retry = format!("Retry-After: {seconds}\r\n");
        let stub = Stub::always(Reply::problem_with(status, "later", &retry)).await;
        let started = Instant::now();
        let error = stub.admin().ready().await.unwrap_err();
        assert_eq!(error.retry_after(), Some(Duration::from_secs(seconds)));
        assert_eq!(stub.asked().len(), 1);
        assert!(started.elapsed() < Duration::from_secs(30));
    }
}

#[tokio::test]
async fn no_wait_outlasts_the_time_for_the_call() {
    let retry = "Retry-After: 3\r\n";
    let stub = Stub::always(Reply::problem_with(503, "later", retry)).await;
    let connection = stub
        .connection()
        .timeout(Duration::from_millis(500))
        .build();
    failure(&KeyServerClient::new(connection.unwrap())).await;
    assert_eq!(stub.asked().len(), 1);
}

#[tokio::test]
async fn connections_are_used_again() {
    let stub = Stub::always(Reply::credential()).await;
    let client = stub.lookup();
    for _ in 0..10 {
        find(&client, ID).await.unwrap();
    }
    let connections: Vec<_> = stub.asked().iter().map(|asked| asked.connection).collect();
    assert_eq!(connections, [0; 10]);
}
