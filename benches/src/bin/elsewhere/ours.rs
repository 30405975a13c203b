//! Our layer on an axum service that answers "ok", and the service without it.

use axum::Router;
use axum::routing::any;
use countersign::{HmacAuth, MokaReplayCache, ReplayPolicy, RestartGuard, VerifyLayer};
use countersign_benches::child::{end_with_parent, tell};
use countersign_benches::{Result, requests};
use tokio::net::TcpListener;

pub(crate) const PLAIN: &str = "axum";

pub(crate) const VERIFIED: &str = "axum with the layer";

/// Serves as the child called `name`, on one thread, until its parent is gone.
///
/// # Errors
/// When it cannot listen.
pub(crate) fn serve(name: &str) -> Result<()> {
    end_with_parent();
    let plain = Router::new().fallback(any(async || "ok"));
    let app = if name == VERIFIED {
        let replay = MokaReplayCache::builder()
            .capacity(100_000_000)
            .restart_guard(RestartGuard::Off)
            .build()?;
        let keys = requests::keys(requests::KEYS)?;
        let layer = VerifyLayer::any([HmacAuth::sha1().into()], keys)
            .replay(replay)
            .replay_policy(ReplayPolicy::All);
        layer.check()?;
        plain.layer(layer)
    } else {
        plain
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        tell(listener.local_addr()?);
        Ok(axum::serve(listener, app).await?)
    })
}
