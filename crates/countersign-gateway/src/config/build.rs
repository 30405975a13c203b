//! From settings to what runs: everything that can be wrong is found here, before anything
//! listens.

use std::sync::Arc;
use std::time::Duration;

use countersign::{
    BodyPolicy, Clock, ConfigError, DynKeyLookup, DynReplayCache, KeysFile, ReplayPolicy, Scheme,
    SchemeId, UrlScheme, VerifyLayer,
};
use http::header::AUTHORIZATION;
use http::uri::Authority;
use http::{HeaderName, Uri};

use super::parse;
use super::schemes::{self, Common, Configured};
use super::{Admission, GatewayConfig, Keys, ModeSetting};
use crate::error::GatewayError;
use crate::forward_auth::Convention;
use crate::identity::Identity;
use crate::trust::Trusted;

/// How often the key file is looked at: a new key works within two seconds, and a look costs one
/// `stat`.
const KEYS_EVERY: Duration = Duration::from_secs(1);

/// A layer with the sources of keys and the store of nonces erased.
pub(crate) type GatewayLayer = VerifyLayer<Arc<dyn DynKeyLookup<String>>, Arc<dyn DynReplayCache>>;

/// Who answers verified requests.
#[derive(Clone, Debug)]
pub(crate) enum Mode {
    Proxy(Upstream),
    ForwardAuth(Convention),
}

/// The service behind the proxy.
#[derive(Clone, Debug)]
pub(crate) struct Upstream {
    pub(crate) authority: Authority,
    pub(crate) timeout: Duration,
}

/// What has been found in order.
pub(crate) struct Plan {
    pub(crate) mode: Mode,
    pub(crate) checking: Checking,
    pub(crate) trusted: Trusted,
    pub(crate) identity: Identity,
}

/// When bodies are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    /// Before or while the request is passed on, as the settings say.
    AsConfigured,
    /// Before the answer.
    #[cfg_attr(not(feature = "ext-authz"), allow(dead_code))]
    Whole,
    /// Not here: it stays with somebody else.
    Never,
}

/// How requests are verified.
#[derive(Clone)]
pub(crate) struct Checking {
    schemes: Vec<Configured>,
    keys: Arc<dyn DynKeyLookup<String>>,
    replay: Arc<dyn DynReplayCache>,
    replay_policy: ReplayPolicy,
    max_body: u64,
    body_policy: BodyPolicy,
    stream_bodies: bool,
    public_base_url: Option<String>,
    realm: Option<String>,
    admission: Admission,
    allow_preflight: bool,
    clock: Arc<dyn Clock>,
}

impl Checking {
    /// A layer for requests that clients send over `over`.
    pub(crate) fn layer(
        &self,
        over: UrlScheme,
        reading: Reading,
    ) -> Result<GatewayLayer, ConfigError> {
        let unseen = reading == Reading::Never && self.body_policy != BodyPolicy::AllowUnsigned;
        let schemes = self.schemes.iter().map(|scheme| {
            if unseen {
                scheme.without_bodies()
            } else {
                scheme.clone()
            }
        });
        let layer = self.with_schemes(schemes, over)?;
        Ok(match reading {
            Reading::AsConfigured if self.stream_bodies => {
                layer.max_body(self.max_body).stream_bodies()
            }
            Reading::AsConfigured | Reading::Whole => layer.max_body(self.max_body),
            Reading::Never => layer.max_body(u64::MAX).stream_bodies(),
        })
    }

    /// The most bytes of a body that are verified.
    #[cfg(feature = "ext-authz")]
    pub(crate) const fn max_body(&self) -> u64 {
        self.max_body
    }

    /// The schemes that do not sign bodies, and so lose nothing when none is seen.
    pub(crate) fn indifferent_to_bodies(&self) -> Vec<SchemeId> {
        let indifferent = self
            .schemes
            .iter()
            .filter(|scheme| scheme.body_digest().is_none());
        indifferent.map(Scheme::id).collect()
    }

    /// The headers that carry the credentials.
    pub(crate) fn credential_headers(&self) -> Vec<HeaderName> {
        let headers = self.schemes.iter().map(Scheme::credential_header);
        headers.cloned().collect()
    }

    fn with_schemes(
        &self,
        schemes: impl Iterator<Item = Configured>,
        over: UrlScheme,
    ) -> Result<GatewayLayer, ConfigError> {
        let mut layer = VerifyLayer::any(schemes.map(Into::into), Arc::clone(&self.keys))
            .replay(Arc::clone(&self.replay))
            .replay_policy(self.replay_policy)
            .body_policy(self.body_policy)
            .served_over(over)
            .clock(Arc::clone(&self.clock));
        if let Some(url) = &self.public_base_url {
            layer = layer.public_base_url(url)?;
        }
        if let Some(realm) = &self.realm {
            layer = layer.realm(realm.as_str());
        }
        layer = match self.admission {
            Admission::Verified => layer,
            Admission::Optional => layer.optional(),
            Admission::ReportOnly => layer.report_only(),
        };
        if self.allow_preflight {
            layer = layer.allow_preflight();
        }
        layer.check()?;
        Ok(layer)
    }
}

