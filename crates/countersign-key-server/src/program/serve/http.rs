//! Serving HTTP within limits, and ending without cutting anybody off.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::header::{CONNECTION, CONTENT_TYPE};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse as _, Response};
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use axum_server::{Handle, Server};
use hyper_util::rt::TokioTimer;

use super::listener::{Listener, Peer};
use crate::program::failure::Failure;

/// How long a TLS handshake, and then the head of a request, may take; also how long an HTTP/1
/// connection is kept open without one.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a request may take, its body included: callers have given up by then.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);

/// The most bytes of a request head: a token, an id and a cursor are far less.
const MAX_HEAD: usize = 32 * 1024;

/// How many requests one HTTP/2 connection may have in flight.
const MAX_STREAMS: u32 = 128;

/// How often an HTTP/2 peer is asked whether it is still there.
const PING_EVERY: Duration = Duration::from_secs(30);

/// Ends servers.
pub(super) type Stop = Handle<Peer>;

/// Serves `router` until `stop` says so and what is in flight is answered.
pub(super) async fn serve(
    listener: Listener,
    tls: Option<RustlsConfig>,
    router: Router,
    stop: Stop,
) -> Result<(), Failure> {
    let service = router
        .layer(from_fn(within_time))
        .into_make_service_with_connect_info::<SocketAddr>();
    let mut server = Server::<Peer>::from_listener(listener).handle(stop);
    let builder = server.http_builder();
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(MAX_HEAD);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(u32::try_from(MAX_HEAD).unwrap_or(u32::MAX))
        .keep_alive_interval(PING_EVERY);
    let outcome = match tls {
        Some(config) => {
            let acceptor = RustlsAcceptor::new(config).handshake_timeout(HEAD_TIMEOUT);
            server.acceptor(acceptor).serve(service).await
        }
        None => server.serve(service).await,
    };
    outcome.map_err(|error| Failure::failed(format!("connections cannot be accepted: {error}")))
}

async fn within_time(request: Request, next: Next) -> Response {
    match tokio::time::timeout(REQUEST_TIMEOUT, next.run(request)).await {
        Ok(response) => response,
        Err(_) => (
            StatusCode::REQUEST_TIMEOUT,
            [
                (CONTENT_TYPE, "application/problem+json"),
                (CONNECTION, "close"),
            ],
            r#"{"status":408,"code":"request_timeout","title":"The request took too long"}"#,
        )
            .into_response(),
    }
}
