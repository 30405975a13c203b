//! Headers by which the service behind learns who is calling.

use countersign::STRIPPED;
use countersign_tests::{Bench, Case, Wire, call};
use http::HeaderName;
use tower::Layer;

/// A header that this service alone reads for the caller's identity.
const OWN: &str = "x-authenticated-id";

/// Every name that a client must not be able to set.
fn identities() -> Vec<String> {
    let names = STRIPPED.map(|name| name.to_string());
    names.into_iter().chain([OWN.to_owned()]).collect()
}

/// `wire`, with every header in it that a client must not be able to set.
fn forged(mut wire: Wire) -> Wire {
    for name in identities() {
        wire = wire.header(&name, "admin").header(&name, "root");
        wire = wire.header(&name.replace('-', "_"), "admin");
    }
    wire.header("x-harmless", "1").header("x_harmless", "1")
}

/// That nothing forged reached the service, and everything else did.
fn assert_clean(bench: &Bench, label: &str) {
    let headers = bench.echo.last().headers;
    for name in headers.keys().map(HeaderName::as_str) {
        let forged = identities().contains(&name.replace('_', "-"));
        assert!(!forged, "{label}: {name} got through");
    }
    assert!(
        headers.contains_key("x-harmless") && headers.contains_key("x_harmless"),
        "{label}"
    );
}

#[tokio::test]
async fn bad_145_and_107_identity_headers_reach_the_service_on_no_path() {
    for case in Case::all() {
        let bench = Bench::new();
        let layer = || {
            bench
                .layer(&case)
                .strip_header(HeaderName::from_static(OWN))
        };
        let preflight = Wire::new("OPTIONS", "/")
            .header("origin", "https://app.example.org")
            .header("access-control-request-method", "POST");
        let good = case.sign(&Wire::post("/", "hello"));
        let again = case.sign(&Wire::post("/reported", "hello"));
        let paths = [
            ("verified", layer(), good),
            ("anonymous", layer().optional(), Wire::get("/")),
            (
                "reported",
                layer().report_only(),
                case.sign_badly(&Wire::get("/")),
            ),
            ("reported and good", layer().report_only(), again),
            (
                "reported and missing",
                layer().report_only(),
                Wire::get("/"),
            ),
            ("preflight", layer().allow_preflight(), preflight),
        ];
        for (index, (path, layer, wire)) in paths.into_iter().enumerate() {
            let label = format!("{case} {path}");
            let service = layer.layer(bench.echo.clone());
            let answer = call(&service, forged(wire).request_in_memory()).await;
            assert_eq!(answer.status, 200, "{label}: {answer:?}");
            assert_eq!(bench.echo.calls(), index + 1, "{label}");
            assert_clean(&bench, &label);
        }
    }
}

#[tokio::test]
async fn bad_107_the_method_is_the_one_that_was_signed() {
    for case in Case::all() {
        let bench = Bench::new();
        let service = bench.layer(&case).layer(bench.echo.clone());
        let wire = case
            .sign(&Wire::post("/", "hello"))
            .header("x-http-method-override", "DELETE");
        assert_eq!(
            call(&service, wire.request_in_memory()).await.status,
            200,
            "{case}"
        );
        let seen = bench.echo.last();
        assert_eq!(seen.method, "POST", "{case}");
        assert!(
            !seen.headers.contains_key("x-http-method-override"),
            "{case}"
        );
    }
}

#[tokio::test]
async fn bad_106_a_method_in_another_case_is_another_method() {
    for case in Case::signing() {
        let bench = Bench::new();
        let service = bench.layer(&case).layer(bench.echo.clone());
        let mut wire = case.sign(&Wire::get("/"));
        wire.method = "get".parse().unwrap();
        let documented = case.name == "moxie as documented";
        let expected = if documented { 200 } else { 401 };
        assert_eq!(
            call(&service, wire.request_in_memory()).await.status,
            expected,
            "{case}"
        );
    }
}

#[tokio::test]
async fn bad_105_and_108_a_signature_is_good_for_one_method() {
    for case in Case::signing() {
        let bench = Bench::new();
        let service = bench.layer(&case).layer(bench.echo.clone());
        for (signed, sent) in [("GET", "DELETE"), ("GET", "HEAD"), ("HEAD", "GET")] {
            let mut wire = case.sign(&Wire::new(signed, "/"));
            wire.method = sent.parse().unwrap();
            assert_eq!(
                call(&service, wire.request_in_memory()).await.status,
                401,
                "{case}"
            );
        }
    }
}
