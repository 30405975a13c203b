//! What a child process is: it prints its address, and serves until its parent is gone.

use std::io;

use countersign::{RestartGuard, StaticKeys};
use countersign_benches::child::{end_with_parent, tell};
use countersign_gateway::{Admission, Gateway, GatewayConfig};
use tokio::net::TcpListener;
use tokio::runtime::{self, Runtime};

use crate::{Result, client, plain, upstream};

/// More than is uploaded.
const MAX_UPLOAD: u64 = 4 * 1024 * 1024 * 1024;

/// More than are opened.
const MAX_CONNECTIONS: usize = 20_000;

/// A part of the benchmark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// The service behind all others.
    Upstream,
    /// A hyper proxy that does nothing but pass on.
    Plain,
    /// The gateway, which lets requests without credentials pass.
    Optional,
    /// The gateway, verifying.
    Verified,
    /// The gateway as it runs in production: on all processors, and bodies streamed.
    Streaming,
}

impl Role {
    const ALL: [Self; 5] = [
        Self::Upstream,
        Self::Plain,
        Self::Optional,
        Self::Verified,
        Self::Streaming,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Upstream => "upstream",
            Self::Plain => "plain",
            Self::Optional => "optional",
            Self::Verified => "verified",
            Self::Streaming => "streaming",
        }
    }

    /// # Errors
    /// When there is none of that name.
    pub(crate) fn named(name: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|role| role.name() == name);
        found.ok_or_else(|| format!("no child is called {name}").into())
    }

    /// Where CPU is compared there is one thread: what threads spend on waking each other is not
    /// what is asked for, and would make any two proxies look alike.
    fn runtime(self) -> io::Result<Runtime> {
        match self {
            Self::Upstream | Self::Streaming => runtime::Builder::new_multi_thread(),
            Self::Plain | Self::Optional | Self::Verified => runtime::Builder::new_current_thread(),
        }
        .enable_all()
        .build()
    }
}

/// Serves as `role`, in front of `behind` unless it is the upstream.
///
/// # Errors
/// When it cannot listen.
pub(crate) fn run(role: Role, behind: Option<&str>) -> Result<()> {
    end_with_parent();
    let behind = || behind.ok_or("the child needs the address of the upstream");
    role.runtime()?.block_on(async {
        match role {
            Role::Upstream => upstream::serve(listen().await?).await,
            Role::Plain => {
                let authority = behind()?.parse()?;
                plain::serve(listen().await?, authority).await
            }
            Role::Optional => gateway(config(behind()?)?.admission(Admission::Optional)).await,
            Role::Verified => gateway(config(behind()?)?).await,
            Role::Streaming => {
                gateway(
                    config(behind()?)?
                        .stream_bodies()
                        .max_body(MAX_UPLOAD)
                        .max_connections(MAX_CONNECTIONS),
                )
                .await
            }
        }
    })
}

/// The defaults, the memory of accepted requests among them. Off is only what refuses the
/// requests of the first minutes.
fn config(upstream: &str) -> Result<GatewayConfig> {
    Ok(GatewayConfig::reverse_proxy(format!("http://{upstream}"))
        .listen("127.0.0.1:0")
        .scheme("auth-key")
        .keys(StaticKeys::new([client::key()?]))
        .restart_guard(RestartGuard::Off))
}

async fn gateway(config: GatewayConfig) -> Result<()> {
    let gateway = Gateway::bind(config).await?;
    tell(gateway.local_addr());
    gateway.run(std::future::pending()).await;
    Ok(())
}

async fn listen() -> Result<TcpListener> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    tell(listener.local_addr()?);
    Ok(listener)
}
