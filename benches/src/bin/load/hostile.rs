//! Clients and an upstream that do not behave. After each, a good request must pass and the
//! gateway must have closed what it had opened.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;

use crate::child::{Gateway, STALLED, UPSTREAM_TIMEOUT};
use crate::client::{self, Pool};
use crate::{IN_FLIGHT, Result, becomes};

/// Connections opened and dropped.
const DROPPED: u32 = 100_000;

/// So many of them at once.
const AT_ONCE: u32 = 64;

/// Clients that send a byte now and then, and that close their half at once.
const SLOW: usize = 500;
const HALF_CLOSED: usize = 500;

/// The gateway may keep connections to its upstream.
const KEPT: usize = 80;

/// What came of one kind of trouble.
pub(crate) struct Outcome {
    told: String,
    pub(crate) held: bool,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = if self.held { "held" } else { "DID NOT HOLD" };
        write!(f, "{}: {word}", self.told)
    }
}

/// All of them, one after the other.
///
/// # Errors
/// When the bench itself cannot go on.
pub(crate) async fn all(gateway: &Gateway) -> Result<Vec<(&'static str, Outcome)>> {
    let idle = gateway.descriptors()?;
    let outcomes = vec![
        (
            "100,000 connections opened and dropped",
            dropped(gateway).await?,
        ),
        (
            "500 clients that send a byte now and then",
            slow(gateway).await?,
        ),
        (
            "500 clients that close their half at once",
            half_closed(gateway).await?,
        ),
        (
            "an upstream that stalls under as many as it may have",
            stalled(gateway).await?,
        ),
    ];
    println!(
        "  descriptors of the gateway: {idle} before, {} after",
        gateway.descriptors()?
    );
    Ok(outcomes)
}

async fn good(gateway: &Gateway) -> bool {
    let answer = Pool::new(gateway.address()).get("/").await;
    answer.is_ok_and(|(status, _)| status == 200)
}

/// Whether all is well again: the descriptors are back where they were, and requests pass.
async fn recovered(gateway: &Gateway, before: usize) -> bool {
    let most = before.saturating_add(KEPT);
    let closed = becomes(async || gateway.descriptors().is_ok_and(|now| now <= most)).await;
    closed && becomes(async || good(gateway).await).await
}

async fn dropped(gateway: &Gateway) -> Result<Outcome> {
    let (before, started) = (gateway.descriptors()?, Instant::now());
    let address = gateway.address();
    let mut tasks = JoinSet::new();
    for task in 0..AT_ONCE {
        tasks.spawn(async move {
            let mut failed = 0_u32;
            for number in 0..DROPPED / AT_ONCE {
                let opened = open_from(task, address).await;
                // Every other one with a piece of a request.
                let sent = match opened {
                    Ok(mut stream) if number % 2 == 0 => stream.write_all(b"GET / HT").await,
                    Ok(_) => Ok(()),
                    Err(error) => Err(error),
                };
                failed = failed.saturating_add(u32::from(sent.is_err()));
            }
            failed
        });
    }
    let mut failed = 0_u32;
    while let Some(more) = tasks.join_next().await {
        failed = failed.saturating_add(more?);
    }
    let took = started.elapsed().as_secs_f64();
    let held = recovered(gateway, before).await && failed == 0;
    let told = format!("{failed} failed, in {took:.0} s");
    Ok(Outcome { told, held })
}

/// From one of many addresses of the loopback: a single one has not as many ports.
async fn open_from(number: u32, to: SocketAddr) -> std::io::Result<TcpStream> {
    let last = u8::try_from(number % 200)
        .unwrap_or_default()
        .saturating_add(2);
    let socket = TcpSocket::new_v4()?;
    socket.bind(([127, 0, 0, last], 0).into())?;
    socket.connect(to).await
}

