//! What the replay cache on Redis costs, beside the one in process: `cargo xtask bench`.
//!
//! It starts a `redis-server` of its own, and is skipped, with a line that says so, where there is
//! none. It reads `/proc`, and so needs Linux.

mod claims;
mod process;
mod server;

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use countersign::{MokaReplayCache, RestartGuard};
use countersign_redis::{LossGuard, RedisReplayCache, RedisReplayCacheBuilder};
use tokio::runtime;

use self::claims::{Measured, measure};
use self::server::{Server, installed};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// How many nonces are live when the memory of the server is looked at.
const LIVE: u32 = 1_000_000;

/// How many claims are made one after the other.
const IN_A_ROW: u32 = 20_000;

/// How many claims are made by [`AT_ONCE`] tasks together.
const TOGETHER: u32 = 200_000;

const AT_ONCE: u32 = 64;

const ROUNDS: usize = 3;

fn main() -> ExitCode {
    if !installed() {
        println!("replay cache on Redis: skipped, as there is no redis-server");
        return ExitCode::SUCCESS;
    }
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("replay_redis bench: {error}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<()> {
    let runtime = runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    runtime.block_on(async {
        speed().await?;
        memory().await
    })
}

async fn speed() -> Result<()> {
    let server = Server::start(&[])?;
    let replicated = Server::start(&[])?;
    let replica = Server::replica_of(&replicated)?;
    let memory = MokaReplayCache::builder()
        .capacity(100_000_000)
        .restart_guard(RestartGuard::Off)
        .build()?;
    let redis = connect(builder(&server)).await?;
    let waiting = builder(&replicated).wait_for_replicas(1, Duration::from_millis(400));
    let waiting = connect(waiting).await?;

    println!(
        "Replay cache: {IN_A_ROW} claims in a row and {TOGETHER} by {AT_ONCE} tasks, median of \
         {ROUNDS} interleaved rounds"
    );
    let mut rows: [(&str, Option<&Server>, Vec<Measured>); 3] = [
        ("in process", None, Vec::new()),
        ("Redis, one round trip", Some(&server), Vec::new()),
        ("Redis, WAIT for one replica", Some(&replicated), Vec::new()),
    ];
    for _ in 0..ROUNDS {
        let [in_process, shared, waited] = &mut rows;
        in_process.2.push(measure(&memory, None, TOGETHER).await?);
        shared.2.push(measure(&redis, shared.1, TOGETHER).await?);
        // All claims of a connection wait in line, so fewer of them tell as much.
        waited.2.push(measure(&waiting, waited.1, IN_A_ROW).await?);
    }
    for (what, _, rounds) in rows {
        let figure = |pick: fn(&Measured) -> f64| median(rounds.iter().map(pick).collect());
        println!(
            "  {what:<28} p50 {:>7.1} µs  p99 {:>7.1} µs  in parallel {:>9.0}/s  CPU here {:>5.2} \
             µs, server {:>5.2} µs",
            figure(|measured| measured.p50),
            figure(|measured| measured.p99),
            figure(|measured| measured.rate),
            figure(|measured| measured.own_cpu),
            figure(|measured| measured.server_cpu),
        );
    }
    drop(replica);
    Ok(())
}

async fn memory() -> Result<()> {
    let server = Server::start(&[])?;
    let redis = connect(builder(&server)).await?;
    let before = server.used_memory()?;
    claims::fill(&redis, LIVE).await?;
    let used = server.used_memory()?.saturating_sub(before);
    println!(
        "  {LIVE} live nonces in the server: {:.1} bytes each",
        f64::from(used) / f64::from(LIVE)
    );
    Ok(())
}

fn builder(server: &Server) -> RedisReplayCacheBuilder {
    RedisReplayCache::builder(&server.url())
        .loss_guard(LossGuard::Off)
        // What is measured may not fail on a machine with other work.
        .timeout(Duration::from_secs(4))
}

async fn connect(builder: RedisReplayCacheBuilder) -> Result<RedisReplayCache> {
    Ok(builder.connect().await?)
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_unstable_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}
