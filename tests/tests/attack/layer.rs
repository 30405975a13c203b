//! The layer, in front of a service that counts its calls.

use countersign::MoxieCanonical;
use countersign_attack::{Attack, Catalogue, Strictness};
use countersign_tests::{Bench, Case, Family, Server};
use tower::Layer;

use crate::{flaws, run};

/// What differs in nothing but case, which Moxie as its page documents it folds before it signs.
const FOLDED: [&str; 4] = [
    "106-method-case",
    "109-path-case",
    "111-escape-case",
    "117-query-case",
];

/// What attacks a layer for `case`, whose service is that of `bench`.
fn attack(case: &Case, bench: &Bench, server: &Server) -> Attack {
    let url = format!("http://{}/", server.address()).parse().unwrap();
    let echo = bench.echo.clone();
    Attack::new(case.shared_scheme(), case.key(), &url)
        .unwrap()
        .strictness(Strictness::Exact)
        .clock(bench.clock.clone())
        .observe(move || echo.calls())
}

#[tokio::test]
async fn the_layer_treats_every_request_of_the_catalogue_as_it_must() {
    let catalogue = Catalogue::requests().unwrap();
    let mut found = Vec::new();
    for case in Case::all() {
        let bench = Bench::new();
        let server = Server::start(bench.layer(&case).layer(bench.echo.clone())).await;
        let attack = attack(&case, &bench, &server);
        let cases = match case.family {
            Family::Moxie(MoxieCanonical::AsDocumented) => catalogue.clone().without(&FOLDED),
            _ => catalogue.clone(),
        };
        let scorecard = run(&attack, &cases, &server).await;
        found.extend(flaws(case.name, &scorecard));
        server.stop().await;
    }
    assert!(found.is_empty(), "{}", found.concat());
}
