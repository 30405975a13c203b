//! The caller as axum's handlers get it.

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use countersign::{SigningKey, StaticKeys, Verified, VerifyLayer};
use countersign_tests::{Answer, Bench, Case, SECRETS, Wire, call};

async fn required(caller: Verified) -> String {
    format!(
        "{} {} {}",
        caller.principal(),
        caller.key_id(),
        caller.scheme()
    )
}

async fn welcome(caller: Option<Verified>) -> String {
    caller.map_or("stranger".to_owned(), |caller| caller.principal().clone())
}

async fn answer(app: &Router, wire: &Wire) -> Answer {
    call(app, wire.http1(Body::empty())).await
}

#[tokio::test]
async fn a_handler_gets_the_caller() {
    for case in Case::all() {
        let bench = Bench::new();
        let app = Router::new()
            .route("/", get(required))
            .layer(bench.layer(&case));
        let signed = answer(&app, &case.sign(&Wire::get("/"))).await;
        let (key, id) = (case.key(), case.scheme().id());
        assert_eq!(
            signed.body,
            format!("{} {} {id}", case.principal(), key.public_id()),
            "{case}"
        );
        assert_eq!(answer(&app, &Wire::get("/")).await.status, 401, "{case}");
    }
}

#[tokio::test]
async fn where_no_layer_requires_a_caller_the_handler_fails_and_names_the_layer() {
    let (case, bench) = (Case::named("auth-key wiki"), Bench::new());
    let without = Router::new().route("/", get(required));
    let optional = without.clone().layer(bench.layer(&case).optional());
    let reporting = without.clone().layer(bench.layer(&case).report_only());
    for app in [without, optional, reporting] {
        let answer = answer(&app, &Wire::get("/")).await;
        assert_eq!(answer.status, 500);
        let text = String::from_utf8(answer.body.to_vec()).unwrap();
        assert!(
            text.contains("VerifyLayer") && text.contains("Option<Verified<P>>"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn a_handler_behind_an_optional_layer_may_take_an_optional_caller() {
    for case in Case::all() {
        let bench = Bench::new();
        let app = Router::new()
            .route("/", get(welcome))
            .layer(bench.layer(&case).optional());
        assert_eq!(
            answer(&app, &Wire::get("/")).await.body,
            "stranger",
            "{case}"
        );
        let signed = case.sign(&Wire::get("/"));
        assert_eq!(answer(&app, &signed).await.body, case.principal(), "{case}");
        let bad = case.sign_badly(&Wire::get("/"));
        assert_eq!(answer(&app, &bad).await.status, 401, "{case}");
    }
}

/// An account, as a service of one's own would have it.
#[derive(Debug, PartialEq)]
struct Account {
    number: u64,
    admin: bool,
}

#[tokio::test]
async fn the_principal_is_of_any_type() {
    async fn number(caller: Verified<Account>) -> String {
        format!("{} {}", caller.principal().number, caller.principal().admin)
    }

    for case in Case::signing() {
        let bench = Bench::new();
        let account = Account {
            number: 7,
            admin: true,
        };
        let key = SigningKey::with_principal("example-id", SECRETS[0], account).unwrap();
        let key = key.algorithm(if case.name.ends_with("sha256") {
            countersign::Algorithm::Sha256
        } else {
            countersign::Algorithm::Sha1
        });
        let layer = VerifyLayer::any([case.any_scheme()], StaticKeys::new([key]));
        let app = Router::new()
            .route("/", get(number))
            .route("/text", get(required))
            .layer(bench.around(layer));
        let signed = case.sign(&Wire::get("/"));
        assert_eq!(answer(&app, &signed).await.body, "7 true", "{case}");
        // The caller is of the type of the keys, and of no other.
        let other = case.sign(&Wire::get("/text"));
        assert_eq!(answer(&app, &other).await.status, 500, "{case}");
    }
}

#[tokio::test]
async fn a_clone_and_the_debug_output_of_a_caller_show_no_secret() {
    async fn shown(caller: Verified) -> String {
        format!("{caller:?} {:#?}", caller.clone())
    }

    for case in Case::signing() {
        let bench = Bench::new();
        let app = Router::new()
            .route("/", get(shown))
            .layer(bench.layer(&case));
        let answer = answer(&app, &case.sign(&Wire::get("/"))).await;
        let text = String::from_utf8(answer.body.to_vec()).unwrap();
        assert!(
            text.contains(case.principal()) && !text.contains(SECRETS[0]),
            "{text}"
        );
    }
}
