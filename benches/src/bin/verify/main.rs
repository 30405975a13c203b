//! What the checks of the core cost beside the bare cryptography, each figure beside its goal.
//!
//! Exits with 0 when every goal is met, 1 when one is missed, 2 when something could not be
//! measured.

use std::process::ExitCode;

use countersign::{Scheme, SchemeId};
use countersign_benches::contest::{Contest, Handle, Results};
use countersign_benches::goal::{self, Goal};
use countersign_benches::paths::{self, Fault, Remembered, Service};
use countersign_benches::requests::{self, Received};
use countersign_benches::{Result, raw};

const LIVE: u32 = 1_000_000;

const ROUNDS: usize = 301;

/// The smallest body that the goal for bodies speaks of.
const BODY: usize = 4096;

/// What is compared for one scheme.
struct Entered<'a> {
    scheme: &'a dyn Scheme,
    raw: Handle,
    verified: Handle,
    accepted: Handle,
    raw_body: Handle,
    accepted_body: Handle,
    refused: Vec<(Fault, Handle)>,
}

fn main() -> ExitCode {
    goal::exit("verify", measure())
}

fn measure() -> Result<Goal> {
    let service = Service::new(LIVE)?;
    let schemes = paths::schemes();
    println!(
        "Core: {LIVE} live nonces, {} keys, {} of them busy; median of {ROUNDS} interleaved rounds",
        requests::KEYS,
        requests::BUSY,
    );
    let mut goal = Goal::Met;
    for scheme in &schemes {
        let mut contest = Contest::new();
        let entered = enter(&mut contest, &service, &**scheme)?;
        let results = contest.run(ROUNDS)?;
        goal = goal.and(report(&entered, &results));
    }
    Ok(goal)
}

fn enter<'a>(
    contest: &mut Contest<'a>,
    service: &'a Service,
    scheme: &'a dyn Scheme,
) -> Result<Entered<'a>> {
    let get = Received::get(scheme, 0)?;
    let length = get.string_to_sign(scheme)?.len();
    let post = Received::post(scheme, 0, vec![7; BODY].into())?;
    let id = scheme.id();
    let mut accepting = |what, remembered, body| -> Result<Handle> {
        let once = service.accepting(scheme, remembered, body)?;
        Ok(contest.enter(format!("{id} {what}"), once))
    };
    let verified = accepting("accepted, replays let pass", Remembered::Nothing, 0)?;
    let accepted = accepting("accepted, all checks", Remembered::Everything, 0)?;
    let accepted_body = accepting("4 KiB body, all checks", Remembered::Everything, BODY)?;
    let raw = contest.enter(format!("{id} raw, {length} bytes"), raw::of(scheme, &get)?);
    let raw_body = contest.enter(format!("{id} raw, 4 KiB body"), raw::of(scheme, &post)?);
    let mut refused = Vec::new();
    for fault in Fault::ALL {
        let once = service.refusing(scheme, fault)?;
        refused.push((fault, contest.enter(format!("{id} refused, {fault}"), once)));
    }
    Ok(Entered {
        scheme,
        raw,
        verified,
        accepted,
        raw_body,
        accepted_body,
        refused,
    })
}

fn report(entered: &Entered<'_>, results: &Results) -> Goal {
    let id = entered.scheme.id();
    let raw = entered.raw;
    let line = |handle, base| {
        println!(
            "  {:<48} {:>8.0} ns  {:>6.2}×",
            results.name(handle),
            results.nanoseconds(handle),
            results.ratio(handle, base),
        );
    };
    for handle in [raw, entered.verified, entered.accepted] {
        line(handle, raw);
    }
    for handle in [entered.raw_body, entered.accepted_body] {
        line(handle, entered.raw_body);
    }
    for (_, handle) in &entered.refused {
        line(*handle, raw);
    }
    let ratio = |handle| results.ratio(handle, raw);
    let (with_replay, without) = if id == SchemeId::AUTH_KEY {
        (1.5, Some(1.25))
    } else {
        (1.6, None)
    };
    let name = |handle| results.name(handle);
    let mut goal = Goal::at_most(
        1,
        name(entered.accepted),
        ratio(entered.accepted),
        with_replay,
        "×",
    );
    if let Some(most) = without {
        let figure = ratio(entered.verified);
        goal = goal.and(Goal::at_most(1, name(entered.verified), figure, most, "×"));
    }
    if entered.scheme.body_digest().is_some() {
        let figure = results.ratio(entered.accepted_body, entered.raw_body);
        let body = Goal::at_most(1, name(entered.accepted_body), figure, 1.03, "×");
        goal = goal.and(body);
    }
    let added = results.added(entered.accepted, entered.verified, raw);
    if id == SchemeId::AUTH_KEY {
        goal = goal.and(Goal::at_most(
            6,
            "auth-key, what refusing replays adds",
            added,
            0.4,
            "×",
        ));
    }
    for (fault, handle) in &entered.refused {
        // As much work as a wrong signature, by design.
        if *fault != Fault::UnknownKey {
            let figure = ratio(*handle);
            goal = goal.and(Goal::at_most(3, name(*handle), figure, 0.15, "×"));
        }
    }
    goal
}
