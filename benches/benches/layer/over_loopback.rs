//! The processor time that a server needs for a request, with a layer and without.

use countersign_benches::Result;
use countersign_benches::child::Child;
use countersign_benches::contest::median;
use countersign_benches::goal::Goal;
use countersign_benches::loopback::Connections;

use crate::requests::Requests;
use crate::roles::{self, Role};

const ROUNDS: usize = 15;

const REQUESTS: usize = 4_000;

struct Server {
    child: Child,
    connections: Connections,
}

impl Server {
    async fn start(name: &str) -> Result<Self> {
        let child = Child::start(name, None)?;
        let connections = Connections::open(child.address()).await?;
        Ok(Self { child, connections })
    }

    /// Microseconds for each request.
    async fn round(&mut self, requests: &Requests) -> Result<f64> {
        let requests = requests.some(REQUESTS)?;
        let before = self.child.processor_time()?;
        self.connections.send(&requests).await?;
        let spent = self.child.processor_time()?.saturating_sub(before);
        #[allow(clippy::cast_precision_loss)]
        let requests = REQUESTS as f64;
        Ok(spent.as_secs_f64() * 1e6 / requests)
    }
}

/// # Errors
/// When a server cannot be started, or answers what it should not.
pub(crate) async fn measure() -> Result<Goal> {
    println!(
        "CPU per request of an axum service that answers \"ok\": {ROUNDS} interleaved rounds of \
         {REQUESTS} requests, median; each beside the same requests without the layer"
    );
    let mut goal = Goal::Met;
    for role in Role::ALL {
        let requests = Requests::of(role)?;
        let mut plain = Server::start(roles::PLAIN).await?;
        let mut layered = Server::start(role.name()).await?;
        let mut rounds = Vec::new();
        for _ in 0..ROUNDS {
            rounds.push((
                plain.round(&requests).await?,
                layered.round(&requests).await?,
            ));
        }
        // The first warms up.
        let rounds = rounds.into_iter().skip(1);
        let (without, with): (Vec<f64>, Vec<f64>) = rounds.unzip();
        let pairs = || with.iter().zip(&without);
        let added = median(pairs().map(|(with, without)| with - without).collect());
        let percent = median(
            pairs()
                .map(|(with, without)| 100.0 * (with / without - 1.0))
                .collect(),
        );
        println!(
            "  {:<28} without {:>5.1} µs  with {:>5.1} µs  adds {added:>5.2} µs, {percent:>5.1} %",
            role.name(),
            median(without.clone()),
            median(with.clone()),
        );
        let most = match role {
            Role::AuthKey => 15.0,
            Role::HmacAuth | Role::Moxie => 12.0,
            _ => continue,
        };
        let what = format!("{} layer on axum", role.name());
        goal = goal.and(Goal::at_most(4, &what, percent, most, " %"));
    }
    Ok(goal)
}
