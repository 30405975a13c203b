//! Claims of new requests, counted and timed.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use countersign::{
    Clock, KeyId, NonceCase, NonceKey, NonceLife, ReplayCache, SchemeId, SystemClock, Window,
};
use tokio::task::JoinSet;

use crate::server::Server;
use crate::{AT_ONCE, IN_A_ROW, Result, process};

/// What was measured; times in microseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Measured {
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    /// Claims per second, by all tasks together.
    pub(crate) rate: f64,
    /// CPU per claim, of this process and of the server, while all claim.
    pub(crate) own_cpu: f64,
    pub(crate) server_cpu: f64,
}

/// # Errors
/// When a claim is refused, or the system does not tell what was used.
pub(crate) async fn measure(
    cache: &(impl ReplayCache + Clone),
    server: Option<&Server>,
    together: u32,
) -> Result<Measured> {
    let mut times = Vec::new();
    for _ in 0..IN_A_ROW {
        let began = Instant::now();
        claim(cache).await?;
        times.push(began.elapsed().as_secs_f64() * 1e6);
    }
    times.sort_unstable_by(f64::total_cmp);
    let rank = |hundredths: usize| {
        let at = times.len().saturating_mul(hundredths) / 100;
        times.get(at).copied().unwrap_or(f64::NAN)
    };

    let cpu = || -> Result<(f64, f64)> {
        let own = process::cpu_seconds(std::process::id())?;
        let servers = match server {
            Some(server) => process::cpu_seconds(server.id())?,
            None => 0.0,
        };
        Ok((own, servers))
    };
    let (own, servers) = cpu()?;
    let began = Instant::now();
    fill(cache, together).await?;
    let elapsed = began.elapsed().as_secs_f64();
    let (own_after, servers_after) = cpu()?;
    let each = |seconds: f64| seconds * 1e6 / f64::from(together);
    Ok(Measured {
        p50: rank(50),
        p99: rank(99),
        rate: f64::from(together) / elapsed,
        own_cpu: each(own_after - own),
        server_cpu: each(servers_after - servers),
    })
}

/// Makes `number` claims, by several tasks at once.
///
/// # Errors
/// When one is refused.
pub(crate) async fn fill(cache: &(impl ReplayCache + Clone), number: u32) -> Result<()> {
    let mut tasks = JoinSet::new();
    for _ in 0..AT_ONCE {
        let cache = cache.clone();
        tasks.spawn(async move {
            for _ in 0..number / AT_ONCE {
                claim(&cache).await?;
            }
            Ok(())
        });
    }
    while let Some(done) = tasks.join_next().await {
        let done: Result<()> = done?;
        done?;
    }
    Ok(())
}

/// Claims a request that nobody has claimed, signed now.
async fn claim(cache: &impl ReplayCache) -> Result<()> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let nonce = COUNT.fetch_add(1, Ordering::Relaxed).to_be_bytes();
    let id = KeyId::parse(b"example-id").ok_or("an id")?;
    let now = SystemClock.now();
    let life = NonceLife {
        signed_at: now,
        expires: Window::DEFAULT.expiry(now),
        now,
    };
    let nonce = NonceKey::new(SchemeId::AUTH_KEY, id, &nonce, NonceCase::Exact);
    cache.claim(nonce, life).await?;
    Ok(())
}
