//! What a layer was told, checked once when it is built.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use countersign_core::{
    BodyPolicy, Clock, ConfigError, DigestStrength, NonceRule, Origin, Policy, Scheme, SchemeId,
    Timestamp, Window,
};
use http::{HeaderName, Response};

use crate::rejection::Rejection;
use crate::schemes::{self, Anonymous, AnyScheme, Sunset};

/// The most of a body that is verified unless another limit is set. Buffered bodies take this
/// much memory per request in flight.
pub(crate) const DEFAULT_MAX_BODY: u64 = 1024 * 1024;

/// How long a body may take to arrive unless another deadline is set: 1 MiB at 35 kB/s.
pub(crate) const DEFAULT_BODY_DEADLINE: Duration = Duration::from_secs(30);

/// The realm named in challenges unless another is set.
pub(crate) const DEFAULT_REALM: &str = "api";

pub(crate) type Responder = Arc<dyn Fn(&Rejection) -> Response<Bytes> + Send + Sync>;

/// What happens to a request that should be refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Enforcement {
    Refuse,
    ReportOnly,
}

/// When the service gets to see a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bodies {
    /// After all of it was verified.
    Buffered,
    /// While it is being verified.
    Streamed,
}

/// Whether CORS preflights pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Preflight {
    Verified,
    Allowed,
}

/// How refusals are written.
#[derive(Clone)]
pub(crate) enum Answers {
    Problem,
    Custom(Responder),
    #[cfg(feature = "grpc")]
    Grpc,
}

#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) schemes: Vec<AnyScheme>,
    pub(crate) window: Option<Window>,
    /// The window in it is replaced by that of the scheme at hand.
    pub(crate) policy: Policy,
    pub(crate) max_body: u64,
    pub(crate) body_deadline: Option<Duration>,
    pub(crate) bodies: Bodies,
    pub(crate) anonymous: Anonymous,
    pub(crate) enforcement: Enforcement,
    pub(crate) preflight: Preflight,
    pub(crate) realm: Box<str>,
    pub(crate) origin: Origin,
    pub(crate) answers: Answers,
    /// Until when a scheme is accepted.
    pub(crate) sunsets: Vec<(SchemeId, Timestamp)>,
    /// When the layer was built: since then it announces them.
    pub(crate) built: Option<Timestamp>,
    pub(crate) stripped: Vec<HeaderName>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Settings {
    pub(crate) fn new(schemes: Vec<AnyScheme>) -> Self {
        Self {
            schemes,
            window: None,
            policy: Policy::default(),
            max_body: DEFAULT_MAX_BODY,
            body_deadline: Some(DEFAULT_BODY_DEADLINE),
            bodies: Bodies::Buffered,
            anonymous: Anonymous::Refused,
            enforcement: Enforcement::Refuse,
            preflight: Preflight::Verified,
            realm: DEFAULT_REALM.into(),
            origin: Origin::default(),
            answers: Answers::Problem,
            sunsets: Vec::new(),
            built: None,
            stripped: Vec::new(),
            clock: Arc::new(countersign_core::SystemClock),
        }
    }

    /// The window for `scheme`: the one set, or else the scheme's own.
    pub(crate) fn window_of(&self, scheme: &dyn Scheme) -> Window {
        self.window.unwrap_or_else(|| scheme.default_window())
    }

    pub(crate) fn policy_of(&self, scheme: &dyn Scheme) -> Policy {
        Policy {
            window: self.window_of(scheme),
            ..self.policy
        }
    }

    pub(crate) fn sunset_of(&self, scheme: SchemeId) -> Option<Sunset> {
        let (_, until) = *self.sunsets.iter().find(|(id, _)| *id == scheme)?;
        let since = self.built.map_or(until, |built| built.min(until));
        Some(Sunset { since, until })
    }

    /// What is wrong with the settings as a whole.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        if self.schemes.is_empty() {
            return Err(ConfigError::new(
                "schemes",
                "none",
                "give at least one scheme",
            ));
        }
        if let Some((one, other)) = schemes::indistinguishable(&self.schemes) {
            return Err(ConfigError::new(
                "schemes",
                format!("{one} and {other}"),
                "no request could tell them apart; keep one, or give them different headers",
            ));
        }
        for AnyScheme(scheme) in &self.schemes {
            self.check_scheme(&**scheme)?;
        }
        let names = || {
            self.schemes
                .iter()
                .map(|AnyScheme(scheme)| scheme.id().name())
        };
        if let Some((id, _)) = self
            .sunsets
            .iter()
            .find(|(id, _)| !names().any(|n| n == id.name()))
        {
            return Err(ConfigError::new(
                "sunset",
                id.name(),
                format!(
                    "name a scheme of this layer: {}",
                    names().collect::<Vec<_>>().join(", ")
                ),
            ));
        }
        let mut seen = Vec::new();
        for (id, _) in &self.sunsets {
            if seen.contains(id) {
                return Err(ConfigError::new(
                    "sunset",
                    id.name(),
                    "give each scheme one last day; this one has two",
                ));
            }
            seen.push(*id);
        }
        if self.body_deadline == Some(Duration::ZERO) {
            return Err(ConfigError::new(
                "body_deadline",
                "0s",
                "use at least 1s, or without_body_deadline() if another layer limits the time",
            ));
        }
        Ok(())
    }

    fn check_scheme(&self, scheme: &dyn Scheme) -> Result<(), ConfigError> {
        let (id, policy) = (scheme.id(), &self.policy);
        if policy.nonce == NonceRule::Required && !scheme.has_nonce() {
            return Err(ConfigError::new(
                format!("require_nonce with the scheme {id}"),
                "required",
                format!(
                    "{id} has no nonce, so every request would be refused; leave one of the two out"
                ),
            ));
        }
        if self.stripped.contains(scheme.credential_header()) {
            return Err(ConfigError::new(
                "strip_header",
                scheme.credential_header().as_str().to_owned(),
                format!("{id} has its credentials there; strip another header"),
            ));
        }
        if scheme.strength() < policy.min_strength {
            return Err(ConfigError::new(
                format!("min_strength with the scheme {id}"),
                policy.min_strength.name(),
                format!(
                    "{id} reaches {} only; leave it out (hmac-auth has the variant \
                     HmacAuth::sha256()), or lower min_strength",
                    scheme.strength().name(),
                ),
            ));
        }
        let unreachable = scheme
            .body_digest()
            .is_some_and(|best| best < policy.min_digest);
        if unreachable && policy.body != BodyPolicy::AllowUnsigned {
            return Err(ConfigError::new(
                format!("min_digest with the scheme {id}"),
                match policy.min_digest {
                    DigestStrength::Md5 => "md5",
                    DigestStrength::Sha1 => "sha1",
                    DigestStrength::Sha256 => "sha256",
                },
                format!("{id} has no such digest; use Auth-Key, or lower min_digest"),
            ));
        }
        Ok(())
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("schemes", &self.schemes)
            .field("window", &self.window)
            .field("policy", &self.policy)
            .field("max_body", &self.max_body)
            .field("bodies", &self.bodies)
            .field("anonymous", &self.anonymous)
            .field("enforcement", &self.enforcement)
            .finish_non_exhaustive()
    }
}
