//! CPU per request: the gateway beside a proxy of the same parts that verifies nothing.

use std::net::SocketAddr;
use std::sync::Arc;

use countersign_benches::child::Child;
use tokio::task::JoinSet;

use crate::client::{Connection, Credentials, Signer};
use crate::roles::Role;
use crate::{Goal, Result, upstream};

const ROUNDS: usize = 5;

/// How many requests each gets per round: enough for a hundred ticks of the system's clock.
const REQUESTS: u32 = 40_000;

/// How many before the first round, for connections, pools and caches.
const WARM_UP: u32 = 4_000;

const CONNECTIONS: u32 = 16;

const TARGET: &str = "/echo/items?page=2&sort=name";

const MICROSECONDS_PER_TICK: u32 = 10_000;

/// How many times the CPU of the plain proxy the gateway may use.
const MOST: f64 = 2.0;

struct Subject {
    what: &'static str,
    credentials: Credentials,
    child: Child,
    /// Ticks, by round.
    rounds: Vec<u32>,
}

impl Subject {
    fn start(
        role: Role,
        upstream: SocketAddr,
        credentials: Credentials,
        what: &'static str,
    ) -> Result<Self> {
        Ok(Self {
            what,
            credentials,
            child: Child::start(role.name(), Some(upstream))?,
            rounds: Vec::new(),
        })
    }

    async fn round(&mut self, signer: &Arc<Signer>) -> Result<()> {
        let before = self.child.cpu_ticks()?;
        send(self.child.address(), self.credentials, signer, REQUESTS).await?;
        let after = self.child.cpu_ticks()?;
        self.rounds.push(after.saturating_sub(before));
        Ok(())
    }

    /// The median of the rounds, in microseconds per request.
    fn microseconds(&self) -> Result<f64> {
        let mut rounds = self.rounds.clone();
        rounds.sort_unstable();
        let median = rounds.get(ROUNDS / 2).ok_or("too few rounds")?;
        let microseconds = f64::from(*median) * f64::from(MICROSECONDS_PER_TICK);
        Ok(microseconds / f64::from(REQUESTS))
    }
}

/// Prints the table, and says whether the goal is met.
///
/// # Errors
/// When a part cannot be started, or answers what it should not.
pub(crate) async fn measure() -> Result<Goal> {
    let echo = Child::start(Role::Upstream.name(), None)?;
    let behind = echo.address();
    let mut plain = Subject::start(
        Role::Plain,
        behind,
        Credentials::Signed,
        "hyper proxy, no verification",
    )?;
    let mut optional = Subject::start(
        Role::Optional,
        behind,
        Credentials::Absent,
        "gateway, unsigned requests let pass",
    )?;
    let mut verified = Subject::start(
        Role::Verified,
        behind,
        Credentials::Signed,
        "gateway, Auth-Key with nonce verified",
    )?;
    println!(
        "CPU per request: {ROUNDS} interleaved rounds of {REQUESTS} requests, {CONNECTIONS} \
         connections, median"
    );
    let signer = Arc::new(Signer::new()?);
    for subject in [&plain, &optional, &verified] {
        let address = subject.child.address();
        send(address, subject.credentials, &signer, WARM_UP).await?;
    }
    for _ in 0..ROUNDS {
        for subject in [&mut plain, &mut optional, &mut verified] {
            subject.round(&signer).await?;
        }
    }
    let least = plain.microseconds()?;
    let mut ratio = 0.0;
    for subject in [&plain, &optional, &verified] {
        let microseconds = subject.microseconds()?;
        ratio = microseconds / least;
        println!(
            "  {:<38} {microseconds:>6.1} µs  {ratio:.2}×  ticks by round {:?}",
            subject.what, subject.rounds
        );
    }
    let goal = Goal::of(ratio <= MOST);
    println!("  verified / no verification: {ratio:.2}, goal ≤ {MOST:.1}: {goal}");
    Ok(goal)
}

async fn send(
    address: SocketAddr,
    credentials: Credentials,
    signer: &Arc<Signer>,
    requests: u32,
) -> Result<()> {
    let mut clients = JoinSet::new();
    for _ in 0..CONNECTIONS {
        let signer = Arc::clone(signer);
        clients.spawn(async move {
            let expected = upstream::echoed(TARGET, 0);
            let mut connection = Connection::open(address).await?;
            for _ in 0..requests / CONNECTIONS {
                let request = signer.get(TARGET, credentials)?;
                connection.send(request, &expected).await?;
            }
            Ok(())
        });
    }
    while let Some(sent) = clients.join_next().await {
        let sent: Result<()> = sent?;
        sent?;
    }
    Ok(())
}
