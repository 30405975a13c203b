//! Layers of several schemes.

use countersign::{
    AnyScheme, AuthKey, Dialect, HmacAuth, SchemeId, StaticKeys, Strength, VerifyLayer,
};
use countersign_tests::{Bench, Case, Wire, call};
use tower::Layer;

fn named<const N: usize>(names: [&str; N]) -> [Case; N] {
    names.map(Case::named)
}

#[tokio::test]
async fn the_length_of_the_signature_tells_two_readings_of_one_header_apart() {
    for names in [
        ["hmac-auth sha1", "hmac-auth sha256"],
        ["hmac-auth sha256", "hmac-auth sha1"],
        ["mac yar sha1", "mac draft sha1"],
        ["mac draft sha1", "mac yar sha1"],
    ] {
        let (cases, bench) = (named(names), Bench::new());
        let service = bench.any(&cases).layer(bench.echo.clone());
        for case in &cases {
            let wire = case.sign(&Wire::post("/", "hello"));
            let answer = call(&service, wire.request_in_memory()).await;
            assert_eq!(answer.status, 200, "{case} in {names:?}: {answer:?}");
            assert_eq!(answer.outcome().scheme(), Some(case.scheme().id()));
            let bad = case.sign_badly(&Wire::post("/", "hello"));
            let answer = call(&service, bad.request_in_memory()).await;
            assert_eq!(
                answer.told().1,
                "invalid_credentials",
                "{case} in {names:?}"
            );
        }
    }
}

#[tokio::test]
async fn the_number_of_fields_tells_the_dialects_of_auth_key_apart() {
    for names in [
        ["auth-key wiki", "auth-key v1", "auth-key v3"],
        ["auth-key v3", "auth-key v2", "auth-key wiki"],
    ] {
        let (cases, bench) = (named(names), Bench::new());
        let service = bench.any(&cases).layer(bench.echo.clone());
        for case in &cases {
            let wire = case.sign(&Wire::post("/", "hello"));
            let answer = call(&service, wire.request_in_memory()).await;
            assert_eq!(answer.status, 200, "{case}: {answer:?}");
            assert_eq!(answer.outcome().scheme(), Some(case.scheme().id()));
        }
    }
}

#[tokio::test]
async fn bad_11_credentials_across_headers_are_ambiguous_whatever_they_are_worth() {
    let cases = named([
        "auth-key wiki",
        "hmac-auth sha1",
        "hmac-auth sha256",
        "moxie as built",
        "basic",
    ]);
    let bench = Bench::new();
    let service = bench.any(&cases).layer(bench.echo.clone());
    let wire = Wire::get("/");
    let hmac = &cases[2];
    for other in [&cases[0], &cases[3], &cases[4]] {
        for hmac in [
            hmac.sign(&wire),
            hmac.sign_badly(&wire),
            wire.clone().header("hmac-auth", "?"),
        ] {
            for other in [other.sign(&wire), other.sign_badly(&wire)] {
                let mut both = hmac.clone();
                for (name, value) in &other.headers {
                    both.headers.insert(name, value.clone());
                }
                let answer = call(&service, both.request_in_memory()).await;
                assert_eq!(
                    answer.told(),
                    (400, "ambiguous_credentials".to_owned()),
                    "{both:?}"
                );
                assert_eq!(answer.header("www-authenticate"), "");
            }
        }
    }
    assert_eq!((bench.echo.calls(), bench.replay.len()), (0, 0));
}

#[tokio::test]
async fn every_scheme_challenges_and_only_the_refused_one_says_why() {
    let cases = named(["auth-key wiki", "hmac-auth sha256", "mac yar sha1"]);
    let bench = Bench::new();
    let service = bench
        .any(&cases)
        .realm("the \"users\"")
        .layer(bench.echo.clone());
    let bad = cases[1].sign_badly(&Wire::get("/"));
    let answer = call(&service, bad.request_in_memory()).await;
    let expected = [
        r#"Auth-Key realm="the \"users\"""#,
        r#"HMAC-Auth realm="the \"users\"", error="signature does not match""#,
        r#"MAC realm="the \"users\"""#,
    ];
    assert_eq!(answer.headers("www-authenticate"), expected);
    let none = call(&service, Wire::get("/").request_in_memory()).await;
    let reasons = none.headers("www-authenticate");
    assert_eq!(reasons.len(), 3);
    assert!(
        reasons.iter().all(|challenge| challenge.contains(", ")),
        "{reasons:?}"
    );
}

