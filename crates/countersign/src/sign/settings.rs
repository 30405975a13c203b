//! What a layer was told.

use std::fmt;
use std::sync::Arc;

use countersign_core::{Clock, SystemClock, Timestamp, UrlScheme};

use super::authority::{AllowList, Destination, OtherHost};
use super::body::Buffering;
use super::skew::{Offsets, Trust};
use crate::schemes::AnyScheme;

/// The most of a body that is read into memory to be hashed, unless another limit is set: what a
/// layer on the other side verifies unless told otherwise.
pub(super) const DEFAULT_MAX_BUFFERED_BODY: u64 = crate::settings::DEFAULT_MAX_BODY;

#[derive(Clone)]
pub(super) struct Settings {
    pub(super) scheme: AnyScheme,
    pub(super) authorities: Option<AllowList>,
    pub(super) other_host: OtherHost,
    pub(super) url_scheme: UrlScheme,
    pub(super) max_buffered_body: u64,
    pub(super) trust: Trust,
    pub(super) offsets: Arc<Offsets>,
    pub(super) clock: Arc<dyn Clock>,
}

impl Settings {
    pub(super) fn new(scheme: AnyScheme) -> Self {
        Self {
            scheme,
            authorities: None,
            other_host: OtherHost::Refused,
            url_scheme: UrlScheme::Http,
            max_buffered_body: DEFAULT_MAX_BUFFERED_BODY,
            trust: Trust::Nobody,
            offsets: Arc::default(),
            clock: Arc::new(SystemClock),
        }
    }

    pub(super) fn signs_for(&self, destination: &Destination) -> bool {
        let listed = |list: &AllowList| list.includes(destination);
        self.authorities.as_ref().is_none_or(listed)
    }

    /// The time at `destination`, as far as it is known.
    pub(super) fn now_at(&self, destination: &Destination) -> Timestamp {
        let now = self.clock.now();
        match self.trust {
            Trust::Nobody => now,
            Trust::Private | Trust::Anybody => now.plus(self.offsets.of(destination)),
        }
    }

    pub(super) fn buffering(&self) -> Buffering {
        match (self.scheme.0.body_digest(), self.trust) {
            (Some(_), _) => Buffering::ToHash,
            (None, Trust::Nobody) => Buffering::Never,
            (None, Trust::Private | Trust::Anybody) => Buffering::ToRepeat,
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("scheme", &self.scheme)
            .field("authorities", &self.authorities)
            .field("max_buffered_body", &self.max_buffered_body)
            .field("trust", &self.trust)
            .finish_non_exhaustive()
    }
}
