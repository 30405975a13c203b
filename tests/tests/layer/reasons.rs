//! Every reason for a refusal, as the caller is told.

use std::collections::BTreeMap;

use countersign::{
    FirstUse, NonceKey, NonceLife, PROBLEM_TYPES, Reason, ReplayCache, ReplayError, StaticKeys,
    StoreId, Strength, VerifyLayer,
};
use countersign_tests::{Answer, Bench, Case, Holding, NOW, TestKeys, Wire, broken, call};
use tower::Layer;

/// A store that cannot be reached.
#[derive(Clone, Debug)]
struct Unreachable(StoreId);

impl ReplayCache for Unreachable {
    async fn claim(&self, _: NonceKey<'_>, _: NonceLife) -> Result<FirstUse, ReplayError> {
        Err(ReplayError::unavailable("connection refused"))
    }

    fn store_id(&self) -> StoreId {
        self.0
    }
}

fn mac() -> Case {
    Case::named("mac yar sha1")
}

fn wiki() -> Case {
    Case::named("auth-key wiki")
}

fn post() -> Wire {
    Wire::post("/", "hello")
}

/// The answer of a layer of `case`, changed by `set`, to `wire`.
async fn answer(
    case: &Case,
    set: impl FnOnce(VerifyLayer<StaticKeys>) -> VerifyLayer<StaticKeys>,
    wire: Wire,
) -> Answer {
    let bench = Bench::new();
    let service = set(bench.layer(case)).layer(bench.echo.clone());
    let answer = call(&service, wire.request_in_memory()).await;
    assert_eq!(bench.echo.calls(), 0, "{answer:?}");
    answer
}

async fn plain(case: &Case, wire: Wire) -> Answer {
    answer(case, |layer| layer, wire).await
}

