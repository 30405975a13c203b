//! The servers that are compared: one axum "ok", behind each of the layers and behind none.

use std::sync::Arc;

use axum::Router;
use axum::routing::any;
use countersign::{
    AnyScheme, AuthKey, HmacAuth, MokaReplayCache, Moxie, RestartGuard, Scheme, StaticKeys,
    VerifyLayer,
};
use countersign_benches::child::{end_with_parent, tell};
use countersign_benches::{Result, requests};
use tokio::net::TcpListener;
use tokio::runtime;

use crate::guard::GuardLayer;
use crate::peers::{Hawk, JsonWebToken, MessageSignature, Peer, StandardWebhooks};

/// How requests are signed, and by what a server verifies them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    AuthKey,
    HmacAuth,
    Moxie,
    Hawk,
    JsonWebToken,
    StandardWebhooks,
    MessageSignature,
}

impl Role {
    pub(crate) const ALL: [Self; 7] = [
        Self::AuthKey,
        Self::HmacAuth,
        Self::Moxie,
        Self::Hawk,
        Self::JsonWebToken,
        Self::StandardWebhooks,
        Self::MessageSignature,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::AuthKey => "auth-key",
            Self::HmacAuth => "hmac-auth",
            Self::Moxie => "moxie",
            Self::Hawk => "hawk HMAC-SHA256",
            Self::JsonWebToken => "jsonwebtoken HS256",
            Self::StandardWebhooks => "standardwebhooks",
            Self::MessageSignature => "httpsig-hyper HMAC-SHA256",
        }
    }

    /// The scheme of ours, if it is one.
    pub(crate) fn scheme(self) -> Option<Box<dyn Scheme>> {
        match self {
            Self::AuthKey => Some(Box::new(AuthKey::default())),
            Self::HmacAuth => Some(Box::new(HmacAuth::sha1())),
            Self::Moxie => Some(Box::new(Moxie::default())),
            _ => None,
        }
    }
}

/// The name of a server that verifies nothing.
pub(crate) const PLAIN: &str = "plain";

/// Serves as the child called `name`, on so many threads, until its parent is gone.
///
/// # Errors
/// When it cannot listen.
pub(crate) fn run(name: &str, threads: usize) -> Result<()> {
    end_with_parent();
    let runtime = match threads {
        1 => runtime::Builder::new_current_thread()
            .enable_all()
            .build()?,
        more => runtime::Builder::new_multi_thread()
            .worker_threads(more)
            .enable_all()
            .build()?,
    };
    let app = app(name)?;
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        tell(listener.local_addr()?);
        Ok(axum::serve(listener, app).await?)
    })
}

fn app(name: &str) -> Result<Router> {
    let plain = Router::new().fallback(any(async || "ok"));
    let role = Role::ALL.into_iter().find(|role| role.name() == name);
    Ok(match role {
        None => plain,
        Some(Role::AuthKey) => plain.layer(layer(AuthKey::default())?),
        Some(Role::HmacAuth) => plain.layer(layer(HmacAuth::sha1())?),
        Some(Role::Moxie) => plain.layer(layer(Moxie::default())?),
        Some(Role::Hawk) => guarded(plain, Hawk::new()?),
        Some(Role::JsonWebToken) => guarded(plain, JsonWebToken::new()?),
        Some(Role::StandardWebhooks) => guarded(plain, StandardWebhooks::new()?),
        Some(Role::MessageSignature) => guarded(plain, MessageSignature::new()?),
    })
}

/// The defaults, with a hundred thousand keys. Off is only what refuses the requests of the first
/// minutes.
fn layer(scheme: impl Into<AnyScheme>) -> Result<VerifyLayer<StaticKeys, MokaReplayCache>> {
    let replay = MokaReplayCache::builder()
        .capacity(100_000_000)
        .restart_guard(RestartGuard::Off)
        .build()?;
    let layer = VerifyLayer::any([scheme.into()], requests::keys(requests::KEYS)?).replay(replay);
    layer.check()?;
    Ok(layer)
}

fn guarded<P: Peer>(plain: Router, peer: P) -> Router {
    plain.layer(GuardLayer(Arc::new(peer)))
}
