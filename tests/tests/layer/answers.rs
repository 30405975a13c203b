//! Answers in another form than the usual.

use bytes::Bytes;
use countersign::{Reason, Rejection};
use countersign_tests::{Bench, Case, Holding, NOW, TestKeys, Wire, call};
use http::{HeaderValue, Response, StatusCode};
use tower::Layer;

/// An answer that gets everything wrong that matters.
fn careless(rejection: &Rejection) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(format!("no: {}", rejection.reason())));
    *response.status_mut() = StatusCode::OK;
    let headers = response.headers_mut();
    headers.insert(
        "cache-control",
        HeaderValue::from_static("public, max-age=3600"),
    );
    headers.insert("www-authenticate", HeaderValue::from_static("None"));
    headers.insert(
        "x-help",
        HeaderValue::from_static("https://example.org/help"),
    );
    response
}

#[tokio::test]
async fn an_answer_of_ones_own_keeps_status_challenges_and_no_store() {
    for case in Case::all() {
        let bench = Bench::new();
        let usual = bench.layer(&case).layer(bench.echo.clone());
        let service = bench
            .layer(&case)
            .respond_with(careless)
            .layer(bench.echo.clone());
        for wire in [case.sign_badly(&Wire::get("/")), Wire::get("/")] {
            let expected = call(&usual, wire.request_in_memory()).await;
            let answer = call(&service, wire.request_in_memory()).await;
            assert_eq!(answer.status, 401, "{case}");
            assert_eq!(answer.header("cache-control"), "no-store", "{case}");
            let challenges = answer.headers("www-authenticate");
            assert_eq!(challenges, expected.headers("www-authenticate"), "{case}");
            assert_eq!(
                answer.header("x-help"),
                "https://example.org/help",
                "{case}"
            );
            assert!(answer.body.starts_with(b"no: "), "{case}");
        }
    }
}

#[tokio::test]
async fn bad_187_an_answer_of_ones_own_to_a_head_request_has_no_body() {
    let (case, bench) = (Case::named("auth-key wiki"), Bench::new());
    let service = bench
        .layer(&case)
        .respond_with(careless)
        .layer(bench.echo.clone());
    let answer = call(&service, Wire::new("HEAD", "/").request_in_memory()).await;
    assert_eq!(
        answer.header("content-length"),
        "no: missing_credentials".len().to_string()
    );
    assert!(answer.body.is_empty());
}

#[tokio::test]
async fn bad_40_an_answer_of_ones_own_keeps_retry_after() {
    let (case, bench) = (Case::named("auth-key wiki"), Bench::new());
    let keys = TestKeys::new(case.static_keys()).holding(Holding::Down("gone".to_owned()));
    let layer = countersign::VerifyLayer::any([case.any_scheme()], keys);
    let service = bench
        .around(layer)
        .respond_with(careless)
        .layer(bench.echo.clone());
    let answer = call(&service, case.sign(&Wire::get("/")).request_in_memory()).await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("retry-after")),
        (503, "5")
    );
    assert_eq!(answer.header("www-authenticate"), "");
}

/// A request as a gRPC client sends it.
fn grpc(content_type: &str) -> Wire {
    Wire::new("POST", "/users.Users/Find")
        .header("content-type", content_type)
        .body("\0\0\0\0\0")
}

#[tokio::test]
async fn a_refused_grpc_request_is_told_so_in_grpc_status() {
    for case in Case::all() {
        let bench = Bench::new();
        let service = bench.layer(&case).grpc_answers().layer(bench.echo.clone());
        for content_type in ["application/grpc", "application/grpc+proto"] {
            let bad = case.sign_badly(&grpc(content_type));
            let answer = call(&service, bad.request_in_memory()).await;
            assert_eq!(answer.status, 200, "{case}: {answer:?}");
            assert_eq!(answer.header("content-type"), "application/grpc", "{case}");
            assert_eq!(answer.header("grpc-status"), "16", "{case}");
            assert!(
                answer
                    .header("grpc-message")
                    .starts_with("invalid_credentials: "),
                "{case}"
            );
            assert!(answer.body.is_empty(), "{case}");
            assert_eq!(
                answer.outcome().reason(),
                Some(Reason::InvalidCredentials),
                "{case}"
            );
        }
        assert_eq!(bench.echo.calls(), 0, "{case}");
    }
}

#[tokio::test]
async fn each_kind_of_refusal_has_its_grpc_status() {
    let (case, bench) = (Case::named("mac yar sha1"), Bench::with_capacity(1));
    let service = bench
        .layer(&case)
        .max_body(5)
        .grpc_answers()
        .layer(bench.echo.clone());
    let good = case.sign(&grpc("application/grpc"));
    let stale = case.sign_at(&grpc("application/grpc"), NOW.plus(-90_000));
    let large = case.sign(&grpc("application/grpc").body("six by"));
    let mut elsewhere = good.clone();
    elsewhere.host = "a@b".to_owned();
    let accepted = call(&service, good.request_in_memory()).await;
    assert_eq!(
        (accepted.status.as_u16(), accepted.header("grpc-status")),
        (200, "")
    );
    let one_too_many = case.sign(&grpc("application/grpc"));
    for (wire, status) in [
        (stale, "16"),
        (good, "16"),
        (large, "8"),
        (elsewhere, "3"),
        (one_too_many, "14"),
    ] {
        let answer = call(&service, wire.request_in_memory()).await;
        assert_eq!(answer.header("grpc-status"), status, "{answer:?}");
    }
}

#[tokio::test]
async fn other_requests_are_answered_as_usual() {
    let (case, bench) = (Case::named("auth-key wiki"), Bench::new());
    let service = bench.layer(&case).grpc_answers().layer(bench.echo.clone());
    for wire in [Wire::get("/"), Wire::post("/", "hello")] {
        let answer = call(&service, wire.request_in_memory()).await;
        assert_eq!(answer.told(), (401, "missing_credentials".to_owned()));
        assert_eq!(answer.header("grpc-status"), "");
    }
}
