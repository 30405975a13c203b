//! The bodies of strangers, which nobody reads.

use countersign::{BodyPolicy, VerifyLayer};
use countersign_tests::{Bench, Case, Holding, NOW, Scripted, Step, TestKeys, Wire, call};
use tower::Layer;

/// A body that declares its true length, and never comes.
fn body(length: usize) -> Scripted {
    Scripted::new([Step::Hang]).claiming(length.try_into().unwrap())
}

#[tokio::test]
async fn bad_156_the_body_of_an_unauthenticated_caller_is_never_polled() {
    for case in Case::all() {
        let bench = Bench::new();
        let service = bench.layer(&case).layer(bench.echo.clone());
        let post = Wire::post("/", "hello");
        let good = case.sign(&post);
        let header = case.credential_header();
        let mut refused = vec![
            post.clone(),
            case.sign_badly(&post),
            case.sign_as(
                &post,
                &case.key_of("a-key-that-nobody-has", countersign_tests::SECRETS[1]),
                NOW,
                Some("n"),
            ),
            good.clone().header(header, "x"),
            good.clone().set(header, "x"),
            good.clone()
                .set("authorization", "Bearer x")
                .without(header),
        ];
        if case.remembers() {
            refused.push(case.sign_at(&post, NOW.plus(-90_000)));
            refused.push(case.sign_at(&post, NOW.plus(90_000)));
        }
        for wire in refused {
            for declared in [5, 1 << 30] {
                let body = body(declared);
                let polls = body.polls();
                let answer = call(&service, wire.http1(body)).await;
                assert_eq!(answer.status, 401, "{case} {wire:?}");
                assert_eq!(polls(), 0, "{case} {wire:?}");
            }
        }
        assert_eq!(bench.echo.calls(), 0, "{case}");
    }
}

#[tokio::test]
async fn a_body_declared_too_large_or_unsigned_is_never_polled() {
    for case in Case::all() {
        let bench = Bench::new();
        let layer = bench.layer(&case).max_body(100);
        let large = layer.clone().layer(bench.echo.clone());
        let strict = layer
            .body_policy(BodyPolicy::RequireEverywhere)
            .layer(bench.echo.clone());

        let wire = case.sign(&Wire::post("/", "hello"));
        let too_large = body(101);
        let polls = too_large.polls();
        let answer = call(&large, wire.http1(too_large)).await;
        assert_eq!((answer.told().0, polls()), (413, 0), "{case}");

        if case.family == countersign_tests::Family::MacYar {
            continue; // An empty `ext` says something about the body: it has to be read.
        }
        let wire = case.sign(&Wire::new("POST", "/"));
        let unsigned = body(5);
        let polls = unsigned.polls();
        let answer = call(&strict, wire.http1(unsigned)).await;
        assert_eq!(
            (answer.told().1, polls()),
            ("missing_digest".to_owned(), 0),
            "{case}"
        );
    }
}

#[tokio::test]
async fn when_keys_cannot_be_looked_up_no_body_is_polled() {
    for case in Case::all() {
        let bench = Bench::new();
        let down = TestKeys::new(case.static_keys()).holding(Holding::Down("gone".to_owned()));
        let layer = bench.around(VerifyLayer::any([case.any_scheme()], down));
        let service = layer.layer(bench.echo.clone());
        let body = body(5);
        let polls = body.polls();
        let wire = case.sign(&Wire::post("/", "hello"));
        let answer = call(&service, wire.http1(body)).await;
        assert_eq!((answer.status.as_u16(), polls()), (503, 0), "{case}");
    }
}

#[tokio::test]
async fn bad_11_and_127_with_ambiguous_credentials_or_no_host_no_body_is_polled() {
    let cases = ["auth-key wiki", "hmac-auth sha256"].map(Case::named);
    let bench = Bench::new();
    let service = bench.any(&cases).layer(bench.echo.clone());
    let post = Wire::post("/", "hello");
    let mut both = cases[0].sign(&post);
    both.headers.extend(cases[1].sign(&post).headers);
    let mut nowhere = cases[0].sign(&post);
    nowhere.host = "user@host".to_owned();
    for wire in [both, nowhere] {
        let body = body(5);
        let polls = body.polls();
        let answer = call(&service, wire.http1(body)).await;
        assert_eq!((answer.status.as_u16(), polls()), (400, 0), "{wire:?}");
    }
}