#[tokio::test]
async fn bad_49_a_key_verifies_only_under_the_schemes_it_is_pinned_to() {
    let cases = named(["hmac-auth sha1", "hmac-auth sha256"]);
    let bench = Bench::new();
    let pinned = cases[1].key().schemes([SchemeId::HMAC_AUTH_SHA256]);
    let schemes = cases.each_ref().map(Case::any_scheme);
    let layer = bench.around(VerifyLayer::any(schemes, StaticKeys::new([pinned])));
    let service = layer.layer(bench.echo.clone());
    for (case, told) in [
        (&cases[0], (401, "invalid_credentials")),
        (&cases[1], (200, "")),
    ] {
        let wire = case.sign(&Wire::get("/"));
        let answer = call(&service, wire.request_in_memory()).await;
        assert_eq!(answer.told(), (told.0, told.1.to_owned()), "{case}");
    }
}

#[tokio::test]
async fn bad_51_the_record_of_the_key_decides_its_algorithm() {
    for (of_key, of_request) in [
        ("mac yar sha1", "mac yar sha256"),
        ("mac yar sha256", "mac yar sha1"),
        ("mac draft sha1", "mac draft sha256"),
        ("mac draft sha256", "mac draft sha1"),
    ] {
        let (of_key, of_request) = (Case::named(of_key), Case::named(of_request));
        let bench = Bench::new();
        let service = bench.layer(&of_key).layer(bench.echo.clone());
        let wire = of_request.sign(&Wire::get("/"));
        let answer = call(&service, wire.request_in_memory()).await;
        assert_eq!(
            answer.told(),
            (401, "invalid_credentials".to_owned()),
            "{of_request}"
        );
    }
}

#[tokio::test]
async fn bad_179_a_minimum_strength_refuses_the_weaker_algorithm_of_one_scheme() {
    for profile in ["yar", "draft"] {
        let [sha1, sha256] =
            ["sha1", "sha256"].map(|hash| Case::named(&format!("mac {profile} {hash}")));
        for (case, told) in [(sha1, (401, "unsupported_algorithm")), (sha256, (200, ""))] {
            let bench = Bench::new();
            let layer = bench.layer(&case).min_strength(Strength::Sha256);
            let service = layer.layer(bench.echo.clone());
            let wire = case.sign(&Wire::get("/"));
            let answer = call(&service, wire.request_in_memory()).await;
            assert_eq!(answer.told(), (told.0, told.1.to_owned()), "{case}");
        }
    }
}

#[tokio::test]
async fn bad_52_the_caller_is_that_of_the_key_that_signed() {
    for case in Case::signing() {
        let bench = Bench::new();
        let service = bench.layer(&case).layer(bench.echo.clone());
        let wire = countersign_tests::Part::KeyId.request(&case);
        let claims_another = countersign_tests::Part::KeyId.change(&case, &wire);
        let answer = call(&service, claims_another.request_in_memory()).await;
        assert_eq!(
            answer.told(),
            (401, "invalid_credentials".to_owned()),
            "{case}"
        );
    }
}

#[tokio::test]
async fn the_same_scheme_under_two_headers_is_two_kinds_of_credentials() {
    let (case, bench) = (Case::named("hmac-auth sha256"), Bench::new());
    let schemes: [AnyScheme; 3] = [
        HmacAuth::sha256().into(),
        HmacAuth::sha256().header("NCSU-MAC").unwrap().into(),
        AuthKey::dialect(Dialect::V3).into(),
    ];
    let layer = bench.around(VerifyLayer::any(schemes, case.static_keys()));
    let service = layer.layer(bench.echo.clone());
    let wire = case.sign(&Wire::get("/"));
    let renamed = wire
        .clone()
        .without("hmac-auth")
        .header("ncsu-mac", wire.value("hmac-auth"));
    assert_eq!(call(&service, wire.request_in_memory()).await.status, 200);
    assert_eq!(
        call(&service, renamed.request_in_memory()).await.status,
        200
    );
    let post = case.sign(&Wire::post("/", "hello"));
    let again = post
        .clone()
        .without("hmac-auth")
        .header("ncsu-mac", post.value("hmac-auth"));
    assert_eq!(call(&service, post.request_in_memory()).await.status, 200);
    assert_eq!(
        call(&service, again.request_in_memory()).await.told().1,
        "nonce_replayed"
    );
    let both = wire.clone().header("ncsu-mac", wire.value("hmac-auth"));
    assert_eq!(
        call(&service, both.request_in_memory()).await.told().1,
        "ambiguous_credentials"
    );
}
