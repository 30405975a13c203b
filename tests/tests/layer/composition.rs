//! The layer between the layers of tower and tower-http.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::routing::post;
use bytes::Bytes;
use countersign::{Outcome, Verified, VerifiedBody};
use countersign_tests::{Bench, Case, Wire, call};
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use tower::limit::ConcurrencyLimitLayer;
use tower::{Layer, ServiceBuilder, service_fn};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::TraceLayer;

#[tokio::test]
async fn the_whole_stack_lets_good_requests_through_and_no_others() {
    for case in Case::all() {
        let bench = Bench::new();
        let service = ServiceBuilder::new()
            .layer(CatchPanicLayer::new())
            .layer(TraceLayer::new_for_http())
            .layer(RequestBodyLimitLayer::new(1000))
            .layer(ConcurrencyLimitLayer::new(2))
            .layer(bench.layer(&case))
            .layer(RequestBodyLimitLayer::new(1000))
            .layer(TraceLayer::new_for_http())
            .layer(TimeoutLayer::with_status_code(
                StatusCode::GATEWAY_TIMEOUT,
                Duration::MAX,
            ))
            .layer(ConcurrencyLimitLayer::new(2))
            .service(bench.echo.clone());
        let good = case.sign(&Wire::post("/", "hello"));
        let answer = call(&service, good.request_in_memory()).await;
        assert_eq!(
            (answer.status.as_u16(), &*answer.body),
            (200, &b"hello"[..]),
            "{case}"
        );
        assert_eq!(answer.caller(), case.principal(), "{case}");
        let bad = case.sign_badly(&Wire::post("/", "hello"));
        assert_eq!(
            call(&service, bad.request_in_memory()).await.status,
            401,
            "{case}"
        );
        let large = case.sign(&Wire::post("/", "x".repeat(1001)));
        let declared = large.clone().header("content-length", "1001");
        let answer = call(&service, declared.request_in_memory()).await;
        assert_eq!(answer.status, 413, "{case}: refused by the limit outside");
        let answer = call(&service, large.request_in_memory()).await;
        assert_eq!(
            answer.told(),
            (400, "body_incomplete".to_owned()),
            "{case}: cut by it"
        );
        assert_eq!(bench.echo.calls(), 1, "{case}");
    }
}

#[tokio::test]
async fn an_access_log_outside_learns_what_was_decided() {
    let (case, bench) = (Case::named("hmac-auth sha1"), Bench::new());
    let log = Arc::new(Mutex::new(Vec::new()));
    let written = Arc::clone(&log);
    let service = ServiceBuilder::new()
        .layer(TraceLayer::new_for_http().on_response(
            move |response: &Response<_>, _: Duration, _: &tracing::Span| {
                let outcome = response.extensions().get::<Outcome>().unwrap();
                let reason = outcome.reason().map(countersign::Reason::code);
                written
                    .lock()
                    .unwrap()
                    .push((outcome.decision().name(), reason));
            },
        ))
        .layer(bench.layer(&case))
        .service(bench.echo.clone());
    let wire = case.sign(&Wire::get("/"));
    for wire in [wire.clone(), Wire::get("/"), wire.set("date", "yesterday")] {
        call(&service, wire.request_in_memory()).await;
    }
    let expected = [
        ("accepted", None),
        ("rejected", Some("missing_credentials")),
        ("rejected", Some("invalid_timestamp")),
    ];
    assert_eq!(*log.lock().unwrap(), expected);
}

#[tokio::test]
async fn bad_99_and_197_a_service_that_panics_does_not_free_the_nonce_or_break_the_layer() {
    async fn panics(
        request: Request<VerifiedBody<Full<Bytes>>>,
    ) -> Result<Response<Full<Bytes>>, Infallible> {
        assert_ne!(
            request.uri().path(),
            "/panic",
            "the service panics, as the test wants it to"
        );
        Ok(Response::new(Full::default()))
    }
    for case in Case::signing() {
        let bench = Bench::new();
        let service = ServiceBuilder::new()
            .layer(CatchPanicLayer::new())
            .layer(bench.layer(&case))
            .service(service_fn(panics));
        let wire = case.sign(&Wire::post("/panic", "hello"));
        assert_eq!(
            call(&service, wire.request_in_memory()).await.status,
            500,
            "{case}"
        );
        assert_eq!(
            call(&service, wire.request_in_memory()).await.status,
            401,
            "{case}"
        );
        let other = case.sign(&Wire::post("/other", "hello"));
        assert_eq!(
            call(&service, other.request_in_memory()).await.status,
            200,
            "{case}"
        );
    }
}

