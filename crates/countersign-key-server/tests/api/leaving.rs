//! Callers that leave before they have their answer.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};

use axum::body::Body;
use http::{Method, Request};

use crate::support::{Fault, Server, request};

/// More polls than any request takes.
const MOST: usize = 100;

/// Polls `call` so many times and drops it; whether it was done before.
fn leave_after(polls: usize, call: impl Future) -> bool {
    let mut call = pin!(call);
    let mut context = Context::from_waker(Waker::noop());
    (0..polls).any(|_| call.as_mut().poll(&mut context).is_ready())
}

fn with_retry(mut request: Request<Body>) -> Request<Body> {
    let key = "\"retry-1\"".parse().unwrap();
    request.headers_mut().insert("idempotency-key", key);
    request
}

fn creation() -> Request<Body> {
    let body = r#"{"principal":"p","auth_scheme":"mac"}"#;
    with_retry(request(Method::POST, "/v1.0/creds", Some(body)))
}

async fn credentials(server: &Server) -> usize {
    let listed = server.get("/v1.0/creds?principal=p").await.json();
    listed["creds"].as_array().unwrap().len()
}

#[tokio::test]
async fn a_creation_left_at_any_poll_is_whole_or_was_never_made_and_its_retry_makes_no_second() {
    for polls in 0..MOST {
        let server = Server::start().await;
        server.store.set(Fault::Hesitates);
        let done = leave_after(polls, server.send(creation()));
        server.store.set(Fault::None);
        let made = credentials(&server).await;
        assert!(made <= 1, "{polls}");
        let retried = server.send(creation()).await;
        assert_eq!(retried.status, 201, "{polls}: {retried:?}");
        assert_eq!(credentials(&server).await, 1, "{polls}");
        if done {
            assert!(polls > 4, "it never had to wait: {polls}");
            return;
        }
    }
    panic!("never answered");
}

#[tokio::test]
async fn a_rotation_left_at_any_poll_is_whole_or_was_never_begun() {
    for polls in 0..MOST {
        let server = Server::start().await;
        let id = server.create("p", "mac").await["mac"]["mac_key_identifier"].clone();
        let id = id.as_str().unwrap();
        let target = format!("/v1.0/creds/{id}");
        let rotation = || {
            let body = r#"{"overlap_seconds":60}"#;
            with_retry(request(
                Method::POST,
                &format!("{target}/rotate"),
                Some(body),
            ))
        };
        server.store.set(Fault::Hesitates);
        let done = leave_after(polls, server.send(rotation()));
        server.store.set(Fault::None);
        // The old one names a successor if and only if there is one.
        let old = server.get(&target).await.json();
        let rotated = old["rotated_to"].is_string();
        assert_eq!(
            credentials(&server).await,
            if rotated { 2 } else { 1 },
            "{polls}"
        );
        let retried = server.send(rotation()).await;
        assert_eq!(retried.status, 201, "{polls}: {retried:?}");
        assert_eq!(credentials(&server).await, 2, "{polls}");
        if done {
            assert!(polls > 4, "it never had to wait: {polls}");
            return;
        }
    }
    panic!("never answered");
}
