//! How many requests are answered.
//!
//! Bounded memory: an address or a token is counted in one of 65,536 slots, chosen by a keyed
//! hash of it, so that whoever has millions of addresses fills no more than these. Two callers
//! share a slot by chance only; nobody can choose whose.

use std::hash::{BuildHasher as _, Hash, RandomState};
use std::net::IpAddr;
use std::num::NonZeroU32;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use super::problem::{Code, Problem};
use crate::store::TokenId;

/// The leading bits of an IPv6 address that one customer commonly gets: the rest is at will.
const IPV6_PREFIX: u32 = 64;

/// How many requests are answered, per caller: so many per second, and as many at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RateLimits {
    per_address: Option<NonZeroU32>,
    per_token: Option<NonZeroU32>,
    failures_per_address: Option<NonZeroU32>,
}

impl RateLimits {
    /// All of them.
    pub const fn off() -> Self {
        Self {
            per_address: None,
            per_token: None,
            failures_per_address: None,
        }
    }

    /// Limits that stop a run-away program and nobody else: 5,000 requests per second from one
    /// address and with one token, and 10 failed authentications per second from one address.
    pub const fn generous() -> Self {
        Self {
            per_address: NonZeroU32::new(5_000),
            per_token: NonZeroU32::new(5_000),
            failures_per_address: NonZeroU32::new(10),
        }
    }

    /// Requests per second from one address (IPv6: from one /64); `None`: any number.
    #[must_use]
    pub const fn per_address(mut self, per_second: Option<NonZeroU32>) -> Self {
        self.per_address = per_second;
        self
    }

    /// Requests per second with one token; `None`: any number.
    #[must_use]
    pub const fn per_token(mut self, per_second: Option<NonZeroU32>) -> Self {
        self.per_token = per_second;
        self
    }

    /// Failed authentications per second from one address (IPv6: from one /64); `None`: any
    /// number. A valid token is taken all the same.
    #[must_use]
    pub const fn failures_per_address(mut self, per_second: Option<NonZeroU32>) -> Self {
        self.failures_per_address = per_second;
        self
    }
}

/// Counts requests.
pub(super) struct Limiter {
    addresses: Option<Slots>,
    tokens: Option<Slots>,
    failures: Option<Slots>,
}

impl Limiter {
    pub(super) fn new(limits: RateLimits) -> Self {
        Self {
            addresses: limits.per_address.map(Slots::new),
            tokens: limits.per_token.map(Slots::new),
            failures: limits.failures_per_address.map(Slots::new),
        }
    }

    /// Counts a request; callers whose address is not known count as one.
    pub(super) fn admit_address(&self, address: Option<IpAddr>) -> Result<(), Problem> {
        admit(self.addresses.as_ref(), network_of(address))
    }

    /// Counts a request with a token.
    pub(super) fn admit_token(&self, token: &TokenId) -> Result<(), Problem> {
        admit(self.tokens.as_ref(), token)
    }

    /// Counts a failed authentication.
    pub(super) fn admit_failure(&self, address: Option<IpAddr>) -> Result<(), Problem> {
        admit(self.failures.as_ref(), network_of(address))
    }
}

struct Slots {
    limiter: DefaultKeyedRateLimiter<u16>,
    clock: DefaultClock,
    hasher: RandomState,
}

impl Slots {
    fn new(per_second: NonZeroU32) -> Self {
        Self {
            limiter: RateLimiter::keyed(Quota::per_second(per_second)),
            clock: DefaultClock::default(),
            hasher: RandomState::new(),
        }
    }
}

fn admit(slots: Option<&Slots>, who: impl Hash) -> Result<(), Problem> {
    let Some(slots) = slots else {
        return Ok(());
    };
    let [first, second, ..] = slots.hasher.hash_one(who).to_be_bytes();
    let slot = u16::from_be_bytes([first, second]);
    slots.limiter.check_key(&slot).map_err(|refusal| {
        let wait = refusal.wait_time_from(slots.clock.now()).as_secs();
        Problem::from(Code::RateLimited).retry_after(wait.saturating_add(1))
    })
}

/// The address, or what all addresses of one customer have in common.
pub(super) fn network_of(address: Option<IpAddr>) -> Option<IpAddr> {
    Some(match address? {
        IpAddr::V6(address) => {
            let host_bits = 128_u32.saturating_sub(IPV6_PREFIX);
            let mask = u128::MAX.checked_shl(host_bits).unwrap_or_default();
            IpAddr::V6((address.to_bits() & mask).into())
        }
        v4 @ IpAddr::V4(_) => v4,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limiter(per_second: u32) -> Limiter {
        Limiter::new(RateLimits::off().per_address(NonZeroU32::new(per_second)))
    }

    fn address(text: &str) -> Option<IpAddr> {
        text.parse().ok()
    }

    #[test]
    fn bad_192_the_addresses_of_one_network_count_as_one() {
        let limiter = limiter(1);
        assert!(limiter.admit_address(address("2001:db8::1")).is_ok());
        let refused = limiter.admit_address(address("2001:db8::2")).unwrap_err();
        assert_eq!(refused.code(), Code::RateLimited);
        assert!(limiter.admit_address(address("192.0.2.1")).is_ok());
        assert!(limiter.admit_address(address("192.0.2.1")).is_err());
    }

    #[test]
    fn bad_192_a_million_addresses_take_the_memory_of_65536() {
        let limiter = limiter(1);
        for number in 0..1_000_000_u32 {
            let _ = limiter.admit_address(Some(IpAddr::V4(number.into())));
        }
        let slots = limiter.addresses.unwrap();
        assert!(slots.limiter.len() <= 65_536);
    }

    #[test]
    fn without_limits_everybody_is_answered() {
        let limiter = Limiter::new(RateLimits::off());
        for _ in 0..10_000 {
            assert!(limiter.admit_address(None).is_ok());
            assert!(limiter.admit_failure(None).is_ok());
        }
    }
}