#[tokio::test]
async fn bad_99_and_196_an_error_of_the_service_stays_its_own_and_the_nonce_is_spent() {
    let (case, bench) = (Case::named("mac draft sha256"), Bench::new());
    let failing = service_fn(|_: Request<VerifiedBody<Full<Bytes>>>| async {
        Err::<Response<Full<Bytes>>, _>("the database is gone")
    });
    let service = bench.layer(&case).layer(failing);
    let wire = case.sign(&Wire::post("/", "hello"));
    let mut errors = Vec::new();
    for _ in 0..2 {
        let answering = tower::ServiceExt::oneshot(service.clone(), wire.request_in_memory());
        errors.push(answering.await.map(|response| response.status().as_u16()));
    }
    assert_eq!(errors.len(), 2);
    assert_eq!(errors[0].as_ref().unwrap_err(), &"the database is gone");
    assert_eq!(errors[1], Ok(401));
}

#[tokio::test]
async fn in_axum_the_usual_layers_go_on_either_side() {
    async fn echo(caller: Verified, body: Bytes) -> (StatusCode, String) {
        let text = String::from_utf8_lossy(&body);
        (
            StatusCode::CREATED,
            format!("{}: {text}", caller.principal()),
        )
    }
    for case in Case::all() {
        let bench = Bench::new();
        let app = Router::new()
            .route("/", post(echo))
            .layer(TimeoutLayer::with_status_code(
                StatusCode::GATEWAY_TIMEOUT,
                Duration::MAX,
            ))
            .layer(bench.layer(&case))
            .layer(TimeoutLayer::with_status_code(
                StatusCode::REQUEST_TIMEOUT,
                Duration::MAX,
            ))
            .layer(RequestBodyLimitLayer::new(1000))
            .layer(TraceLayer::new_for_http())
            .layer(CatchPanicLayer::new());
        let wire = case.sign(&Wire::post("/", "hello"));
        let answer = call(&app, wire.http1(Body::from(wire.body.clone()))).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{case}: {answer:?}");
        assert_eq!(
            answer.body,
            format!("{}: hello", case.principal()),
            "{case}"
        );
        let unsigned = Wire::post("/", "hello");
        let answer = call(&app, unsigned.http1(Body::from("hello"))).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{case}");
    }
}

#[tokio::test]
async fn a_limit_inside_sees_the_very_bytes_that_were_verified() {
    let (case, bench) = (Case::named("auth-key v3"), Bench::new());
    let service = ServiceBuilder::new()
        .layer(bench.layer(&case))
        .layer(RequestBodyLimitLayer::new(4))
        .service(bench.echo.clone());
    let small = case.sign(&Wire::post("/", "four"));
    assert_eq!(call(&service, small.request_in_memory()).await.body, "four");
    let large = case.sign(&Wire::post("/", "fives"));
    let answer = call(&service, large.request_in_memory()).await;
    assert_eq!(answer.outcome().decision(), countersign::Decision::Accepted);
    assert_ne!(answer.status, 200);
}

#[tokio::test]
async fn bad_160_and_163_a_layer_outside_that_changes_the_body_breaks_the_signature() {
    for case in Case::signing().into_iter().filter(Case::covers_body) {
        let bench = Bench::new();
        let pretty =
            |request: Request<Full<Bytes>>| request.map(|_| Full::from("{\n  \"a\": 1\n}"));
        let service = ServiceBuilder::new()
            .map_request(pretty)
            .layer(bench.layer(&case))
            .service(bench.echo.clone());
        let wire = case.sign(&Wire::post("/", "{\"a\":1}"));
        let answer = call(&service, wire.request_in_memory()).await;
        assert_eq!(answer.told(), (401, "digest_mismatch".to_owned()), "{case}");
    }
}
