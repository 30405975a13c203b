//! Limits of how many requests are answered.

use std::net::SocketAddr;
use std::num::NonZeroU32;

use axum::body::Body;
use axum::extract::ConnectInfo;
use countersign_key_server::api::{Access, RateLimits};
use countersign_key_server::store::Scope;
use http::Request;

use crate::support::{Answer, Server};

async fn get_from(server: &Server, address: &str) -> Answer {
    let mut request = Request::get("/v1.0/creds?principal=p")
        .body(Body::empty())
        .unwrap();
    let peer = SocketAddr::new(address.parse().unwrap(), 1);
    request.extensions_mut().insert(ConnectInfo(peer));
    server.send(request).await
}

/// Asks until it is refused, which a limit of a few per second does in the first few.
async fn until_limited(server: &Server, address: &str) -> Answer {
    for _ in 0..100_000 {
        let answer = get_from(server, address).await;
        if answer.status == 429 {
            return answer;
        }
    }
    panic!("never limited");
}

#[tokio::test]
async fn an_address_that_asks_too_often_is_told_when_to_come_back() {
    let limits = RateLimits::off().per_address(NonZeroU32::new(2));
    let server = Server::with_settings(|it| it.rate_limits(limits)).await;
    let answer = until_limited(&server, "192.0.2.1").await;
    answer.is_problem(429, "rate_limited");
    assert!(answer.header("retry-after").parse::<u64>().unwrap() >= 1);
    assert_eq!(get_from(&server, "192.0.2.2").await.status, 200);
    assert_eq!(get_from(&server, "2001:db8::1").await.status, 200);
    until_limited(&server, "2001:db8::2").await;
    for _ in 0..10 {
        assert_eq!(server.get("/livez").await.status, 200);
    }
}

#[tokio::test]
async fn a_token_that_asks_too_often_is_limited_wherever_it_comes_from() {
    let limits = RateLimits::off().per_token(NonZeroU32::new(2));
    let server = Server::with_settings(|it| it.rate_limits(limits)).await;
    let one = server.add_token("one", Scope::Admin).await;
    let other = server.add_token("other", Scope::Admin).await;
    for number in 0.. {
        let answer = get_from(&one, &format!("192.0.2.{}", number % 250)).await;
        if answer.status == 429 {
            break;
        }
        assert!(number < 100_000, "never limited");
    }
    assert_eq!(get_from(&other, "192.0.2.1").await.status, 200);
}

#[tokio::test]
async fn bad_192_guessing_tokens_is_limited_by_address_and_a_valid_token_is_taken_all_the_same() {
    let limits = RateLimits::off().failures_per_address(NonZeroU32::new(1));
    let server =
        Server::with_settings(|it| it.rate_limits(limits).access(Access::TokensOnly)).await;
    let admin = server.add_token("a", Scope::Admin).await;
    get_from(&server, "192.0.2.1")
        .await
        .is_problem(401, "token_required");
    until_limited(&server.with_token("guess"), "192.0.2.1").await;
    assert_eq!(get_from(&admin, "192.0.2.1").await.status, 200);
    get_from(&server, "192.0.2.2")
        .await
        .is_problem(401, "token_required");
}
