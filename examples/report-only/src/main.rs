//! Rolling verification out over a service that has callers already: `/new` refuses, `/old` only
//! reports what it would have refused, until the log is quiet.
//!
//! ```sh
//! cargo run -p example-report-only
//! ```

use axum::Router;
use axum::extract::Request;
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::get;
use countersign::{AuthKey, AuthKeyLayer, Outcome, SigningKey, StaticKeys, Verified};
use example_support::{Demo, Result};

const SECRET: &str = "U7ZPJyFAX8Gr3Hm2DFrSQy3x1I3nLdNT2U1c+ToE5Vk=";

/// Behind a layer that only reports there may be no caller.
async fn hello(caller: Option<Verified>) -> String {
    match caller {
        Some(caller) => format!("hello {}\n", caller.principal()),
        None => "hello, whoever you are\n".to_owned(),
    }
}

/// An access log: the layer leaves what it decided in the response's extensions.
async fn log(request: Request, next: Next) -> Response {
    let line = format!("{} {}", request.method(), request.uri().path());
    let response = next.run(request).await;
    if let Some(outcome) = response.extensions().get::<Outcome>() {
        let reason = outcome.reason().map_or("", |reason| reason.code());
        eprintln!(
            "{line} {} {} {reason}",
            response.status().as_u16(),
            outcome.decision().name()
        );
    }
    response
}

#[tokio::main]
async fn main() -> Result<()> {
    let key = || SigningKey::new("example-id", SECRET, "dave@example.com");
    let layer = AuthKeyLayer::new(StaticKeys::new([key()?]));
    let app = Router::new()
        .route("/old", get(hello).layer(layer.clone().report_only()))
        .route("/new", get(hello).layer(layer))
        .layer(middleware::from_fn(log));

    let listener = example_support::listen().await?;
    let address = listener.local_addr()?;
    let signed = |path| Demo::get(address, path)?.sign(&AuthKey::default(), &key()?);
    signed("/old")?.print("signed, reported on", 200);
    Demo::get(address, "/old")?.print("not signed, reported on", 200);
    signed("/new")?.print("signed", 200);
    Demo::get(address, "/new")?.print("not signed", 401);
    println!("ready");
    axum::serve(listener, app)
        .with_graceful_shutdown(example_support::interrupted())
        .await?;
    Ok(())
}
