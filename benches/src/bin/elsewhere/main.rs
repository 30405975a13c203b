//! What the same check costs elsewhere: in Lua in nginx, in node by hand, and in node by the
//! reference implementation of Hawk; each beside the same server without it, and beside our layer.
//!
//! What is not on the machine is skipped, and a line says so.

mod nginx;
mod ours;
mod program;
mod requests;

use std::env;
use std::net::SocketAddr;
use std::process::{Command, ExitCode};

use countersign_benches::Result;
use countersign_benches::child::{ARGUMENT, Child};
use countersign_benches::contest::median;
use countersign_benches::goal::{self, Goal};
use countersign_benches::loopback::{self, Connections};

use self::nginx::Check;
use self::program::{Folder, Program, is_there};
use self::requests::{Signed, Signer};

const ROUNDS: usize = 5;

/// How many requests each gets per round: enough for dozens of ticks of the system's clock.
const REQUESTS: u32 = 20_000;

const MICROSECONDS_PER_TICK: f64 = 10_000.0;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match arguments.as_slice() {
        [] => loopback::run(measure()),
        [ARGUMENT, name] => ours::serve(name).map(|()| Goal::Met),
        _ => Err("it takes no arguments".into()),
    };
    goal::exit("elsewhere", outcome)
}

/// A server that can be measured.
enum Server {
    Ours(Child),
    Other(Program),
}

impl Server {
    fn address(&self) -> SocketAddr {
        match self {
            Self::Ours(child) => child.address(),
            Self::Other(program) => program.address(),
        }
    }

    fn cpu_ticks(&self) -> Result<u32> {
        match self {
            Self::Ours(child) => child.cpu_ticks(),
            Self::Other(program) => program.cpu_ticks(),
        }
    }
}

async fn measure() -> Result<Goal> {
    println!(
        "CPU per request of a server that answers \"ok\", and what verifying adds to it: {ROUNDS} \
         interleaved rounds of {REQUESTS} requests, median"
    );
    let plain = Server::Ours(Child::start(ours::PLAIN, None)?);
    let verified = Server::Ours(Child::start(ours::VERIFIED, None)?);
    let ours = compare(
        "the layer on axum, HMAC-Auth",
        plain,
        verified,
        Signed::HmacAuth,
    )
    .await?;

    let mut goal = Goal::Met;
    if nginx::is_there() {
        let (without, with) = (Folder::new("nginx")?, Folder::new("nginx-lua")?);
        let plain = Server::Other(nginx::start(&without.0, Check::None)?);
        let verified = Server::Other(nginx::start(&with.0, Check::Lua)?);
        let lua = compare("nginx, HMAC-Auth in Lua", plain, verified, Signed::HmacAuth).await?;
        let what = "CPU added by the layer over that by Lua in nginx";
        goal = Goal::at_most(5, what, ours / lua, 0.2, "×");
    } else {
        println!("  nginx with Lua: skipped; install nginx and libnginx-mod-http-lua");
    }
    if !is_there("node") {
        println!("  node: skipped; install nodejs and npm");
        return Ok(goal);
    }
    let folder = Folder::new("node")?;
    let script = folder.write("by_hand.js", include_str!("by_hand.js"))?;
    let plain = Server::Other(Program::that_tells("node", &[&script, "plain"])?);
    let verified = Server::Other(Program::that_tells("node", &[&script, "verify"])?);
    compare("node, HMAC-Auth by hand", plain, verified, Signed::HmacAuth).await?;

    if install_hawk(&folder) {
        let plain = Server::Other(Program::that_tells("node", &[&script, "plain"])?);
        let script = folder.write("hawk.js", include_str!("hawk.js"))?;
        let verified = Server::Other(Program::that_tells("node", &[&script, &folder.text()?])?);
        compare("node, Hawk by @hapi/hawk", plain, verified, Signed::Hawk).await?;
    } else {
        println!("  @hapi/hawk: skipped; npm cannot install it");
    }
    Ok(goal)
}

/// What verifying adds, in microseconds of CPU per request.
async fn compare(what: &str, plain: Server, verified: Server, kind: Signed) -> Result<f64> {
    let signer = Signer::new(kind)?;
    let mut connections = [
        Connections::open(plain.address()).await?,
        Connections::open(verified.address()).await?,
    ];
    let mut rounds = [Vec::new(), Vec::new()];
    for number in 0..=ROUNDS {
        let both = [&plain, &verified];
        for ((server, connections), spent) in
            both.into_iter().zip(&mut connections).zip(&mut rounds)
        {
            let requests = signer.requests(REQUESTS)?;
            let before = server.cpu_ticks()?;
            connections.send(&requests).await?;
            let ticks = server.cpu_ticks()?.saturating_sub(before);
            // The first warms up.
            if number > 0 {
                spent.push(f64::from(ticks) * MICROSECONDS_PER_TICK / f64::from(REQUESTS));
            }
        }
    }
    let [without, with] = rounds.map(median);
    let added = with - without;
    println!("  {what:<30} without {without:>5.1} µs  with {with:>5.1} µs  adds {added:>5.2} µs");
    Ok(added)
}

/// Installs the reference implementation of Hawk in `folder`, if npm can.
fn install_hawk(folder: &Folder) -> bool {
    let installed = Command::new("npm")
        .args(["install", "--ignore-scripts", "--no-audit", "--no-fund"])
        .args(["--loglevel", "error", "@hapi/hawk@8.0.0"])
        .current_dir(&folder.0)
        .stdout(std::process::Stdio::null())
        .status();
    installed.is_ok_and(|status| status.success())
}
