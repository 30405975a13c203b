//! Every order in which threads can meet, tried by loom.
//!
//! The modules of the replay cache and of the cached lookup are compiled here once more, from the
//! very same files, over loom's locks and atomics: the product reaches the standard library's
//! through a module `sync` of its own, in whose place stands another here. So the product has no
//! `cfg` for it, and the tests run with all others, without a build of the whole tree of their own.
//!
//! loom rather than a random scheduler: the replay cache is exact by an argument about memory order
//! (a rising floor and two fences), and only loom follows what a weak memory may do.
//!
//! What is not tried: moka itself, for which a locked map stands in, and tokio's clock.

// The product's modules bring their own tests, which are not for loom.
#![cfg(not(test))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::missing_panics_doc, clippy::arithmetic_side_effects)]
#![allow(dead_code, unreachable_pub, unexpected_cfgs)] // the product's modules have more than is used

mod keys;
mod replay;

pub use self::keys::scenarios as lookups;
pub use self::replay::scenarios as claims;

/// Runs `scenario` in every order of its threads that has at most so many preemptions. Two find
/// nearly every bug that is known to depend on order; each more multiplies the time by a hundred.
/// Futures have one: each of their wakers is counted by loom, too.
fn every_order(preemptions: usize, scenario: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.max_branches = 50_000;
    builder.check(scenario);
}
