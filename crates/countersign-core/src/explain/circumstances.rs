//! What is wrong with the time and with the key: no MAC is needed to see it.

use http::HeaderMap;

use super::finding::Finding;
use crate::claim::{Claim, Proof};
use crate::head::trim;
use crate::key::{SigningKey, Validity};
use crate::policy::Policy;
use crate::reason::Reason;
use crate::time::Timestamp;
use crate::window::Freshness;

/// Seconds that nobody means: the year 5138. In milliseconds it is March 1973, so every time in
/// milliseconds that is signed today lies beyond it.
const MILLISECONDS: i64 = 100_000_000_000;

/// What is wrong with the time that was signed. Without `now`, only what is wrong at any time.
pub(super) fn of_time(
    claim: &Claim<'_>,
    headers: &HeaderMap,
    policy: &Policy,
    now: Option<Timestamp>,
) -> Vec<Finding> {
    let mut found = Vec::new();
    if let (Some(signed_at), Some(now)) = (claim.time(), now) {
        let age = now.seconds_since(signed_at);
        match policy.window.place(signed_at, now) {
            Freshness::Fresh => {}
            Freshness::Expired => found.push(Finding::TimestampExpired {
                age: age.unsigned_abs(),
            }),
            Freshness::InFuture => found.push(Finding::TimestampInFuture {
                ahead: age.unsigned_abs(),
            }),
        }
        found.extend(of_policy(claim, policy, now));
    }
    if claim
        .time()
        .is_some_and(|time| time.as_unix() >= MILLISECONDS)
    {
        found.push(Finding::LooksLikeMilliseconds);
    }
    if dates_differ(claim.time_text(), headers) {
        found.push(Finding::DatesDiffer);
    }
    found
}

/// Whatever else the pipeline refuses at this point.
fn of_policy(claim: &Claim<'_>, policy: &Policy, now: Timestamp) -> Option<Finding> {
    let refusal = claim.fresh(policy, now).err()?;
    match refusal.reason() {
        Reason::TimestampExpired | Reason::TimestampInFuture => None,
        other => Some(Finding::Refused(other)),
    }
}

/// Whether `Date`, `X-Date` and the signed time, where it is a date, tell different stories.
fn dates_differ(signed: &[u8], headers: &HeaderMap) -> bool {
    let is_date = !signed.iter().all(u8::is_ascii_digit);
    let sent = ["date", "x-date"].map(|name| headers.get(name));
    let mut dates = sent
        .iter()
        .flatten()
        .map(|value| trim(value.as_bytes()))
        .chain(is_date.then_some(signed));
    dates
        .next()
        .is_some_and(|first| dates.any(|date| date != first))
}

/// What is wrong with the key.
pub(super) fn of_key<P>(
    claim: &Claim<'_>,
    key: &SigningKey<P>,
    now: Option<Timestamp>,
) -> Vec<Finding> {
    let mut found = Vec::new();
    if claim.key_id().as_str() != key.id() {
        found.push(Finding::OtherKeyId);
    }
    if !key.allows(claim.scheme()) {
        found.push(Finding::KeyPinnedElsewhere);
    }
    match now.map(|now| key.validity(now)) {
        Some(Validity::NotYet) => found.push(Finding::KeyNotYetValid),
        Some(Validity::Over) => found.push(Finding::KeyExpired),
        Some(Validity::Valid) | None => {}
    }
    let usable = match &claim.proof {
        Proof::Signature {
            signature,
            derivation,
            ..
        } => key.keyed(*derivation, signature.algorithm()).is_some(),
        Proof::Possession => true,
    };
    if !usable {
        found.push(Finding::SecretUnusable);
    }
    found
}
