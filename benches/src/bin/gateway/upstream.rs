//! The service behind: it answers with the target it got, and how many bytes came with it.

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use crate::Result;

/// # Errors
/// When it cannot accept.
pub(crate) async fn serve(listener: TcpListener) -> Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let connection =
            http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(answer));
        tokio::spawn(connection);
    }
}

/// What is answered to a request for `target` with so long a body.
pub(crate) fn echoed(target: &str, length: u64) -> String {
    format!("{target} {length}")
}

async fn answer(mut request: Request<Incoming>) -> hyper::Result<Response<Full<Bytes>>> {
    let mut length = 0_u64;
    while let Some(frame) = request.body_mut().frame().await {
        if let Ok(data) = frame?.into_data() {
            length = length.saturating_add(u64::try_from(data.len()).unwrap_or(u64::MAX));
        }
    }
    let answer = echoed(&request.uri().to_string(), length);
    Ok(Response::new(Full::from(answer)))
}
