//! What is for operators: whether the server lives and works, its metrics, its description.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

use super::App;
use super::call::Call;
use super::description::problems;
use super::problem::{Code, Problem};
use super::representation::json;

/// How long the store may take to say that it works: less than a prober waits.
const READY_TIMEOUT: Duration = Duration::from_secs(2);

/// The media type of the Prometheus text format.
const PROMETHEUS: HeaderValue =
    HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

/// How the server is.
#[derive(Serialize, ToSchema)]
#[schema(as = Health)]
pub(super) struct Health {
    #[schema(example = "ok")]
    status: &'static str,
}

const WELL: Health = Health { status: "ok" };

/// Whether the server lives.
#[utoipa::path(
    get,
    path = "/livez",
    operation_id = "live",
    responses((status = 200, description = "It does", body = Health)),
    security(()),
)]
pub(super) async fn live() -> Result<Response, Problem> {
    json(StatusCode::OK, 32, &WELL)
}

problems!(ReadyProblems without a token:);

/// Whether the key store works.
#[utoipa::path(
    get,
    path = "/readyz",
    operation_id = "ready",
    responses((status = 200, description = "It does", body = Health), ReadyProblems),
    security(()),
)]
pub(super) async fn ready(State(app): State<Arc<App>>) -> Result<Response, Problem> {
    match tokio::time::timeout(READY_TIMEOUT, app.registry.ready()).await {
        Ok(ready) => ready?,
        Err(_) => return Err(Code::StoreUnavailable.into()),
    }
    json(StatusCode::OK, 32, &WELL)
}

problems!(MetricsProblems: NotFound);

/// Metrics in the Prometheus text format, where they are served here.
#[utoipa::path(
    get,
    path = "/metrics",
    operation_id = "metrics",
    responses(
        (status = 200, description = "The metrics", body = String, content_type = "text/plain"),
        MetricsProblems,
    ),
    security((), ("token" = [])),
)]
pub(super) async fn metrics(call: Call) -> Result<Response, Problem> {
    let Some(render) = &call.app.settings.metrics else {
        return Err(Code::NotFound.into());
    };
    Ok(([(CONTENT_TYPE, PROMETHEUS)], render()).into_response())
}

problems!(DescriptionProblems without a token:);

/// This description.
#[utoipa::path(
    get,
    path = "/openapi.json",
    operation_id = "description",
    responses(
        (status = 200, description = "The description", body = Object, content_type = "application/json"),
        DescriptionProblems,
    ),
    security(()),
)]
pub(super) async fn description(State(app): State<Arc<App>>) -> Response {
    let json = HeaderValue::from_static("application/json");
    ([(CONTENT_TYPE, json)], app.description.clone()).into_response()
}
