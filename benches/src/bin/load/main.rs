//! The gateway under more than it can carry, and among clients that do not behave.
//!
//! The program starts itself again for the upstream and the gateway, so that the memory and the
//! descriptors that the system counts are the gateway's own. Each part prints what held, and is
//! bounded in time. Exits with 0 when everything held, 1 when something did not, 2 when it could
//! not be measured. It reads `/proc`, and so needs Linux.

mod child;
mod client;
mod hostile;
mod open_loop;

use std::env;
use std::error::Error;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use tokio::runtime;

use self::child::Gateway;
use self::open_loop::Offered;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// What the program is told when it was started again with room for its connections.
const ENSURED: &str = "descriptors-ensured";

/// How many requests the gateway takes at once here: few, so that a small machine overloads it.
const IN_FLIGHT: u32 = 32;

/// How long the upstream takes for an answer. With [`IN_FLIGHT`] that is all the gateway can
/// carry, whatever the processors can.
const UPSTREAM: Duration = Duration::from_millis(50);

/// The most that may be resident, in MiB.
const MOST_MIB: f64 = 100.0;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("load bench: {error}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &[&str]) -> Result<bool> {
    let runtime = runtime::Builder::new_multi_thread().enable_all().build()?;
    match arguments {
        // Without `unsafe` only a shell can raise the limit, which its children then have.
        [] => Err(Command::new("sh")
            .args(["-c", &format!("ulimit -n 16384 && exec \"$0\" {ENSURED}")])
            .arg(env::current_exe()?)
            .exec()
            .into()),
        [ENSURED] => runtime.block_on(measure()),
        [child::ARGUMENT, rest @ ..] => {
            runtime.block_on(child::serve(rest))?;
            Ok(true)
        }
        _ => Err("it takes no arguments".into()),
    }
}

async fn measure() -> Result<bool> {
    let carried = f64::from(IN_FLIGHT) / UPSTREAM.as_secs_f64();
    println!(
        "Load on the gateway: {IN_FLIGHT} requests in flight at most, an upstream that takes {} ms: \
         {carried:.0} requests a second",
        UPSTREAM.as_millis()
    );
    let gateway = Gateway::start()?;
    let mut held = true;
    let half = open_loop::run(&gateway, carried / 2.0).await?;
    held &= tell("half of that", &half, carries_all(&half));
    let twice = open_loop::run(&gateway, carried * 2.0).await?;
    held &= tell("twice that", &twice, holds_under_overload(&half, &twice));
    let after = open_loop::run(&gateway, carried / 2.0).await?;
    held &= tell("half again", &after, carries_all(&after));
    held &= memory(&gateway, "overload")?;

    for (name, outcome) in hostile::all(&gateway).await? {
        println!("  {name:<58} {outcome}");
        held &= outcome.held;
    }
    held &= memory(&gateway, "all of it")?;
    Ok(held)
}

/// Nearly all is answered: what the bench itself sends late comes in bursts.
fn carries_all(offered: &Offered) -> bool {
    offered.others == 0 && offered.shed < offered.sent / 20
}

/// What is taken is answered as fast as ever, what is not is turned away, and nothing else happens.
fn holds_under_overload(half: &Offered, twice: &Offered) -> bool {
    let shed_enough = twice.shed > twice.sent / 4;
    let carried = twice.accepted > twice.sent / 4;
    twice.others == 0
        && shed_enough
        && carried
        && twice.p99 < half.p99.max(UPSTREAM).saturating_mul(10)
}

fn tell(name: &str, offered: &Offered, held: bool) -> bool {
    let word = if held { "held" } else { "DID NOT HOLD" };
    println!("  {name:<14} {offered}  {word}");
    held
}

fn memory(gateway: &Gateway, after: &str) -> Result<bool> {
    let peak = gateway.peak_mib()?;
    let held = peak < MOST_MIB;
    let word = if held { "held" } else { "DID NOT HOLD" };
    println!("  peak of resident memory after {after}: {peak:.1} MiB, < {MOST_MIB:.0}: {word}");
    Ok(held)
}

/// Asks until `condition` is met; whether it was, in time.
async fn becomes(condition: impl AsyncFn() -> bool) -> bool {
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(20) {
        if condition().await {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    false
}
