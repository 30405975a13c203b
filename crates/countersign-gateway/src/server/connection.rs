//! One connection: TLS, the version of HTTP, and limits on both.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use countersign::BoxError;
use http::Request;
use hyper::body::Incoming;
use hyper::rt::{Read, Write};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use super::{Connected, Handler};
use crate::drain::Drain;

/// How long a TLS handshake, and then the head of a request, may take; also how long a
/// connection is kept open without one. Half a minute leaves room for a slow mobile client, and
/// ends one that sends a byte now and then.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

/// The most bytes of a request head. Credentials take at most 8 KiB; cookies are what the rest
/// is for. (hyper allows 100 headers.)
const MAX_HEAD: usize = 64 * 1024;

/// How many requests one HTTP/2 connection may have in flight. Each may hold one body in memory.
const MAX_STREAMS: u32 = 128;

/// How often an HTTP/2 peer is asked whether it is still there.
const PING_EVERY: Duration = Duration::from_secs(30);

/// How much of an answer is kept for an HTTP/2 stream whose client reads slowly.
const SEND_BUFFER: usize = 64 * 1024;

pub(super) fn builder() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
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
        .max_send_buf_size(SEND_BUFFER)
        .keep_alive_interval(PING_EVERY);
    builder
}

pub(super) async fn serve<H: Handler>(
    builder: Builder<TokioExecutor>,
    stream: TcpStream,
    tls: Option<TlsAcceptor>,
    connected: Connected,
    handler: H,
    drain: Drain,
) -> Result<(), BoxError> {
    let Some(tls) = tls else {
        return serve_http(builder, TokioIo::new(stream), connected, handler, drain).await;
    };
    let accepting = tls.accept(stream);
    let stream = tokio::select! {
        accepted = tokio::time::timeout(HEAD_TIMEOUT, accepting) => accepted??,
        () = drain.closing() => return Ok(()),
    };
    let h2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    let builder = if h2 {
        builder.http2_only()
    } else {
        builder.http1_only()
    };
    serve_http(builder, TokioIo::new(stream), connected, handler, drain).await
}

async fn serve_http<H: Handler>(
    builder: Builder<TokioExecutor>,
    io: impl Read + Write + Unpin + Send + 'static,
    connected: Connected,
    handler: H,
    drain: Drain,
) -> Result<(), BoxError> {
    let begun = Arc::new(AtomicBool::new(false));
    let service = service_fn({
        let begun = Arc::clone(&begun);
        move |mut request: Request<Incoming>| {
            begun.store(true, Ordering::Relaxed);
            request.extensions_mut().insert(connected.clone());
            let handler = handler.clone();
            async move { Ok::<_, Infallible>(handler.handle(request).await) }
        }
    });
    let connection = builder.serve_connection_with_upgrades(io, service);
    let mut connection = pin!(connection.into_owned());
    let mut closing = pin!(drain.closing());
    // hyper's own timer begins with the version of HTTP, which is told by the first bytes.
    let mut first_request = pin!(tokio::time::sleep(HEAD_TIMEOUT));
    let (mut told, mut waited) = (false, false);
    loop {
        tokio::select! {
            served = connection.as_mut() => return served,
            () = &mut closing, if !told => {
                connection.as_mut().graceful_shutdown();
                told = true;
            }
            () = &mut first_request, if !waited => {
                if !begun.load(Ordering::Relaxed) {
                    return Ok(());
                }
                waited = true;
            }
        }
    }
}
