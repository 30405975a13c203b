//! Layers that let requests without credentials pass.

use countersign::Decision;
use countersign_tests::{Bench, Case, NOW, Wire, call};
use tower::Layer;

#[tokio::test]
async fn without_credentials_a_request_passes_without_a_caller() {
    for case in Case::all() {
        let bench = Bench::new();
        let service = bench.layer(&case).optional().layer(bench.echo.clone());
        for wire in [
            Wire::get("/"),
            Wire::post("/", "hello"),
            Wire::get("/").header("authorization", "  "),
        ] {
            let answer = call(&service, wire.request_in_memory()).await;
            assert_eq!(answer.outcome().decision(), Decision::Anonymous, "{case}");
            assert_eq!(
                (answer.status.as_u16(), answer.caller()),
                (200, ""),
                "{case}"
            );
            assert_eq!(answer.body, wire.body, "{case}");
        }
    }
}

#[tokio::test]
async fn with_good_credentials_it_passes_with_its_caller() {
    for case in Case::all() {
        let bench = Bench::new();
        let service = bench.layer(&case).optional().layer(bench.echo.clone());
        let wire = case.sign(&Wire::post("/", "hello"));
        let answer = call(&service, wire.request_in_memory()).await;
        assert_eq!(answer.caller(), case.principal(), "{case}");
    }
}

#[tokio::test]
async fn bad_176_bad_credentials_are_refused_and_never_anonymous() {
    for case in Case::all() {
        let bench = Bench::new();
        let service = bench.layer(&case).optional().layer(bench.echo.clone());
        let post = Wire::post("/", "hello");
        let header = case.credential_header();
        let good = case.sign(&post);
        let mut bad = vec![
            case.sign_badly(&post),
            good.clone().header(header, "x"),
            good.clone().set(header, format!("{}?", good.value(header))),
        ];
        if case.remembers() {
            bad.push(case.sign_at(&post, NOW.plus(-90_000)));
        }
        if case.covers_body() {
            bad.push(good.clone().body("jello"));
        }
        for wire in bad {
            let answer = call(&service, wire.request_in_memory()).await;
            assert_eq!(answer.status, 401, "{case} {wire:?}: {answer:?}");
        }
        assert_eq!(bench.echo.calls(), 0, "{case}");
    }
}

#[tokio::test]
async fn an_empty_credential_header_of_the_scheme_is_bad_and_not_missing() {
    for case in Case::all() {
        let bench = Bench::new();
        let service = bench.layer(&case).optional().layer(bench.echo.clone());
        if case.credential_header() == "authorization" {
            continue;
        }
        let empty = Wire::get("/").header(case.credential_header(), "");
        assert_eq!(
            call(&service, empty.request_in_memory()).await.status,
            401,
            "{case}"
        );
    }
}

#[tokio::test]
async fn a_foreign_scheme_in_the_header_of_the_scheme_is_refused_and_elsewhere_is_not_its_business()
{
    for case in Case::all() {
        let bench = Bench::new();
        let service = bench.layer(&case).optional().layer(bench.echo.clone());
        let bearer = Wire::get("/").header("authorization", "Bearer x");
        let answer = call(&service, bearer.request_in_memory()).await;
        let expected = if case.credential_header() == "authorization" {
            (401, "unsupported_scheme".to_owned())
        } else {
            (200, String::new())
        };
        assert_eq!(answer.told(), expected, "{case}");
        assert_eq!(answer.caller(), "", "{case}");
    }
}

#[tokio::test]
async fn bad_1_without_the_option_nobody_is_anonymous() {
    for case in Case::all() {
        let bench = Bench::new();
        let service = bench.layer(&case).layer(bench.echo.clone());
        let answer = call(&service, Wire::get("/").request_in_memory()).await;
        assert_eq!(
            answer.told(),
            (401, "missing_credentials".to_owned()),
            "{case}"
        );
    }
}
