//! Schemes whose days are counted.

use countersign::{Reason, SchemeId, VerifyLayer};
use countersign_tests::{Answer, Bench, Case, NOW, Wire, call};
use tower::Layer;

/// A layer of both variants of HMAC-Auth, of which SHA-1 ends in a day.
fn layer(bench: &Bench) -> VerifyLayer<countersign::StaticKeys> {
    let cases = [sha1(), sha256()];
    bench
        .any(&cases)
        .sunset(SchemeId::HMAC_AUTH, NOW.plus(86_400))
}

fn sha1() -> Case {
    Case::named("hmac-auth sha1")
}

fn sha256() -> Case {
    Case::named("hmac-auth sha256")
}

fn sunset_headers(answer: &Answer) -> [&str; 2] {
    ["deprecation", "sunset"].map(|name| answer.header(name))
}

const ANNOUNCED: [&str; 2] = ["@1700000000", "Wed, 15 Nov 2023 22:13:20 GMT"];

#[tokio::test]
async fn bad_178_before_its_end_the_old_scheme_is_accepted_and_its_users_are_told() {
    let bench = Bench::new();
    let service = layer(&bench).layer(bench.echo.clone());
    let good = call(&service, sha1().sign(&Wire::get("/")).request_in_memory()).await;
    assert_eq!(
        (good.status.as_u16(), sunset_headers(&good)),
        (200, ANNOUNCED)
    );
    assert!(good.outcome().deprecated());
    let bad = call(
        &service,
        sha1().sign_badly(&Wire::get("/")).request_in_memory(),
    )
    .await;
    assert_eq!(
        (bad.status.as_u16(), sunset_headers(&bad)),
        (401, ANNOUNCED)
    );
    assert!(bad.outcome().deprecated());
}

#[tokio::test]
async fn the_users_of_the_other_scheme_are_told_nothing() {
    let bench = Bench::new();
    let service = layer(&bench).layer(bench.echo.clone());
    for wire in [
        sha256().sign(&Wire::get("/")),
        sha256().sign_badly(&Wire::get("/")),
        Wire::get("/"),
    ] {
        let answer = call(&service, wire.request_in_memory()).await;
        assert_eq!(sunset_headers(&answer), ["", ""], "{wire:?}");
        assert!(!answer.outcome().deprecated());
    }
}

#[tokio::test]
async fn bad_178_after_its_end_the_old_scheme_is_refused_and_no_longer_offered() {
    let bench = Bench::new();
    let service = layer(&bench).layer(bench.echo.clone());
    for (seconds, status) in [(86_400, 200), (86_401, 401), (864_000, 401)] {
        let now = NOW.plus(seconds);
        bench.clock.set(now);
        let old = sha1().sign_at(&Wire::get("/"), now);
        let answer = call(&service, old.request_in_memory()).await;
        assert_eq!(answer.status, status, "{seconds}: {answer:?}");
        if status == 401 {
            assert_eq!(answer.told().1, "unsupported_scheme");
            assert_eq!(answer.outcome().reason(), Some(Reason::UnsupportedScheme));
            assert_eq!(answer.headers("www-authenticate").len(), 1);
        }
        let new = sha256().sign_at(&Wire::get("/"), now);
        assert_eq!(
            call(&service, new.request_in_memory()).await.status,
            200,
            "{seconds}"
        );
        let none = call(&service, Wire::get("/").request_in_memory()).await;
        let offered = none.headers("www-authenticate").len();
        assert_eq!(offered, if status == 200 { 2 } else { 1 }, "{seconds}");
    }
}

#[tokio::test]
async fn bad_178_a_layer_whose_every_scheme_has_ended_still_challenges_as_http_demands() {
    let (case, bench) = (sha1(), Bench::new());
    let layer = bench.layer(&case).sunset(SchemeId::HMAC_AUTH, NOW);
    let service = layer.layer(bench.echo.clone());
    bench.clock.advance(1);
    for wire in [case.sign(&Wire::get("/")), Wire::get("/")] {
        let answer = call(&service, wire.request_in_memory()).await;
        assert_eq!(answer.status, 401);
        assert!(
            !answer.headers("www-authenticate").is_empty(),
            "RFC 9110 §15.5.2: {answer:?}"
        );
    }
}

#[tokio::test]
async fn an_optional_layer_refuses_the_old_scheme_after_its_end() {
    let bench = Bench::new();
    let service = layer(&bench).optional().layer(bench.echo.clone());
    bench.clock.advance(86_401);
    let old = sha1().sign_at(&Wire::get("/"), NOW.plus(86_401));
    let answer = call(&service, old.request_in_memory()).await;
    assert_eq!(answer.told(), (401, "unsupported_scheme".to_owned()));
}

#[tokio::test]
async fn the_clock_may_be_set_after_the_sunset() {
    let (case, bench) = (sha1(), Bench::new());
    let until = NOW.plus(86_400);
    let layer = VerifyLayer::any([case.any_scheme()], case.static_keys());
    let layer = bench.around(layer.sunset(SchemeId::HMAC_AUTH, until));
    let service = layer.layer(bench.echo.clone());
    let answer = call(&service, case.sign(&Wire::get("/")).request_in_memory()).await;
    assert_eq!(sunset_headers(&answer), ANNOUNCED);
}
