//! Looking up one of a hundred thousand keys.
//!
//! Exits with 0 when every goal is met, 1 when one is missed, 2 when something could not be
//! measured.

use std::process::ExitCode;

use countersign::{CachedLookup, KeyId, KeyLookup};
use countersign_benches::Result;
use countersign_benches::contest::{Contest, Once};
use countersign_benches::goal::{self, Goal};
use countersign_benches::requests::{self, KEYS};
use futures_util::FutureExt as _;

const ROUNDS: usize = 201;

/// A step through the keys that comes by every one of them and by no neighbours.
const STEP: u32 = 61_803;

fn main() -> ExitCode {
    goal::exit("lookup", measure())
}

fn measure() -> Result<Goal> {
    println!("Key lookup: {KEYS} keys, each in turn and so in no cache; median of {ROUNDS} rounds");
    let keys = requests::keys(KEYS)?;
    let cached = CachedLookup::new(requests::keys(KEYS)?).capacity(2 * u64::from(KEYS));
    let mut fill = looking_up(&cached, 1);
    for _ in 0..KEYS {
        if !fill() {
            return Err("a key is not found".into());
        }
    }
    let mut contest = Contest::new();
    let held = contest.enter("StaticKeys", looking_up(&keys, STEP));
    let remembered = contest.enter("CachedLookup, remembered", looking_up(&cached, STEP));
    let busy = contest.enter("StaticKeys, one key", looking_up(&keys, 0));
    let busy_cached = contest.enter("CachedLookup, one key", looking_up(&cached, 0));
    let results = contest.run(ROUNDS)?;
    for handle in [busy, busy_cached] {
        let name = results.name(handle);
        println!("  {name:<30} {:>6.0} ns", results.nanoseconds(handle));
    }
    let goal = |handle| {
        let name = results.name(handle);
        Goal::at_most(7, name, results.nanoseconds(handle), 120.0, " ns")
    };
    Ok(goal(held).and(goal(remembered)))
}

fn looking_up<K: KeyLookup>(keys: &K, step: u32) -> Once<'_> {
    let mut number = 0_u32;
    Box::new(move || {
        number = number.saturating_add(step);
        if number >= KEYS {
            number = number.saturating_sub(KEYS);
        }
        let id = id(number);
        let Some(id) = KeyId::parse(&id) else {
            return false;
        };
        let found = keys.lookup(id).now_or_never();
        matches!(found, Some(Ok(Some(_))))
    })
}

/// As [`requests::id`], without an allocation.
fn id(number: u32) -> [u8; 12] {
    let mut id = *b"key-00000000";
    let mut rest = number;
    for digit in id.iter_mut().skip(4).rev() {
        *digit = u8::try_from(rest % 10)
            .unwrap_or_default()
            .saturating_add(b'0');
        rest /= 10;
    }
    id
}
