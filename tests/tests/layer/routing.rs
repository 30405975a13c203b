//! What is verified when routers change the target on its way to the layer.

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use countersign::{HmacAuth, KeepTarget, Verified, VerifyLayer};
use countersign_tests::{Answer, Bench, Case, Wire, call};
use http::{Request, Uri};
use tower::{Layer, ServiceBuilder};

async fn hello(caller: Verified) -> String {
    format!("hello {}", caller.principal())
}

async fn answer(app: &Router, wire: &Wire) -> Answer {
    call(app, wire.http1(Body::from(wire.body.clone()))).await
}

#[tokio::test]
async fn bad_122_inside_a_nested_router_the_original_target_is_verified() {
    for case in Case::all() {
        let bench = Bench::new();
        let users = Router::new()
            .route("/users/{id}", get(hello))
            .layer(bench.layer(&case));
        let app = Router::new().nest("/api", Router::new().nest("/v1", users));
        let good = answer(&app, &case.sign(&Wire::get("/api/v1/users/7?b=2"))).await;
        assert_eq!(good.status, 200, "{case}: {good:?}");
        assert_eq!(good.body, format!("hello {}", case.principal()), "{case}");

        let mut stripped = case.sign(&Wire::get("/users/7?b=2"));
        stripped.target = "/api/v1/users/7?b=2".to_owned();
        let expected = if case.remembers() { 401 } else { 200 };
        assert_eq!(answer(&app, &stripped).await.status, expected, "{case}");
    }
}

#[tokio::test]
async fn bad_122_a_base_path_is_left_out_of_what_is_verified_on_request_only() {
    let (case, bench) = (Case::named("hmac-auth sha256"), Bench::new());
    let scheme = HmacAuth::sha256().base_path("/api/v1").unwrap();
    let layer = bench.around(VerifyLayer::of(scheme, case.static_keys()));
    let users = Router::new().route("/users/{id}", get(hello));
    let app = Router::new()
        .nest("/api/v1", users.clone())
        .nest("/api/v2", users)
        .layer(layer);
    // As a client signs that knows `https://…/api/v1` as its base URL.
    let mut wire = case.sign(&Wire::get("/users/7"));
    wire.target = "/api/v1/users/7".to_owned();
    assert_eq!(answer(&app, &wire).await.status, 200);
    wire.target = "/api/v2/users/7".to_owned();
    assert_eq!(
        answer(&app, &wire).await.told(),
        (400, "invalid_target".to_owned())
    );
    let whole = case.sign(&Wire::get("/api/v1/users/7"));
    assert_eq!(answer(&app, &whole).await.status, 401);
}

/// A layer that takes the first segment off the path, as gateways do.
fn strip_segment<B>(mut request: Request<B>) -> Request<B> {
    let path = request.uri().path_and_query().unwrap().as_str();
    let (_, rest) = path[1..].split_once('/').unwrap();
    *request.uri_mut() = format!("/{rest}").parse::<Uri>().unwrap();
    request
}

#[tokio::test]
async fn bad_122_a_target_that_was_kept_is_verified_inside_a_layer_that_rewrites_it() {
    for case in Case::all() {
        let bench = Bench::new();
        let service = ServiceBuilder::new()
            .layer(KeepTarget)
            .map_request(strip_segment)
            .layer(bench.layer(&case))
            .service(bench.echo.clone());
        let wire = case.sign(&Wire::post("/gateway/users?b=2", "hello"));
        assert_eq!(
            call(&service, wire.request_in_memory()).await.status,
            200,
            "{case}"
        );
        assert_eq!(
            bench.echo.last().target,
            "/users?b=2",
            "{case}: the service sees the new one"
        );

        let without = ServiceBuilder::new()
            .map_request(strip_segment)
            .layer(bench.layer(&case))
            .service(bench.echo.clone());
        let wire = case.sign(&Wire::post("/gateway/users?b=3", "hello"));
        let expected = if case.remembers() { 401 } else { 200 };
        assert_eq!(
            call(&without, wire.request_in_memory()).await.status,
            expected,
            "{case}"
        );
    }
}

#[tokio::test]
async fn the_outermost_target_that_was_kept_counts() {
    let (case, bench) = (Case::named("auth-key wiki"), Bench::new());
    let service = ServiceBuilder::new()
        .layer(KeepTarget)
        .map_request(strip_segment)
        .layer(KeepTarget)
        .map_request(strip_segment)
        .layer(bench.layer(&case))
        .service(bench.echo.clone());
    let wire = case.sign(&Wire::get("/a/b/c"));
    assert_eq!(call(&service, wire.request_in_memory()).await.status, 200);
    assert_eq!(bench.echo.last().target, "/c");
}

#[tokio::test]
async fn bad_123_to_125_no_header_says_what_the_target_or_the_host_is() {
    for case in Case::signing() {
        let bench = Bench::new();
        let service = bench.layer(&case).layer(bench.echo.clone());
        let mut wire = case.sign(&Wire::get("/harmless"));
        wire.target = "/admin".to_owned();
        for name in [
            "x-original-uri",
            "x-original-url",
            "x-rewrite-url",
            "x-forwarded-uri",
        ] {
            wire = wire.header(name, "/harmless");
        }
        assert_eq!(
            call(&service, wire.request_in_memory()).await.status,
            401,
            "{case}"
        );

        let signed = case.sign(&Wire::get("/harmless"));
        let forwarded = signed
            .header("x-forwarded-host", "evil.example.org")
            .header("x-forwarded-proto", "https")
            .header("x-forwarded-port", "444")
            .header("x-forwarded-prefix", "/admin")
            .header("forwarded", "host=evil.example.org;proto=https");
        let answer = call(&service, forwarded.request_in_memory()).await;
        assert_eq!(answer.status, 200, "{case}: {answer:?}");
    }
}

#[tokio::test]
async fn bad_126_the_public_base_url_is_verified_whatever_host_a_proxy_writes() {
    for case in Case::all() {
        let bench = Bench::new();
        let layer = bench
            .layer(&case)
            .public_base_url("https://public.example.org")
            .unwrap();
        let service = layer.layer(bench.echo.clone());
        let mut wire = Wire::post("/users", "hello");
        let target: Uri = "https://public.example.org/users".parse().unwrap();
        countersign::ToSign::new(&wire.method, &target, countersign_tests::NOW)
            .nonce("nonce")
            .body(&wire.body)
            .sign(case.scheme(), &case.key(), &mut wire.headers)
            .unwrap();
        wire.host = "10.0.0.1:8080".to_owned();
        let answer = call(&service, wire.request_in_memory()).await;
        assert_eq!(answer.status, 200, "{case}: {answer:?}");
    }
}
