//! Requests that must pass.

use countersign_tests::{Bench, Case, Client, Protocol, Server, Wire};
use http::Version;
use tower::Layer;

use crate::{everywhere, served};

#[tokio::test]
async fn a_signed_request_passes_with_its_caller_and_its_body() {
    for (case, protocol) in everywhere() {
        let bench = Bench::new();
        let (server, client) = served(&bench, &case, protocol).await;
        let large = "0123456789abcdef".repeat(4096);
        for (round, body) in ["", "hello", &large].into_iter().enumerate() {
            let wire = case.sign(&Wire::post(&format!("/users?page={round}"), body));
            let answer = client.send(&wire).await;
            assert_eq!(answer.told(), (200, String::new()), "{case} {protocol:?}");
            assert_eq!(answer.caller(), case.principal(), "{case}");
            assert_eq!(answer.body, body, "{case}");
            let seen = bench.echo.last();
            assert_eq!(seen.body.unwrap(), body, "{case}");
            assert_eq!(seen.headers["content-type"], "text/plain");
        }
        assert_eq!(bench.echo.calls(), 3, "{case}");
        server.stop().await;
    }
}

#[tokio::test]
async fn each_key_leads_to_its_own_caller() {
    for (case, protocol) in everywhere() {
        let bench = Bench::new();
        let (server, client) = served(&bench, &case, protocol).await;
        let wire = Wire::get("/");
        let other = case.sign_as(&wire, &case.other_key(), countersign_tests::NOW, Some("n"));
        assert_eq!(
            client.send(&other).await.caller(),
            case.other_principal(),
            "{case}"
        );
        assert_eq!(
            client.send(&case.sign(&wire)).await.caller(),
            case.principal(),
            "{case}"
        );
        server.stop().await;
    }
}

#[tokio::test]
async fn bad_133_one_signed_request_verifies_over_both_versions() {
    for case in Case::all() {
        let wire = case.sign(&Wire::post("/users?b=2&a=1", "hello"));
        for protocol in Protocol::BOTH {
            let bench = Bench::new();
            let (server, client) = served(&bench, &case, protocol).await;
            let answer = client.send(&wire).await;
            let version = match protocol {
                Protocol::Http1 => Version::HTTP_11,
                Protocol::Http2 => Version::HTTP_2,
            };
            assert_eq!(
                (answer.status.as_u16(), answer.version),
                (200, version),
                "{case}"
            );
            server.stop().await;
        }
    }
}

#[tokio::test]
async fn bad_112_a_target_is_verified_and_passed_on_as_it_was_sent() {
    for (case, protocol) in everywhere() {
        let bench = Bench::new();
        let (server, client) = served(&bench, &case, protocol).await;
        for target in [
            "/a//b/./c/../%2e%2F%2f",
            "/%00;x=1?a+b=%20&&=",
            "/?q=%C3%BC&q=%c3%bc",
            "/|",
        ] {
            let answer = client.send(&case.sign(&Wire::get(target))).await;
            assert_eq!(answer.status, 200, "{case} {protocol:?} {target}");
            let seen = bench.echo.last().target;
            assert_eq!(seen.path_and_query().unwrap().as_str(), target, "{case}");
        }
        server.stop().await;
    }
}

#[tokio::test]
async fn every_method_passes_that_was_signed() {
    for (case, protocol) in everywhere() {
        let bench = Bench::new();
        let (server, client) = served(&bench, &case, protocol).await;
        for method in ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "PURGE"] {
            let answer = client.send(&case.sign(&Wire::new(method, "/"))).await;
            assert_eq!(answer.status, 200, "{case} {protocol:?} {method}");
            assert_eq!(bench.echo.last().method, method);
        }
        server.stop().await;
    }
}

#[tokio::test]
async fn a_server_stops_after_the_last_answer_and_serves_nobody_afterwards() {
    let (case, bench) = (Case::named("auth-key wiki"), Bench::new());
    let server = Server::start(bench.layer(&case).layer(bench.echo.clone())).await;
    let client = Client::connect(server.address(), Protocol::Http1).await;
    assert_eq!(client.send(&case.sign(&Wire::get("/"))).await.status, 200);
    server.stop().await;
    let wire = case.sign(&Wire::get("/again"));
    assert!(
        client
            .try_send(&wire, http_body_util::Empty::new())
            .await
            .is_err()
    );
    assert_eq!(bench.echo.calls(), 1);
}
