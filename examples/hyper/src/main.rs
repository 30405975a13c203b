//! A hyper service, HTTP/1.1 and HTTP/2, behind an Auth-Key layer. No axum.
//!
//! ```sh
//! cargo run -p example-hyper
//! ```

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use countersign::{AuthKey, AuthKeyLayer, SigningKey, StaticKeys, Verified, VerifiedBody};
use example_support::{Demo, Result};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tower::ServiceBuilder;

const SECRET: &str = "U7ZPJyFAX8Gr3Hm2DFrSQy3x1I3nLdNT2U1c+ToE5Vk=";

/// Sees verified requests only. The body has been read and compared with its digest.
async fn hello(
    request: Request<VerifiedBody<Incoming>>,
) -> std::result::Result<Response<Full<Bytes>>, Infallible> {
    let (parts, body) = request.into_parts();
    let caller = parts
        .extensions
        .get::<Verified>()
        .map_or("nobody", |caller| caller.principal());
    let length = body.collect().await.map_or(0, |body| body.to_bytes().len());
    Ok(Response::new(Full::from(format!(
        "hello {caller}, you sent {length} bytes\n"
    ))))
}

#[tokio::main]
async fn main() -> Result<()> {
    let key = SigningKey::new("example-id", SECRET, "dave@example.com")?;
    let demo_key = SigningKey::new("example-id", SECRET, "dave@example.com")?;
    let service = ServiceBuilder::new()
        .layer(AuthKeyLayer::new(StaticKeys::new([key])).max_body(64 * 1024))
        .service_fn(hello);

    let listener = example_support::listen().await?;
    let address = listener.local_addr()?;
    Demo::get(address, "/")?
        .sign(&AuthKey::default(), &demo_key)?
        .print("signed", 200);
    Demo::post(address, "/", "hello")?
        .sign(&AuthKey::default(), &demo_key)?
        .print("signed, with a body", 200);
    Demo::post(address, "/", "hello")?
        .sign(&AuthKey::default(), &demo_key)?
        .with_body("hullo")
        .print("with another body than was signed", 401);
    Demo::get(address, "/")?.print("not signed", 401);
    println!("ready");

    let mut server = Builder::new(TokioExecutor::new());
    // Heads are the server's matter: without a timer a slow one would be waited for forever.
    server
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(10));
    let graceful = GracefulShutdown::new();
    let mut interrupted = std::pin::pin!(example_support::interrupted());
    loop {
        let (stream, _) = tokio::select! {
            accepted = listener.accept() => accepted?,
            () = &mut interrupted => break,
        };
        let service = TowerToHyperService::new(service.clone());
        let connection = server
            .serve_connection(TokioIo::new(stream), service)
            .into_owned();
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                eprintln!("connection: {error}");
            }
        });
    }
    tokio::time::timeout(Duration::from_secs(5), graceful.shutdown())
        .await
        .ok();
    Ok(())
}
