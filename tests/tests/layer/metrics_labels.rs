//! What is counted, and under which labels.

use std::collections::{BTreeMap, BTreeSet};

use countersign::{Decision, Reason, SchemeId, VerifyLayer};
use countersign_tests::{Bench, Case, Holding, NOW, TestKeys, Wire, call, secret};
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use tower::Layer;

/// Every series: its name and labels, and its value where that is a count.
fn series(snapshotter: &Snapshotter) -> BTreeMap<(String, BTreeMap<String, String>), Option<u64>> {
    let snapshot = snapshotter.snapshot().into_vec();
    let rows = snapshot.into_iter().map(|(key, _, _, value)| {
        let key = key.key();
        let labels = key.labels();
        let labels = labels.map(|label| (label.key().to_owned(), label.value().to_owned()));
        let count = match value {
            DebugValue::Counter(count) => Some(count),
            _ => None,
        };
        ((key.name().to_owned(), labels.collect()), count)
    });
    rows.collect()
}

#[tokio::test]
async fn bad_38_the_labels_are_of_a_fixed_set_and_never_name_a_key() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let _guard = metrics::set_default_local_recorder(&recorder);
    for case in Case::all() {
        let bench = Bench::new();
        let service = bench.layer(&case).layer(bench.echo.clone());
        let wire = Wire::post("/", "hello");
        for n in 0..50 {
            let stranger = case.key_of(&format!("stranger-number-{n:0>6}"), &secret("wrong"));
            let signed = case.sign_as(&wire, &stranger, NOW, Some("nonce"));
            assert_eq!(
                call(&service, signed.request_in_memory()).await.status,
                401,
                "{case}"
            );
        }
        for wire in [case.sign(&wire), wire.clone(), case.sign_badly(&wire)] {
            call(&service, wire.request_in_memory()).await;
        }
        let down = TestKeys::new(case.static_keys()).holding(Holding::Down("gone".to_owned()));
        let layer = bench.around(VerifyLayer::any([case.any_scheme()], down));
        let service = layer.report_only().layer(bench.echo.clone());
        call(&service, case.sign(&wire).request_in_memory()).await;
    }

    let schemes: BTreeSet<_> = SchemeId::ALL
        .map(SchemeId::name)
        .into_iter()
        .chain(["none"])
        .collect();
    let reasons: BTreeSet<_> = Reason::ALL
        .iter()
        .map(|r| r.code())
        .chain(["none"])
        .collect();
    let outcomes: BTreeSet<_> = [
        Decision::Accepted,
        Decision::Rejected,
        Decision::Anonymous,
        Decision::Preflight,
        Decision::WouldReject,
    ]
    .map(Decision::name)
    .into();
    let results = BTreeSet::from(["found", "unknown", "error"]);
    let series = series(&snapshotter);
    for (name, labels) in series.keys() {
        for (label, value) in labels {
            let allowed = match label.as_str() {
                "scheme" => &schemes,
                "reason" => &reasons,
                "outcome" => &outcomes,
                "result" => &results,
                other => panic!("{name} has the label {other}"),
            };
            assert!(allowed.contains(value.as_str()), "{name} {label}={value}");
        }
    }
    assert!(series.len() < 150, "{} series", series.len());
    let names: BTreeSet<_> = series.keys().map(|(name, _)| name.as_str()).collect();
    for name in [
        "countersign_requests_total",
        "countersign_verify_seconds",
        "countersign_clock_skew_seconds",
        "countersign_replay_entries",
        "countersign_replay_capacity",
        "countersign_key_lookup_seconds",
    ] {
        assert!(names.contains(name), "{name} is missing: {names:?}");
    }
}

#[tokio::test]
async fn every_request_is_counted_once_under_its_outcome() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let (case, bench) = (Case::named("mac yar sha1"), Bench::new());
    let service = bench.layer(&case).layer(bench.echo.clone());
    let good = case.sign(&Wire::post("/", "hello"));
    for wire in [
        &good,
        &good,
        &Wire::get("/"),
        &case.sign_badly(&Wire::get("/")),
    ] {
        call(&service, wire.request_in_memory()).await;
    }
    let series = series(&snapshotter);
    let count = |name: &str, expected: &[(&str, &str)]| {
        let labels = expected
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        series
            .get(&(name.to_owned(), labels.collect()))
            .copied()
            .flatten()
    };
    let requests = |scheme, outcome, reason| {
        let labels = [("scheme", scheme), ("outcome", outcome), ("reason", reason)];
        count("countersign_requests_total", &labels)
    };
    assert_eq!(requests("mac", "accepted", "none"), Some(1));
    assert_eq!(requests("mac", "rejected", "nonce_replayed"), Some(1));
    assert_eq!(requests("mac", "rejected", "invalid_credentials"), Some(1));
    assert_eq!(requests("none", "rejected", "missing_credentials"), Some(1));
    let refused = [("reason", "nonce_replayed")];
    assert_eq!(count("countersign_replay_refused_total", &refused), Some(1));
}

#[tokio::test]
async fn bad_177_and_178_what_is_only_reported_and_what_is_deprecated_are_counted() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let (case, bench) = (Case::named("hmac-auth sha1"), Bench::new());
    let layer = bench.layer(&case).sunset(SchemeId::HMAC_AUTH, NOW.plus(60));
    let service = layer.report_only().layer(bench.echo.clone());
    let bad = case.sign_badly(&Wire::get("/"));
    call(&service, bad.request_in_memory()).await;
    let counted = series(&snapshotter);
    let counted: Vec<_> = counted
        .into_iter()
        .filter_map(|((name, labels), count)| {
            Some((name, labels.into_values().collect::<Vec<_>>(), count?))
        })
        .collect();
    let expected = [
        ("countersign_deprecated_requests_total", vec!["hmac-auth"]),
        (
            "countersign_requests_total",
            vec!["would_reject", "invalid_credentials", "hmac-auth"],
        ),
    ];
    let expected: Vec<_> = expected
        .into_iter()
        .map(|(name, values)| {
            (
                name.to_owned(),
                values.into_iter().map(str::to_owned).collect(),
                1,
            )
        })
        .collect();
    assert_eq!(counted, expected);
}
