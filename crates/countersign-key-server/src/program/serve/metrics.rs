//! The process's metrics.

use std::time::Duration;

use axum::Router;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::routing::get;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

/// How often what the histograms have gathered is put into their buckets.
const UPKEEP: Duration = Duration::from_secs(5);

/// From a tenth of a millisecond, which a look-up takes, to a minute, which nothing should.
const SECONDS: [f64; 12] = [
    0.000_1, 0.000_5, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0,
];

/// Installs the recorder of the process; `None` when the program has another already.
pub(super) fn install() -> Option<PrometheusHandle> {
    let seconds = Matcher::Suffix("_seconds".to_owned());
    let installed = PrometheusBuilder::new()
        .set_buckets_for_metric(seconds, &SECONDS)
        .and_then(PrometheusBuilder::install_recorder);
    let handle = installed
        .inspect_err(|error| tracing::warn!(%error, "there is no /metrics"))
        .ok()?;
    let upkeep = handle.clone();
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(UPKEEP).await;
            upkeep.run_upkeep();
        }
    });
    Some(handle)
}

/// What a listener of their own answers.
pub(super) fn router(handle: PrometheusHandle) -> Router {
    let answer = async move || {
        let headers = [
            (CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8"),
            (CACHE_CONTROL, "no-store"),
        ];
        (headers, handle.render())
    };
    Router::new().route("/metrics", get(answer))
}
