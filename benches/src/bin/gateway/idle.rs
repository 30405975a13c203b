//! Memory of the gateway with very many connections that are kept open and do nothing.

use std::time::{Duration, Instant};

use countersign_benches::Result;
use countersign_benches::child::Child;

use crate::client::{Connection, Credentials, Signer};
use crate::roles::Role;
use crate::upstream;

const CONNECTIONS: u32 = 10_000;

const TARGET: &str = "/idle";

/// The gateway closes a connection that has been idle for 30 s.
const WITHIN: Duration = Duration::from_secs(28);

/// Prints what each takes.
///
/// # Errors
/// When a part cannot be started, answers what it should not, or the machine is too slow.
pub(crate) async fn measure() -> Result<()> {
    let echo = Child::start(Role::Upstream.name(), None)?;
    let gateway = Child::start(Role::Streaming.name(), Some(echo.address()))?;
    let signer = Signer::new()?;
    let expected = upstream::echoed(TARGET, 0);
    let before = gateway.memory()?.now;
    let started = Instant::now();
    let mut connections = Vec::new();
    for _ in 0..CONNECTIONS {
        let mut connection = Connection::open(gateway.address()).await?;
        let request = signer.get(TARGET, Credentials::Signed)?;
        connection.send(request, &expected).await?;
        connections.push(connection);
    }
    let kibibytes = gateway.memory()?.now.saturating_sub(before);
    if started.elapsed() > WITHIN {
        return Err("the machine is too slow: some of the connections have been closed".into());
    }
    println!(
        "Idle connections: {} kept open, each used once: {:.1} MiB, {:.1} KiB each",
        connections.len(),
        f64::from(kibibytes) / 1024.0,
        f64::from(kibibytes) / f64::from(CONNECTIONS),
    );
    Ok(())
}
