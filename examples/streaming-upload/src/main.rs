//! Uploads too large for memory: verified while they are written, kept only if they were good.
//!
//! ```sh
//! cargo run -p example-streaming-upload
//! ```

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::put;
use countersign::{AuthKey, AuthKeyLayer, SigningKey, StaticKeys, Verified};
use example_support::{Demo, Result};
use http_body_util::BodyExt;
use tokio::fs::{self, File};
use tokio::io::AsyncWriteExt;

const SECRET: &str = "U7ZPJyFAX8Gr3Hm2DFrSQy3x1I3nLdNT2U1c+ToE5Vk=";

/// The layer has checked head, key and signature, and claimed the nonce. The body is compared with
/// its digest as it comes in; if it is another one, the stream ends in an error.
async fn upload(
    caller: Verified,
    State(folder): State<PathBuf>,
    body: Body,
) -> (StatusCode, String) {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let name = format!("upload-{}", COUNT.fetch_add(1, Ordering::Relaxed));
    let partial = folder.join(format!("{name}.partial"));
    match write(body, &partial).await {
        Ok(bytes) => match fs::rename(&partial, folder.join(&name)).await {
            Ok(()) => {
                let text = format!("kept {bytes} bytes of {} as {name}\n", caller.principal());
                (StatusCode::OK, text)
            }
            Err(error) => (
                StatusCode::INTERNAL_SERVER_ERROR,
                format!("not kept: {error}\n"),
            ),
        },
        Err(error) => {
            // Nothing of a bad body stays behind.
            fs::remove_file(&partial).await.ok();
            (StatusCode::UNAUTHORIZED, format!("not kept: {error}\n"))
        }
    }
}

async fn write(mut body: Body, path: &Path) -> Result<usize> {
    let mut file = File::create(path).await?;
    let mut written = 0_usize;
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame?.into_data() {
            file.write_all(&data).await?;
            written = written.saturating_add(data.len());
        }
    }
    file.sync_all().await?;
    Ok(written)
}

#[tokio::main]
async fn main() -> Result<()> {
    let folder = std::env::temp_dir().join(format!("countersign-uploads-{}", std::process::id()));
    fs::create_dir(&folder).await?;
    let key = || SigningKey::new("example-id", SECRET, "dave@example.com");
    let layer = AuthKeyLayer::new(StaticKeys::new([key()?]))
        .stream_bodies()
        .max_body(10 * 1024 * 1024 * 1024);
    let app = Router::new()
        .route("/upload", put(upload).post(upload))
        .layer(layer)
        .with_state(folder.clone());

    let listener = example_support::listen().await?;
    let address = listener.local_addr()?;
    let signed = || -> Result<Demo> {
        Demo::post(address, "/upload", "the whole file")?.sign(&AuthKey::default(), &key()?)
    };
    signed()?.print("signed, kept", 200);
    signed()?
        .with_body("another file!!")
        .print("with another body than was signed", 401);
    Demo::get(address, "/upload")?
        .sign(&AuthKey::default(), &key()?)?
        .print("no such method", 405);
    println!("ready");
    axum::serve(listener, app)
        .with_graceful_shutdown(example_support::interrupted())
        .await?;
    fs::remove_dir_all(&folder).await?;
    Ok(())
}
