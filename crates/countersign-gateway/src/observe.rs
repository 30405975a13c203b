//! `/livez`, `/readyz` and `/metrics`, on a listener of their own.
//!
//! No label names a key, a principal or a path: how many series there are does not depend on
//! who calls.

use std::sync::OnceLock;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use crate::drain::Drain;
use crate::server::{Handler, Server};

/// How often what the histograms have gathered is put into their buckets.
const UPKEEP: Duration = Duration::from_secs(5);

/// From a tenth of a millisecond, which verifying takes, to a minute, which answers may.
const SECONDS: [f64; 12] = [
    0.000_1, 0.000_5, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0,
];

/// Clocks run behind as well as ahead; the default window ends at -300 and 60.
const SKEW: [f64; 11] = [
    -3600.0, -300.0, -60.0, -30.0, -5.0, 0.0, 5.0, 30.0, 60.0, 300.0, 3600.0,
];

/// The process's recorder of metrics, if it is ours.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Recorder;

static HANDLE: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

impl Recorder {
    /// Installs the recorder, once in a process; a recorder of the program's own stays.
    pub(crate) fn install() {
        HANDLE.get_or_init(|| {
            let installed = recorder().and_then(PrometheusBuilder::install_recorder);
            installed
                .inspect_err(|error| {
                    tracing::warn!(
                        target: "countersign_gateway",
                        %error,
                        "the program has a recorder of metrics already; /metrics answers 404"
                    );
                })
                .ok()
        });
    }

    fn handle() -> Option<&'static PrometheusHandle> {
        HANDLE.get().and_then(Option::as_ref)
    }
}

fn recorder() -> Result<PrometheusBuilder, metrics_exporter_prometheus::BuildError> {
    let skew = Matcher::Full("countersign_clock_skew_seconds".to_owned());
    PrometheusBuilder::new()
        .set_buckets_for_metric(skew, &SKEW)?
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)
}

/// Answers whoever watches the gateway.
#[derive(Clone, Debug)]
pub(crate) struct Observer {
    drain: Drain,
}

impl Observer {
    pub(crate) fn new(drain: Drain) -> Self {
        Self { drain }
    }

    /// Serves until it is aborted.
    pub(crate) async fn run(self, server: Server) {
        let upkeep = async {
            loop {
                tokio::time::sleep(UPKEEP).await;
                if let Some(handle) = Recorder::handle() {
                    handle.run_upkeep();
                }
            }
        };
        tokio::select! {
            () = server.serve(self) => {}
            () = upkeep => {}
        }
    }

    fn answer(&self, method: &Method, path: &str) -> Response<Full<Bytes>> {
        if !matches!(*method, Method::GET | Method::HEAD) {
            return text(StatusCode::METHOD_NOT_ALLOWED, "use GET\n");
        }
        match path {
            "/livez" => text(StatusCode::OK, "alive\n"),
            "/readyz" if self.drain.is_closing() => {
                text(StatusCode::SERVICE_UNAVAILABLE, "draining\n")
            }
            "/readyz" => text(StatusCode::OK, "ready\n"),
            "/metrics" => match Recorder::handle() {
                Some(handle) => {
                    let mut response = text(StatusCode::OK, handle.render());
                    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
                    response.headers_mut().insert(CONTENT_TYPE, kind);
                    response
                }
                None => text(StatusCode::NOT_FOUND, "no metrics are recorded here\n"),
            },
            _ => text(StatusCode::NOT_FOUND, "try /livez, /readyz or /metrics\n"),
        }
    }
}

impl Handler for Observer {
    type Body = Full<Bytes>;

    async fn handle(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        self.answer(request.method(), request.uri().path())
    }
}

fn text(status: StatusCode, body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    headers.insert(CONTENT_TYPE, plain);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gateway_that_drains_is_alive_but_not_ready() {
        let observer = Observer::new(Drain::default());
        let status = |path| observer.answer(&Method::GET, path).status().as_u16();
        assert_eq!(
            (status("/livez"), status("/readyz"), status("/")),
            (200, 200, 404)
        );
        observer.drain.close();
        assert_eq!((status("/livez"), status("/readyz")), (200, 503));
    }
}
