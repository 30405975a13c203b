//! The layer: under which scheme to sign, with which key, and for whom.

use std::fmt;
use std::sync::Arc;

use countersign_core::{Clock, ConfigError, UrlScheme};
use tower_layer::Layer;

use super::authority::{AllowList, OtherHost};
use super::service::Sign;
use super::settings::Settings;
use super::skew::Trust;
use super::source::IntoCredentials;
use crate::schemes::AnyScheme;

#[doc = include_str!("layer.md")]
#[must_use]
pub struct SignLayer<C> {
    settings: Settings,
    credentials: Arc<C>,
}

impl<C> SignLayer<C> {
    /// Signs under `scheme` with `credentials`: a [`SigningKey`](crate::SigningKey) or any
    /// [`CredentialSource`](super::CredentialSource).
    pub fn new(
        scheme: impl Into<AnyScheme>,
        credentials: impl IntoCredentials<Source = C>,
    ) -> Self {
        Self {
            settings: Settings::new(scheme.into()),
            credentials: Arc::new(credentials.into_credentials()),
        }
    }

    fn set(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(&mut self.settings);
        self
    }

    /// Signs for these hosts only, such as `https://api.example.org`, `api.example.org` (over
    /// TLS or not) or `10.0.0.1:8080`. Requests to others are passed on unsigned, without what
    /// they may carry of the scheme's headers.
    ///
    /// Name them wherever redirects are followed: a signature for somebody else can be sent on by
    /// that somebody, as most schemes do not sign the host.
    ///
    /// # Errors
    /// When one of them is no host and port, or there is none.
    pub fn for_authorities<T: AsRef<str>>(
        self,
        authorities: impl IntoIterator<Item = T>,
    ) -> Result<Self, ConfigError> {
        let list = AllowList::new(authorities)?;
        Ok(self.set(|settings| settings.authorities = Some(list)))
    }

    /// Accepts requests whose `Host` header names another host than their target, and signs that
    /// of the header: for HTTP/1.1 clients that connect to an address under another name. Without
    /// it such a request is an error.
    pub fn allow_other_host(self) -> Self {
        self.set(|settings| settings.other_host = OtherHost::Allowed)
    }

    /// The URL scheme of requests whose target names none, as those of a client that is one
    /// connection; plain HTTP unless set.
    pub fn served_over(self, scheme: UrlScheme) -> Self {
        self.set(|settings| settings.url_scheme = scheme)
    }

    /// Reads at most `bytes` of a body into memory to hash it, 1 MiB unless set. A larger one is
    /// an error unless its [`BodyDigest`](crate::BodyDigest) is among the request's extensions.
    pub fn max_buffered_body(self, bytes: u64) -> Self {
        self.set(|settings| settings.max_buffered_body = bytes)
    }

    /// Follows the clock of a service that refuses the time of a request, up to 48 hours from
    /// this machine's, and sends that request once more, if its body is in memory.
    ///
    /// Only the answer of the service that was called counts, for itself alone, and only over TLS
    /// or on the loopback: whoever can write that answer can have requests signed for a time to
    /// come, keep them, and send them then. Do not put it around a client that follows redirects
    /// itself.
    pub fn adjust_clock(self) -> Self {
        self.set(|settings| settings.trust = Trust::Private)
    }

    /// As [`adjust_clock`](SignLayer::adjust_clock), over plain HTTP too: for networks in which
    /// nobody can answer in the place of another.
    pub fn adjust_clock_over_any_transport(self) -> Self {
        self.set(|settings| settings.trust = Trust::Anybody)
    }

    /// Takes the time from `clock`.
    pub fn clock(self, clock: impl Clock) -> Self {
        self.set(|settings| settings.clock = Arc::new(clock))
    }
}

impl<T, C> Layer<T> for SignLayer<C> {
    type Service = Sign<T, C>;

    fn layer(&self, inner: T) -> Self::Service {
        Sign::new(inner, self.settings.clone(), Arc::clone(&self.credentials))
    }
}

impl<C> Clone for SignLayer<C> {
    fn clone(&self) -> Self {
        Self {
            settings: self.settings.clone(),
            credentials: Arc::clone(&self.credentials),
        }
    }
}

impl<C> fmt::Debug for SignLayer<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignLayer")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