/// The refusals that a request can cause by itself.
async fn of_requests() -> Vec<(Reason, Answer)> {
    let (mac, wiki, hmac) = (mac(), wiki(), Case::named("hmac-auth sha256"));
    let signed = || wiki.sign(&post());
    let credential = mac.sign(&post()).value("authorization");
    let nonce = credential
        .split("nonce=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let quoted = mac
        .sign(&post())
        .set("authorization", credential.replace(nonce, ""));
    let mut elsewhere = signed();
    "user@api.example.org".clone_into(&mut elsewhere.host);
    vec![
        (Reason::MissingCredentials, plain(&wiki, post()).await),
        (
            Reason::MalformedCredentials,
            plain(&wiki, signed().set("auth-key", "MAC x")).await,
        ),
        (
            Reason::DuplicateHeader,
            plain(&wiki, signed().header("x-mac-date", "x")).await,
        ),
        (
            Reason::UnsupportedScheme,
            plain(&wiki, signed().set("auth-key", "X a:b")).await,
        ),
        (
            Reason::UnsupportedAlgorithm,
            answer(
                &mac,
                |layer| layer.min_strength(Strength::Sha256),
                mac.sign(&post()),
            )
            .await,
        ),
        (
            Reason::MissingHeader,
            plain(&wiki, signed().without("x-mac-date")).await,
        ),
        (
            Reason::InvalidTimestamp,
            plain(&hmac, hmac.sign(&post()).set("date", "now")).await,
        ),
        (
            Reason::TimestampExpired,
            plain(&mac, mac.sign_at(&post(), NOW.plus(-31))).await,
        ),
        (
            Reason::TimestampInFuture,
            plain(&mac, mac.sign_at(&post(), NOW.plus(6))).await,
        ),
        (
            Reason::MissingNonce,
            answer(&wiki, VerifyLayer::require_nonce, signed()).await,
        ),
        (Reason::InvalidNonce, plain(&mac, quoted).await),
        (
            Reason::MissingDigest,
            plain(&wiki, wiki.sign(&Wire::new("POST", "/")).body("x")).await,
        ),
        (
            Reason::InvalidDigest,
            plain(&wiki, signed().set("x-mac-content-sha256", "x")).await,
        ),
        (
            Reason::DigestMismatch,
            plain(&wiki, signed().body("jello")).await,
        ),
        (
            Reason::BodyTooLarge,
            answer(&wiki, |layer| layer.max_body(4), signed()).await,
        ),
        (
            Reason::InvalidCredentials,
            plain(&wiki, wiki.sign_badly(&post())).await,
        ),
        (Reason::InvalidTarget, plain(&wiki, elsewhere).await),
    ]
}

/// The refusals that take more than one request, more than one scheme, or a fault.
async fn of_circumstances() -> Vec<(Reason, Answer)> {
    let (mac, wiki) = (mac(), wiki());
    let bench = Bench::with_capacity(1);
    let service = bench.layer(&mac).layer(bench.echo.clone());
    let first = mac.sign(&post());
    assert_eq!(call(&service, first.request_in_memory()).await.status, 200);
    let replayed = call(&service, first.request_in_memory()).await;
    let full = call(&service, mac.sign(&post()).request_in_memory()).await;

    let both = bench.any([&mac, &wiki]).layer(bench.echo.clone());
    let mut two = mac.sign(&post());
    two.headers.extend(wiki.sign(&post()).headers);
    let ambiguous = call(&both, two.request_in_memory()).await;

    let cut = call(&service, mac.sign(&post()).http1(broken(&["hel"]))).await;

    let store = Unreachable(StoreId::unique());
    let service = bench.layer(&mac).replay(store).layer(bench.echo.clone());
    let unavailable = call(&service, mac.sign(&post()).request_in_memory()).await;

    let keys = TestKeys::new(mac.static_keys()).holding(Holding::Down("gone".to_owned()));
    let layer = bench.around(VerifyLayer::any([mac.any_scheme()], keys));
    let service = layer.layer(bench.echo.clone());
    let no_keys = call(&service, mac.sign(&post()).request_in_memory()).await;
    vec![
        (Reason::NonceReplayed, replayed),
        (Reason::ReplayStoreFull, full),
        (Reason::AmbiguousCredentials, ambiguous),
        (Reason::BodyIncomplete, cut),
        (Reason::ReplayStoreUnavailable, unavailable),
        (Reason::KeyLookupUnavailable, no_keys),
    ]
}

fn assert_problem(reason: Reason, answer: &Answer) {
    let code = reason.code();
    assert_eq!(
        answer.told(),
        (reason.status().as_u16(), code.to_owned()),
        "{answer:?}"
    );
    let json = answer.json();
    assert_eq!(json["type"], format!("{PROBLEM_TYPES}{code}"));
    assert_eq!(json["title"], reason.title());
    assert_eq!(json["status"], reason.status().as_u16());
    assert!(
        json["detail"]
            .as_str()
            .is_some_and(|detail| detail.ends_with('.')),
        "{json}"
    );
    assert_eq!(answer.header("cache-control"), "no-store", "{code}");
    let challenges = answer.headers("www-authenticate").len();
    assert_eq!(challenges > 0, answer.status == 401, "{code}");
    let retry = !answer.header("retry-after").is_empty();
    assert_eq!(retry, answer.status == 503, "{code}");
    let stale = matches!(reason, Reason::TimestampExpired | Reason::TimestampInFuture);
    assert_eq!(json.get("server_time").is_some(), stale, "{code}");
    assert_eq!(answer.outcome().reason(), Some(reason));
}

/// Those that no request can cause: nothing is forwarded, and bad settings are found before.
const UNREACHABLE: [Reason; 2] = [Reason::UntrustedForwarding, Reason::Misconfigured];

#[tokio::test]
async fn every_reason_is_told_as_a_problem_with_its_code() {
    let mut told = BTreeMap::new();
    for (reason, answer) in of_requests()
        .await
        .into_iter()
        .chain(of_circumstances().await)
    {
        assert_problem(reason, &answer);
        told.insert(reason.code(), reason.status());
    }
    let mut missing = Reason::ALL.to_vec();
    missing.retain(|reason| !told.contains_key(reason.code()));
    assert_eq!(missing, UNREACHABLE);
}
