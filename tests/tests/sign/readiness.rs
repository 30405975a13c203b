//! tower's contract of readiness.

use std::convert::Infallible;
use std::task::{Context, Poll};

use bytes::Bytes;
use countersign::sign::{CallErrorKind, SignedBody};
use countersign_tests::{Bench, Case, NOW};
use futures_util::FutureExt;
use futures_util::future::{Ready, ready};
use http::{Request, Response};
use http_body_util::Full;
use tower::{Layer, Service, ServiceExt};

use crate::{get, signing};

/// Panics when it is called without having been polled ready; a clone never is. Its first answer
/// complains of the time.
#[derive(Debug, Default)]
struct Touchy {
    ready: bool,
    calls: usize,
}

impl Clone for Touchy {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl<B> Service<Request<SignedBody<B>>> for Touchy {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _request: Request<SignedBody<B>>) -> Self::Future {
        assert!(self.ready, "called unready");
        self.ready = false;
        self.calls += 1;
        let mut response = Response::new(Full::default());
        if self.calls == 1 {
            let server_time = NOW.plus(3600).as_unix();
            *response.status_mut() = http::StatusCode::UNAUTHORIZED;
            let problem = http::HeaderValue::from_static("application/problem+json");
            response.headers_mut().insert("content-type", problem);
            *response.body_mut() = Full::from(format!(
                r#"{{"code":"timestamp_expired","server_time":{server_time}}}"#
            ));
        }
        ready(Ok(response))
    }
}

#[tokio::test]
async fn bad_184_the_service_that_was_polled_ready_is_the_one_that_is_called_both_times() {
    for case in Case::all() {
        let layer = signing(&case, &Bench::new()).adjust_clock();
        let mut service = layer.layer(Touchy::default());
        for _ in 0..3 {
            let ready = ServiceExt::<Request<Full<Bytes>>>::ready(&mut service).await;
            let response = ready.unwrap().call(get("https://h/")).await.unwrap();
            assert_eq!(response.status(), 200, "{case}");
        }
    }
}

/// Is never ready: its readiness is an error.
#[derive(Clone)]
struct Closed;

impl<B> Service<Request<B>> for Closed {
    type Response = Response<Full<Bytes>>;
    type Error = std::io::Error;
    type Future = Ready<Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Err(std::io::Error::other("closed")))
    }

    fn call(&mut self, _request: Request<B>) -> Self::Future {
        unreachable!("it is not ready")
    }
}

#[tokio::test]
async fn the_error_of_the_client_inside_is_the_source_of_ours() {
    let service = signing(&Case::named("auth-key wiki"), &Bench::new()).layer(Closed);
    let error = service.oneshot(get("http://h/")).now_or_never().unwrap();
    let error = error.unwrap_err();
    assert_eq!(error.kind(), CallErrorKind::Inner);
    let source = std::error::Error::source(&error).unwrap();
    let inner = source.downcast_ref::<std::io::Error>().unwrap();
    assert_eq!(inner.to_string(), "closed");
}
