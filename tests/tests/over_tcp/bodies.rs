//! Bodies: too large, in pieces, unsigned, and other than was signed.

use bytes::Bytes;
use countersign::{BodyPolicy, DigestStrength};
use countersign_tests::{
    Bench, Case, Client, Family, Protocol, Scripted, Step, Wire, unsized_body,
};

use crate::{everywhere, serve, served};

const MIB: usize = 1 << 20;

#[tokio::test]
async fn bad_155_a_body_declared_too_large_is_refused_before_the_client_sends_it() {
    for (case, protocol) in everywhere() {
        let bench = Bench::new();
        let (server, client) = served(&bench, &case, protocol).await;
        let wire = case.sign(&Wire::post("/", "hello"));
        // The body is never there: an answer can only come if nobody waits for it.
        let never = Scripted::new([Step::Hang]).claiming((MIB + 1).try_into().unwrap());
        let answer = client.send_body(&wire, never).await;
        assert_eq!(
            answer.told(),
            (413, "body_too_large".to_owned()),
            "{case} {protocol:?}"
        );
        assert_eq!((bench.echo.calls(), bench.replay.len()), (0, 0), "{case}");
        drop(client);
        server.stop().await;
    }
}

#[tokio::test]
async fn bad_155_a_body_of_unknown_length_is_read_up_to_the_limit_and_no_further() {
    for (case, protocol) in everywhere() {
        let bench = Bench::new();
        let layer = bench.layer(&case).max_body(1000);
        let (server, client) = serve(&bench, layer, protocol).await;
        let wire = case.sign(&Wire::post("/", "x".repeat(1001)));
        let body = Scripted::new([Step::data(&wire.body), Step::Hang]);
        let answer = client.send_body(&wire, body).await;
        assert_eq!(
            answer.told(),
            (413, "body_too_large".to_owned()),
            "{case} {protocol:?}"
        );
        assert_eq!((bench.echo.calls(), bench.replay.len()), (0, 0), "{case}");

        let client = Client::connect(server.address(), protocol).await;
        let wire = case.sign(&Wire::post("/", "x".repeat(1000)));
        let body = unsized_body([wire.body.clone()]);
        assert_eq!(
            client.send_body(&wire, body).await.status,
            200,
            "{case} {protocol:?}"
        );
        drop(client);
        server.stop().await;
    }
}

#[tokio::test]
async fn bad_154_a_body_in_pieces_is_the_body_that_was_signed_or_refused() {
    for (case, protocol) in everywhere() {
        let bench = Bench::new();
        let (server, client) = served(&bench, &case, protocol).await;
        let pieces = |text: &'static str| unsized_body(text.split(',').map(Bytes::from));
        let wire = case.sign(&Wire::post("/", "hello dave"));
        if case.covers_body() {
            let answer = client.send_body(&wire, pieces("hello ,mallory")).await;
            assert_eq!(
                answer.told(),
                (401, "digest_mismatch".to_owned()),
                "{case} {protocol:?}"
            );
            assert_eq!((bench.echo.calls(), bench.replay.len()), (0, 0), "{case}");
        }
        let answer = client.send_body(&wire, pieces("hel,lo, ,dave")).await;
        assert_eq!(answer.status, 200, "{case} {protocol:?}");
        assert_eq!(answer.body, "hello dave", "{case}");
        server.stop().await;
    }
}

#[tokio::test]
async fn bad_147_another_body_is_refused_and_does_not_spend_the_nonce() {
    for (case, protocol) in everywhere().filter(|(case, _)| case.covers_body()) {
        let bench = Bench::new();
        let (server, client) = served(&bench, &case, protocol).await;
        let wire = case.sign(&Wire::post("/", "hello"));
        for other in ["jello", "hello ", "hell", ""] {
            let told = client.send(&wire.clone().body(other)).await.told();
            assert_eq!(
                told,
                (401, "digest_mismatch".to_owned()),
                "{case} {protocol:?} {other:?}"
            );
        }
        assert_eq!((bench.echo.calls(), bench.replay.len()), (0, 0), "{case}");
        assert_eq!(client.send(&wire).await.status, 200, "{case}");
        server.stop().await;
    }
}

/// What a request is told whose body the signature does not cover.
fn uncovered(case: &Case) -> (u16, String) {
    let code = match case.family {
        // `ext` says that there is no body.
        Family::MacYar => "digest_mismatch",
        _ => "missing_digest",
    };
    (401, code.to_owned())
}

