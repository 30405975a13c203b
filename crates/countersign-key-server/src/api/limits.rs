//! How many requests are answered.

use std::num::NonZeroU32;

/// How many requests are answered, per caller. Each is a sustained rate and as many at once.
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

    /// Limits that stop a run-away program and nobody else: 5,000 requests per second of one
    /// address and of one token, and 10 failed authentications per second of one address.
    pub const fn generous() -> Self {
        Self {
            per_address: NonZeroU32::new(5_000),
            per_token: NonZeroU32::new(5_000),
            failures_per_address: NonZeroU32::new(10),
        }
    }

    /// Requests per second from one address (IPv6: from one /64).
    #[must_use]
    pub const fn per_address(mut self, per_second: Option<NonZeroU32>) -> Self {
        self.per_address = per_second;
        self
    }

    /// Requests per second with one token.
    #[must_use]
    pub const fn per_token(mut self, per_second: Option<NonZeroU32>) -> Self {
        self.per_token = per_second;
        self
    }

    /// Failed authentications per second from one address (IPv6: from one /64).
    #[must_use]
    pub const fn failures_per_address(mut self, per_second: Option<NonZeroU32>) -> Self {
        self.failures_per_address = per_second;
        self
    }
}
