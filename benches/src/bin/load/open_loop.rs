//! Requests that come when they come, whether or not those before them were answered.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::Result;
use crate::child::Gateway;
use crate::client::Pool;

/// How long each run lasts.
const LASTING: Duration = Duration::from_secs(8);

/// What became of what was sent.
#[derive(Debug, Default)]
pub(crate) struct Offered {
    pub(crate) sent: usize,
    /// Answered 200.
    pub(crate) accepted: usize,
    /// Answered 503 and told when to come again.
    pub(crate) shed: usize,
    /// Anything else, broken connections included.
    pub(crate) others: usize,
    /// Of those accepted, from the time they were due.
    pub(crate) p50: Duration,
    pub(crate) p99: Duration,
    /// Of those shed.
    pub(crate) shed_p99: Duration,
}

enum Became {
    Accepted(Duration),
    Shed(Duration),
    Other,
}

/// Sends `rate` requests a second.
///
/// # Errors
/// When a task of the bench fails.
pub(crate) async fn run(gateway: &Gateway, rate: f64) -> Result<Offered> {
    let pool = Arc::new(Pool::new(gateway.address()));
    let started = Instant::now();
    let mut tasks = JoinSet::new();
    let mut sent = 0_u32;
    while started.elapsed() < LASTING {
        // All that are due by now; what the timer misses is made up for, and counts from when it
        // was due.
        let due = started.elapsed().as_secs_f64() * rate;
        while f64::from(sent) < due {
            let due = started.checked_add(Duration::from_secs_f64(f64::from(sent) / rate));
            let due = due.unwrap_or(started);
            sent = sent.saturating_add(1);
            let pool = Arc::clone(&pool);
            tasks.spawn(async move { one(&pool, due).await });
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let mut offered = Offered {
        sent: usize::try_from(sent)?,
        ..Offered::default()
    };
    let (mut accepted, mut shed) = (Vec::new(), Vec::new());
    while let Some(became) = tasks.join_next().await {
        match became? {
            Became::Accepted(took) => accepted.push(took),
            Became::Shed(took) => shed.push(took),
            Became::Other => offered.others = offered.others.saturating_add(1),
        }
    }
    offered.accepted = accepted.len();
    offered.shed = shed.len();
    offered.p50 = percentile(&mut accepted, 50);
    offered.p99 = percentile(&mut accepted, 99);
    offered.shed_p99 = percentile(&mut shed, 99);
    Ok(offered)
}

async fn one(pool: &Pool, due: Instant) -> Became {
    match pool.get("/").await {
        Ok((200, _)) => Became::Accepted(due.elapsed()),
        Ok((503, Some(_))) => Became::Shed(due.elapsed()),
        _ => Became::Other,
    }
}

fn percentile(times: &mut [Duration], percent: usize) -> Duration {
    times.sort_unstable();
    let index = times.len().saturating_mul(percent) / 100;
    let last = times.len().saturating_sub(1);
    times.get(index.min(last)).copied().unwrap_or_default()
}

impl fmt::Display for Offered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:>6} sent  {:>6} answered, p50 {:>5.1} ms p99 {:>6.1} ms  {:>6} shed, p99 {:>6.1} ms  \
             {} otherwise",
            self.sent,
            self.accepted,
            self.p50.as_secs_f64() * 1e3,
            self.p99.as_secs_f64() * 1e3,
            self.shed,
            self.shed_p99.as_secs_f64() * 1e3,
            self.others,
        )
    }
}
