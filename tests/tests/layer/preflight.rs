//! CORS preflights, which browsers send without credentials.

use countersign::Decision;
use countersign_tests::{Bench, Case, Wire, call};
use tower::Layer;

fn preflight() -> Wire {
    Wire::new("OPTIONS", "/")
        .header("origin", "https://app.example.org")
        .header("access-control-request-method", "POST")
}

#[tokio::test]
async fn bad_173_a_preflight_passes_where_it_is_allowed_and_without_a_caller() {
    for case in Case::all() {
        let bench = Bench::new();
        let service = bench
            .layer(&case)
            .allow_preflight()
            .layer(bench.echo.clone());
        for wire in [
            preflight(),
            case.sign(&preflight()),
            case.sign_badly(&preflight()),
        ] {
            let answer = call(&service, wire.request_in_memory()).await;
            assert_eq!(
                (answer.status.as_u16(), answer.caller()),
                (200, ""),
                "{case}"
            );
            assert_eq!(answer.outcome().decision(), Decision::Preflight, "{case}");
        }
        assert!(bench.replay.is_empty(), "{case}");
    }
}

#[tokio::test]
async fn bad_173_what_is_not_exactly_a_preflight_is_refused() {
    let method = preflight().method;
    for case in Case::all() {
        let bench = Bench::new();
        let service = bench
            .layer(&case)
            .allow_preflight()
            .layer(bench.echo.clone());
        let get = Wire {
            method: http::Method::GET,
            ..preflight()
        };
        let lower = Wire {
            method: "options".parse().unwrap(),
            ..preflight()
        };
        for wire in [
            Wire::new("OPTIONS", "/"),
            preflight().without("origin"),
            preflight().without("access-control-request-method"),
            get,
            lower,
        ] {
            let answer = call(&service, wire.request_in_memory()).await;
            assert_eq!(
                answer.told(),
                (401, "missing_credentials".to_owned()),
                "{case} {wire:?}"
            );
        }
        assert_eq!(bench.echo.calls(), 0, "{case}");
    }
    assert_eq!(method, http::Method::OPTIONS);
}

#[tokio::test]
async fn bad_173_where_it_is_not_allowed_a_preflight_is_refused() {
    for case in Case::all() {
        let bench = Bench::new();
        let service = bench.layer(&case).layer(bench.echo.clone());
        let answer = call(&service, preflight().request_in_memory()).await;
        assert_eq!(answer.status, 401, "{case}");
        assert_eq!(
            call(&service, case.sign(&preflight()).request_in_memory())
                .await
                .status,
            200
        );
    }
}