async fn slow(gateway: &Gateway) -> Result<Outcome> {
    let before = gateway.descriptors()?;
    let mut tasks = JoinSet::new();
    let address = gateway.address();
    for _ in 0..SLOW {
        tasks.spawn(async move {
            let mut stream = TcpStream::connect(address).await?;
            let started = Instant::now();
            stream.write_all(b"GET / HTTP/1.1\r\nX-Slow: ").await?;
            while started.elapsed() < Duration::from_secs(45) {
                if stream.write_all(b"a").await.is_err() {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
            Ok::<_, std::io::Error>(started.elapsed())
        });
    }
    // Meanwhile others are served as if nothing was.
    let pool = Arc::new(Pool::new(address));
    let (mut served, mut longest) = (0_u32, Duration::ZERO);
    for _ in 0..100 {
        let started = Instant::now();
        let (status, _) = pool.get("/").await?;
        served = served.saturating_add(u32::from(status == 200));
        longest = longest.max(started.elapsed());
    }
    let mut last = Duration::ZERO;
    while let Some(cut) = tasks.join_next().await {
        last = last.max(cut??);
    }
    let held = served == 100 && last < Duration::from_secs(45) && recovered(gateway, before).await;
    let told = format!(
        "{served} of 100 others served, the slowest in {:.0} ms; all cut within {:.0} s",
        longest.as_secs_f64() * 1e3,
        last.as_secs_f64()
    );
    Ok(Outcome { told, held })
}

async fn half_closed(gateway: &Gateway) -> Result<Outcome> {
    let before = gateway.descriptors()?;
    let mut tasks = JoinSet::new();
    let address = gateway.address();
    for number in 0..HALF_CLOSED {
        // A whole request, half of one, or none.
        let text = client::text("/")?;
        let end = match number % 3 {
            0 => text.len(),
            1 => text.len() / 2,
            _ => 0,
        };
        let text = text.get(..end).unwrap_or_default().to_owned();
        tasks.spawn(async move {
            let mut stream = TcpStream::connect(address).await?;
            stream.write_all(text.as_bytes()).await?;
            stream.shutdown().await?;
            let mut answer = Vec::new();
            let read = stream.read_to_end(&mut answer);
            let closed = tokio::time::timeout(Duration::from_secs(40), read)
                .await
                .is_ok();
            Ok::<_, std::io::Error>((closed, answer.starts_with(b"HTTP/1.1 ")))
        });
    }
    let (mut closed, mut answered) = (0_usize, 0_u32);
    while let Some(ended) = tasks.join_next().await {
        let (was_closed, was_answered) = ended??;
        closed = closed.saturating_add(usize::from(was_closed));
        answered = answered.saturating_add(u32::from(was_answered));
    }
    let held = closed == HALF_CLOSED && recovered(gateway, before).await;
    let told = format!("{answered} answered, {closed} closed by the gateway");
    Ok(Outcome { told, held })
}

async fn stalled(gateway: &Gateway) -> Result<Outcome> {
    let before = gateway.descriptors()?;
    let pool = Arc::new(Pool::new(gateway.address()));
    let mut stuck = JoinSet::new();
    // Twice as many as are taken, lest one of them meets a probe in its place.
    for _ in 0..IN_FLIGHT.saturating_mul(2) {
        let pool = Arc::clone(&pool);
        stuck.spawn(async move { pool.get(STALLED).await.map(|(status, _)| status) });
    }
    // A probe may have taken the place of one of them: one more for each that gets through.
    let (mut full, mut turned_away) = (false, Duration::ZERO);
    for _ in 0..IN_FLIGHT {
        let started = Instant::now();
        let (status, _) = pool.get("/").await?;
        turned_away = started.elapsed();
        full = status == 503;
        if full {
            break;
        }
        let pool = Arc::clone(&pool);
        stuck.spawn(async move { pool.get(STALLED).await.map(|(status, _)| status) });
    }
    let mut timed_out = 0_u32;
    while let Some(status) = stuck.join_next().await {
        timed_out = timed_out.saturating_add(u32::from(status?.is_ok_and(|it| it == 504)));
    }
    let held = full
        && turned_away.saturating_mul(2) < UPSTREAM_TIMEOUT
        && timed_out > IN_FLIGHT / 2
        && recovered(gateway, before).await;
    let told = format!(
        "others turned away in {:.1} ms; {timed_out} answered 504",
        turned_away.as_secs_f64() * 1e3
    );
    Ok(Outcome { told, held })
}
