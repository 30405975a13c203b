//! `countersign echo`

use std::convert::Infallible;
use std::future::Future;
use std::time::Duration;

use bytes::Bytes;
use clap::Args;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use tokio::net::TcpListener;

use super::curl::headers_as_json;
use crate::arguments::signing::hex;
use crate::failure::Failure;
use crate::log::LogArguments;
use crate::{client, server};

/// Run a service that answers with what it was sent, as JSON
///
/// The answer has the keys `method`, `target`, `headers` (an object; values of one name are joined with
/// commas), `body_sha256` (hexadecimal) and `body_bytes`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Example:
  countersign echo --listen 127.0.0.1:8080")]
pub(crate) struct Echo {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    listen: String,

    #[command(flatten)]
    log: LogArguments,
}

/// How long requests in flight may take once the service is told to stop.
const DRAIN: Duration = Duration::from_secs(30);

impl Echo {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        self.log.start("info")?;
        client::block_on(async {
            let mut interrupt = server::Interrupt::new()?;
            let listener = server::bind("--listen", &self.listen).await?;
            server::announce("http", &listener)?;
            serve(listener, async move { interrupt.wait().await }).await;
            Ok(())
        })
    }
}

/// Answers requests until `stop` and then those in flight.
pub(crate) async fn serve(listener: TcpListener, stop: impl Future<Output = ()>) {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new());
    let connections = GracefulShutdown::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => break,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!("a connection was not accepted: {error}");
                // Out of descriptors, say: others will be given back.
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let connection = builder.serve_connection(TokioIo::new(stream), service_fn(echo));
        let connection = connections.watch(connection.into_owned());
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!("a connection ended early: {error}");
            }
        });
    }
    drop(listener);
    // Whatever is still open after that is given up.
    let _ = tokio::time::timeout(DRAIN, connections.shutdown()).await;
}

async fn echo(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, mut body) = request.into_parts();
    let mut hash = Sha256::new();
    let mut bytes: u64 = 0;
    let mut status = StatusCode::OK;
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else {
            status = StatusCode::BAD_REQUEST;
            break;
        };
        if let Some(data) = frame.data_ref() {
            hash.update(data);
            bytes = bytes.saturating_add(u64::try_from(data.len()).unwrap_or(u64::MAX));
        }
    }
    let seen = json!({
        "method": head.method.as_str(),
        "target": head.uri.to_string(),
        "headers": headers_as_json(&head.headers),
        "body_sha256": hex(&hash.finalize()),
        "body_bytes": bytes,
    });
    let mut response = Response::new(Full::from(format!("{seen}\n")));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    Ok(response)
}
