//! The layer: what to accept, from whom, and on which conditions.

use std::fmt;
use std::marker::PhantomData;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use countersign_core::{
    BodyPolicy, Clock, ConfigError, DigestStrength, NonceRule, Origin, ReplayCache, ReplayPolicy,
    Scheme, SchemeId, Strength, Timestamp, UrlScheme, Window,
};
use http::{HeaderName, Response};
use tower_layer::Layer;

use crate::rejection::Rejection;
use crate::replay::MokaReplayCache;
use crate::schemes::{Anonymous, AnyScheme};
use crate::service::{Shared, Verify};
use crate::settings::{Answers, Bodies, Enforcement, Preflight, Settings};
use crate::telemetry;

/// Marks a [`VerifyLayer`] of several schemes.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct AnyOf;

/// Verifies requests under Auth-Key: `AuthKeyLayer::new(keys)`.
#[cfg(feature = "auth-key")]
pub type AuthKeyLayer<K, R = MokaReplayCache> = VerifyLayer<K, R, countersign_core::AuthKey>;

/// Verifies requests under HMAC-Auth with SHA-1: `HmacAuthLayer::new(keys)`; the better variant is
/// `HmacAuthLayer::of(HmacAuth::sha256(), keys)`.
#[cfg(feature = "hmac-auth")]
pub type HmacAuthLayer<K, R = MokaReplayCache> = VerifyLayer<K, R, countersign_core::HmacAuth>;

/// Verifies requests under Moxie HMACDigest: `MoxieLayer::new(keys)`.
#[cfg(feature = "moxie")]
pub type MoxieLayer<K, R = MokaReplayCache> = VerifyLayer<K, R, countersign_core::Moxie>;

/// Verifies requests under OAuth MAC in the yar profile: `MacLayer::new(keys)`.
#[cfg(feature = "mac")]
pub type MacLayer<K, R = MokaReplayCache> = VerifyLayer<K, R, countersign_core::Mac>;

#[doc = include_str!("layer.md")]
#[must_use]
pub struct VerifyLayer<K, R = MokaReplayCache, S = AnyOf> {
    settings: Settings,
    keys: Arc<K>,
    replay: R,
    built: Arc<OnceLock<Arc<Shared<K, R>>>>,
    scheme: PhantomData<fn() -> S>,
}

impl<K, S: Scheme + Default> VerifyLayer<K, MokaReplayCache, S> {
    /// Verifies requests under the scheme in its default form, with a replay cache in process.
    pub fn new(keys: K) -> Self {
        Self::of(S::default(), keys)
    }
}

impl<K, S: Scheme> VerifyLayer<K, MokaReplayCache, S> {
    /// Verifies requests under `scheme`, with a replay cache in process.
    pub fn of(scheme: S, keys: K) -> Self {
        Self::assemble(vec![scheme.into()], keys)
    }
}

impl<K> VerifyLayer<K, MokaReplayCache, AnyOf> {
    /// Verifies requests under any one of `schemes`, with a replay cache in process.
    ///
    /// A request with credentials of two kinds is refused as ambiguous.
    ///
    /// ```
    /// use countersign::{AuthKey, HmacAuth, SigningKey, StaticKeys, VerifyLayer};
    ///
    /// let key = SigningKey::new("example-id", "a secret of enough bytes", "dave@example.com")?;
    /// let schemes = [AuthKey::default().into(), HmacAuth::sha256().into()];
    /// let layer = VerifyLayer::any(schemes, StaticKeys::new([key]));
    /// # layer.check()?;
    /// # Ok::<(), countersign::ConfigError>(())
    /// ```
    pub fn any(schemes: impl IntoIterator<Item = AnyScheme>, keys: K) -> Self {
        Self::assemble(schemes.into_iter().collect(), keys)
    }
}

impl<K, S> VerifyLayer<K, MokaReplayCache, S> {
    fn assemble(schemes: Vec<AnyScheme>, keys: K) -> Self {
        Self {
            settings: Settings::new(schemes),
            keys: Arc::new(keys),
            replay: MokaReplayCache::new(),
            built: Arc::default(),
            scheme: PhantomData,
        }
    }
}