#[tokio::test]
async fn bad_149_and_153_a_body_without_a_digest_is_refused_where_there_could_be_one() {
    for (case, protocol) in everywhere() {
        let bench = Bench::new();
        let (server, client) = served(&bench, &case, protocol).await;
        let wire = case.sign(&Wire::new("POST", "/"));
        let body = || Bytes::from_static(b"smuggled");
        if case.covers_body() {
            let whole = client.send(&wire.clone().body(body())).await;
            assert_eq!(whole.told(), uncovered(&case), "{case} {protocol:?}");
            let chunked = client.send_body(&wire, unsized_body([body()])).await;
            assert_eq!(chunked.told(), uncovered(&case), "{case} {protocol:?}");
            assert_eq!((bench.echo.calls(), bench.replay.len()), (0, 0), "{case}");
        } else {
            let answer = client.send_body(&wire, unsized_body([body()])).await;
            assert_eq!(
                (answer.status.as_u16(), answer.body),
                (200, body()),
                "{case}"
            );
        }
        server.stop().await;
    }
}

#[tokio::test]
async fn bad_167_and_168_unsigned_bodies_can_be_refused_under_every_scheme_or_allowed() {
    for case in Case::all() {
        for (policy, status) in [
            (BodyPolicy::RequireEverywhere, 401),
            (BodyPolicy::AllowUnsigned, 200),
        ] {
            let bench = Bench::new();
            let layer = bench.layer(&case).body_policy(policy);
            let (server, client) = serve(&bench, layer, Protocol::Http1).await;
            let answer = client
                .send(&case.sign(&Wire::new("POST", "/")).body("unsigned"))
                .await;
            // The empty `ext` of yar is a signed statement that there is no body.
            let expected = if case.family == Family::MacYar {
                401
            } else {
                status
            };
            assert_eq!(answer.status, expected, "{case} {policy:?}: {answer:?}");
            server.stop().await;
        }
    }
}

#[tokio::test]
async fn bad_150_the_body_of_every_method_is_verified() {
    for (case, protocol) in everywhere().filter(|(case, _)| case.covers_body()) {
        let bench = Bench::new();
        let (server, client) = served(&bench, &case, protocol).await;
        for method in ["GET", "DELETE", "PATCH", "OPTIONS", "PURGE"] {
            let wire = case.sign(&Wire::new(method, "/").body("hello"));
            let told = client.send(&wire.clone().body("jello")).await.told();
            assert_eq!(told, (401, "digest_mismatch".to_owned()), "{case} {method}");
            assert_eq!(
                client.send(&wire).await.body,
                "hello",
                "{case} {protocol:?} {method}"
            );
        }
        server.stop().await;
    }
}

#[tokio::test]
async fn bad_151_and_152_no_body_needs_no_digest_and_may_have_that_of_nothing() {
    for (case, protocol) in everywhere() {
        let bench = Bench::new();
        let (server, client) = served(&bench, &case, protocol).await;
        let none = case.sign(&Wire::new("POST", "/none"));
        assert_eq!(client.send(&none).await.status, 200, "{case} {protocol:?}");
        let chunked = case.sign(&Wire::new("POST", "/chunked"));
        let nothing = unsized_body([]);
        assert_eq!(
            client.send_body(&chunked, nothing).await.status,
            200,
            "{case} {protocol:?}"
        );
        let of_nothing = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
        let digest = Wire::new("POST", "/digest").header("x-mac-content-sha256", of_nothing);
        assert_eq!(
            client.send(&case.sign(&digest)).await.status,
            200,
            "{case} {protocol:?}"
        );
        server.stop().await;
    }
}

#[tokio::test]
async fn bad_162_and_172_a_digest_that_cannot_be_read_is_refused_as_such() {
    for (case, header) in [
        ("auth-key wiki", "x-mac-content-sha256"),
        ("hmac-auth sha256", "content-md5"),
    ] {
        let (case, bench) = (Case::named(case), Bench::new());
        let (server, client) = served(&bench, &case, Protocol::Http1).await;
        let wire = case.sign(&Wire::post("/", "hello"));
        for bad in [
            "",
            "UNSIGNED-PAYLOAD",
            "5d41402abc4b2a76b9719d911017c592",
            "AAAA",
            "\"x\"",
        ] {
            let told = client.send(&wire.clone().set(header, bad)).await.told();
            assert_eq!(told, (400, "invalid_digest".to_owned()), "{case} {bad:?}");
        }
        server.stop().await;
    }
}

#[tokio::test]
async fn bad_166_an_md5_covers_a_body_unless_a_better_digest_is_asked_for() {
    let (case, bench) = (Case::named("auth-key wiki"), Bench::new());
    let md5_only = || {
        let digest = Wire::new("POST", "/").header("x-mac-content-md5", "XUFAKrxLKna5cZ2REBfFkg==");
        case.sign_with_nonce(&digest).body("hello")
    };
    let layer = bench.layer(&case);
    for (layer, told) in [
        (layer.clone(), (200, "")),
        (
            layer.min_digest(DigestStrength::Sha256),
            (401, "missing_digest"),
        ),
    ] {
        let (server, client) = serve(&bench, layer, Protocol::Http1).await;
        let answer = client.send(&md5_only()).await;
        assert_eq!(answer.told(), (told.0, told.1.to_owned()));
        let both = case.sign_with_nonce(&Wire::post("/", "hello"));
        assert_eq!(client.send(&both).await.status, 200);
        server.stop().await;
    }
}