impl GatewayConfig {
    /// Checks every setting, opens the keys and connects to a shared replay store. Needs a tokio
    /// runtime, for watching the key file.
    pub(crate) async fn plan(&self) -> Result<Plan, GatewayError> {
        let common = Common {
            base_path: self.base_path.as_deref(),
            past: self.window_past,
            future: self.window_future,
        };
        let schemes = schemes::all(&self.schemes, &common)?;
        let mode = self.mode()?;
        let trusted = match mode {
            Mode::Proxy(_) => self.trusted()?,
            Mode::ForwardAuth(_) => self.trusted_to_ask()?,
        };
        let identity = self.identity()?;
        if self.max_connections == 0 {
            let fix = "use at least 1; 4096 is the default";
            return Err(ConfigError::new("max-connections", "0", fix).into());
        }
        if self.max_in_flight == 0 {
            let fix = "use at least 1; 1024 is the default";
            return Err(ConfigError::new("max-in-flight", "0", fix).into());
        }
        let keys = self.open_keys()?;
        let replay = self.replay.open(&self.clock).await?;
        let replay_policy = if self.replay.is_off() {
            ReplayPolicy::Off
        } else {
            self.replay_policy
        };
        let checking = Checking {
            schemes,
            keys,
            replay,
            replay_policy,
            max_body: self.max_body,
            body_policy: self.body_policy,
            stream_bodies: self.stream_bodies,
            public_base_url: self.public_base_url.clone(),
            realm: self.realm.clone(),
            admission: self.admission,
            allow_preflight: self.allow_preflight,
            clock: Arc::clone(&self.clock),
        };
        Ok(Plan {
            mode,
            checking,
            trusted,
            identity,
        })
    }

    fn mode(&self) -> Result<Mode, ConfigError> {
        let ModeSetting::Proxy(url) = &self.mode else {
            return Ok(Mode::ForwardAuth(self.convention));
        };
        let unusable = || {
            ConfigError::new(
                "upstream",
                url.clone(),
                "give http, host and port only, as in http://127.0.0.1:8080; the request's path \
                 is passed on as it is",
            )
        };
        let uri: Uri = url.parse().map_err(|_| unusable())?;
        let bare = uri.scheme_str() == Some("http")
            && matches!(uri.path(), "" | "/")
            && uri.query().is_none();
        let authority = uri.authority().filter(|authority| {
            bare && countersign::Authority::parse(authority.as_str()).is_some()
        });
        if self.upstream_timeout.is_zero() {
            let fix = "use at least 1s; 60s is the default";
            return Err(ConfigError::new("upstream-timeout", "0s", fix));
        }
        Ok(Mode::Proxy(Upstream {
            authority: authority.cloned().ok_or_else(unusable)?,
            timeout: self.upstream_timeout,
        }))
    }

    /// Who may ask about requests of others.
    pub(crate) fn trusted_to_ask(&self) -> Result<Trusted, ConfigError> {
        if self.trusted_proxies.is_empty() {
            return Ok(Trusted::loopback());
        }
        self.trusted()
    }

    fn trusted(&self) -> Result<Trusted, ConfigError> {
        let networks = self
            .trusted_proxies
            .iter()
            .map(|text| parse::trusted_proxy(text));
        Ok(Trusted::new(networks.collect::<Result<_, _>>()?))
    }

    fn identity(&self) -> Result<Identity, ConfigError> {
        let Some(word) = &self.forward_authorization else {
            return Ok(Identity::new(None));
        };
        let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if word.is_empty() || !word.bytes().all(token) {
            return Err(ConfigError::new(
                "forward-authorization",
                word.clone(),
                format!("use one word, as YAR for \"{AUTHORIZATION}: YAR <principal>\""),
            ));
        }
        Ok(Identity::new(Some(word)))
    }

    fn open_keys(&self) -> Result<Arc<dyn DynKeyLookup<String>>, GatewayError> {
        match &self.keys {
            Keys::Lookup(keys) => Ok(Arc::clone(keys)),
            Keys::File(path) => {
                let keys = KeysFile::open(path)?.watch(KEYS_EVERY);
                Ok(Arc::new(keys))
            }
            Keys::Missing => {
                let fix = "give a key file, or a key server";
                Err(ConfigError::new("keys", "none", fix).into())
            }
        }
    }
}