impl<K, R, S> VerifyLayer<K, R, S> {
    fn set(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(&mut self.settings);
        // What other clones have built holds the old settings.
        self.built = Arc::default();
        self
    }

    /// Accepts times inside `window` under every scheme. Without it each scheme has its own:
    /// 300 s past and 60 s future, MAC 30 s and 5 s.
    pub fn window(self, window: Window) -> Self {
        self.set(|settings| settings.window = Some(window))
    }

    /// Remembers accepted requests in `replay` instead of in a cache of its own.
    pub fn replay<R2: ReplayCache>(self, replay: R2) -> VerifyLayer<K, R2, S> {
        VerifyLayer {
            settings: self.settings,
            keys: self.keys,
            replay,
            built: Arc::default(),
            scheme: PhantomData,
        }
    }

    /// Which requests without a nonce of their own are remembered; those with an unsafe method
    /// unless set.
    pub fn replay_policy(self, policy: ReplayPolicy) -> Self {
        self.set(|settings| settings.policy.replay = policy)
    }

    /// Refuses requests without a nonce of their own.
    pub fn require_nonce(self) -> Self {
        self.set(|settings| settings.policy.nonce = NonceRule::Required)
    }

    /// Verifies at most `bytes` of a body, 1 MiB unless set; a larger one is answered 413 without
    /// being read further.
    pub fn max_body(self, bytes: u64) -> Self {
        self.set(|settings| settings.max_body = bytes)
    }

    /// What happens to bodies that the signature does not cover.
    pub fn body_policy(self, policy: BodyPolicy) -> Self {
        self.set(|settings| settings.policy.body = policy)
    }

    /// Refuses bodies that only a weaker digest covers.
    pub fn min_digest(self, digest: DigestStrength) -> Self {
        self.set(|settings| settings.policy.min_digest = digest)
    }

    /// Gives a buffered body `deadline` to arrive, 30 s unless set. It needs tokio's timer.
    pub fn body_deadline(self, deadline: Duration) -> Self {
        self.set(|settings| settings.body_deadline = Some(deadline))
    }

    /// Lets a body take any time: for runtimes without tokio's timer, or when a timeout layer
    /// outside this one limits the whole request.
    pub fn without_body_deadline(self) -> Self {
        self.set(|settings| settings.body_deadline = None)
    }

    /// Hands bodies to the service while they are being verified.
    ///
    /// One frame is held back, so that no reader sees the end of a body that does not match: the
    /// stream ends in an error instead, whose source is a [`Rejection`]. What the service did with
    /// the part before it must be undone. The nonce is claimed before the service is called. The
    /// deadline does not apply.
    pub fn stream_bodies(self) -> Self {
        self.set(|settings| settings.bodies = Bodies::Streamed)
    }

    /// Lets requests without credentials pass, without a [`Verified`](crate::Verified) caller.
    /// Requests with bad ones are refused all the same.
    pub fn optional(self) -> Self {
        self.set(|settings| settings.anonymous = Anonymous::Allowed)
    }

    /// Refuses nothing: a request that should be refused reaches the service without a caller,
    /// and the [`Outcome`](crate::Outcome), events and metrics say what would have happened.
    /// Bodies are then buffered up to [`max_body`](VerifyLayer::max_body), also under
    /// [`stream_bodies`](VerifyLayer::stream_bodies): a stream that ends in an error would not
    /// merely report.
    pub fn report_only(self) -> Self {
        self.set(|settings| settings.enforcement = Enforcement::ReportOnly)
    }

    /// Lets CORS preflights pass: exactly `OPTIONS` with `Origin` and
    /// `Access-Control-Request-Method`.
    pub fn allow_preflight(self) -> Self {
        self.set(|settings| settings.preflight = Preflight::Allowed)
    }

    /// The realm named in challenges; `api` unless set.
    pub fn realm(self, realm: impl Into<Box<str>>) -> Self {
        let realm = realm.into();
        self.set(|settings| settings.realm = realm)
    }

    /// The URL under which clients reach the service, such as `https://api.example.org`: what
    /// schemes that sign a host or a URL are verified against, whatever `Host` says.
    ///
    /// # Errors
    /// When `url` is not a bare origin.
    pub fn public_base_url(self, url: &str) -> Result<Self, ConfigError> {
        let origin = Origin::public_base_url(url)?;
        Ok(self.set(|settings| settings.origin = origin))
    }

