//! How often a verification allocates, here and by the peers. The tests hold the figures of ours
//! to the number.
//!
//! Exits with 0 when every goal is met, 1 when one is missed, 2 when something could not be
//! measured.

#[allow(dead_code)]
#[path = "layer/peers.rs"]
mod peers;

use std::process::ExitCode;

use allocation_counter::measure;
use countersign::AuthKey;
use countersign_benches::Result;
use countersign_benches::contest::{Once, median};
use countersign_benches::goal::{self, Goal};
use countersign_benches::layered::Layered;
use countersign_benches::paths::{self, Fault, Remembered, Service};
use countersign_benches::requests::{self, Received, TARGET, URL};
use http::Request;
use http_body_util::Empty;

use self::peers::{Hawk, JsonWebToken, MessageSignature, Peer, StandardWebhooks};

const LIVE: u32 = 1_000_000;

const TIMES: usize = 301;

/// The allocations of the future that the layer returns: what is its own.
const OWN: f64 = 1.0;

fn main() -> ExitCode {
    goal::exit("allocations", count())
}

fn count() -> Result<Goal> {
    println!("Allocations for each request, the middle of {TIMES}");
    let service = Service::new(LIVE)?;
    let mut most = 0.0_f64;
    for scheme in &paths::schemes() {
        let id = scheme.id();
        let mut line = |what: &str, once: Once<'_>| -> Result<()> {
            let figure = of(once)?;
            println!("  {:<48} {figure:>6.0}", format!("{id} {what}"));
            most = most.max(figure);
            Ok(())
        };
        let accepting = service.accepting(&**scheme, Remembered::Everything, 0)?;
        line("accepted", accepting)?;
        let accepting = service.accepting(&**scheme, Remembered::Everything, 4096)?;
        line("accepted, 4 KiB body", accepting)?;
        for fault in Fault::ALL {
            line(
                &format!("refused, {fault}"),
                service.refusing(&**scheme, fault)?,
            )?;
        }
    }
    line_of_peer("hawk HMAC-SHA256", Hawk::new()?)?;
    line_of_peer("jsonwebtoken HS256", JsonWebToken::new()?)?;
    line_of_peer("standardwebhooks", StandardWebhooks::new()?)?;
    line_of_peer("httpsig-hyper HMAC-SHA256", MessageSignature::new()?)?;
    let core = Goal::at_most(
        2,
        "allocations in the core, accepted or refused",
        most,
        0.0,
        "",
    );
    Ok(core.and(layer()?))
}

/// The future is the layer's own. What it hands on, the caller to the service and the outcome to
/// whoever logs, goes into `http::Extensions`, which allocates a box, a table and a box for each
/// value: those are counted apart, by doing the same without the layer.
fn layer() -> Result<Goal> {
    let scheme = AuthKey::default();
    let received = Received::get(&scheme, 0)?;
    let mut layered = Layered::new(scheme, LIVE)?;
    let mut counts = Vec::new();
    for _ in 0..TIMES {
        let request = Layered::request(&received);
        let mut done = false;
        let counted = measure(|| done = layered.answer(request).is_some());
        if !done {
            return Err("the layer waits".into());
        }
        counts.push(figure(counted.count_total));
    }
    let all = median(counts);
    println!(
        "  {:<48} {all:>6.0}, of which {:.0} in http::Extensions",
        "auth-key accepted through the layer",
        all - OWN
    );
    Ok(Goal::at_most(
        2,
        "allocations through the layer",
        all,
        OWN,
        "",
    ))
}

fn of(mut once: Once<'_>) -> Result<f64> {
    let mut counts = Vec::new();
    for _ in 0..TIMES {
        let mut done = false;
        let counted = measure(|| done = once()).count_total;
        if !done {
            return Err("a request was not judged as it should be".into());
        }
        counts.push(figure(counted));
    }
    Ok(median(counts))
}

fn line_of_peer<P: Peer>(name: &str, peer: P) -> Result<()> {
    let mut request = Request::get(TARGET).body(Empty::new())?;
    let mut headers = requests::plain_headers();
    peer.sign(URL, &mut headers)?;
    *request.headers_mut() = headers;
    let figure = of(Box::new(move || peer.verify(&request)))?;
    println!("  {name:<48} {figure:>6.0}");
    Ok(())
}

fn figure(count: u64) -> f64 {
    u32::try_from(count).map_or(f64::INFINITY, f64::from)
}