    /// The URL scheme clients see, when no public base URL is set; plain HTTP unless set.
    pub fn served_over(self, scheme: UrlScheme) -> Self {
        self.set(|settings| settings.origin = Origin::served_over(scheme))
    }

    /// Refuses weaker schemes: when the layer is built if a scheme can never be strong enough,
    /// else request by request.
    pub fn min_strength(self, strength: Strength) -> Self {
        self.set(|settings| settings.policy.min_strength = strength)
    }

    /// Accepts `scheme` up to and including `until` and refuses it afterwards. Until then the
    /// answers to its requests carry `Deprecation` (RFC 9745) and `Sunset` (RFC 8594), and a
    /// metric and an event count who still uses it.
    pub fn sunset(self, scheme: SchemeId, until: impl Into<Timestamp>) -> Self {
        let until = until.into();
        self.set(|settings| settings.sunsets.push((scheme, until)))
    }

    /// Writes the answers to refused requests with `respond` instead of as problem+json.
    ///
    /// Start from [`Rejection::to_response`]. Status, `WWW-Authenticate`, `Cache-Control` and
    /// `Retry-After` are set afterwards, as no answer may go without them.
    pub fn respond_with(
        self,
        respond: impl Fn(&Rejection) -> Response<Bytes> + Send + Sync + 'static,
    ) -> Self {
        self.set(|settings| settings.answers = Answers::Custom(Arc::new(respond)))
    }

    /// Answers refused gRPC requests as gRPC clients expect it (status 200, `grpc-status`), and
    /// others as usual.
    #[cfg(feature = "grpc")]
    pub fn grpc_answers(self) -> Self {
        self.set(|settings| settings.answers = Answers::Grpc)
    }

    /// Takes `name` off every request, on every path: for the header by which the service
    /// behind learns who is calling. [`STRIPPED`](crate::STRIPPED) always go.
    pub fn strip_header(self, name: HeaderName) -> Self {
        self.set(|settings| settings.stripped.push(name))
    }

    /// Takes the time from `clock`. A replay cache in process counts its restart guard from it
    /// too.
    pub fn clock(self, clock: impl Clock) -> Self {
        self.set(|settings| settings.clock = Arc::new(clock))
    }

    /// Whether the layer can be built.
    ///
    /// # Errors
    /// What is wrong with the settings, and what to do about it.
    pub fn check(&self) -> Result<(), ConfigError> {
        self.settings.check()
    }
}

impl<K, R: ReplayCache + Clone, S> VerifyLayer<K, R, S> {
    fn build(&self) -> Arc<Shared<K, R>> {
        let shared = self.built.get_or_init(|| {
            let mut settings = self.settings.clone();
            telemetry::warn_of_weak_schemes(&settings.schemes);
            let now = settings.clock.now();
            settings.built = Some(now);
            for AnyScheme(scheme) in &settings.schemes {
                self.replay.prepare(settings.window_of(&**scheme), now);
            }
            let keys = telemetry::Timed(Arc::clone(&self.keys));
            let replay = self.replay.clone();
            Arc::new(Shared {
                settings,
                keys,
                replay,
            })
        });
        Arc::clone(shared)
    }
}

impl<T, K, R: ReplayCache + Clone, S> Layer<T> for VerifyLayer<K, R, S> {
    type Service = Verify<T, K, R>;

    /// # Panics
    /// When the settings cannot be used, with what [`check`](VerifyLayer::check) says: while the
    /// service is being put together, never while it serves.
    #[allow(clippy::panic)]
    fn layer(&self, inner: T) -> Self::Service {
        if let Err(error) = self.check() {
            panic!("VerifyLayer: {error}");
        }
        Verify::new(inner, self.build())
    }
}

impl<K, R: Clone, S> Clone for VerifyLayer<K, R, S> {
    fn clone(&self) -> Self {
        Self {
            settings: self.settings.clone(),
            keys: Arc::clone(&self.keys),
            replay: self.replay.clone(),
            built: Arc::clone(&self.built),
            scheme: PhantomData,
        }
    }
}

impl<K, R, S> fmt::Debug for VerifyLayer<K, R, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyLayer")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
