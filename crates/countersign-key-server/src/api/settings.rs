//! How the API is served.

use std::error::Error;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use super::RateLimits;
use crate::audit::AuditLog;

/// Where the key server listens unless told otherwise: the port of the original.
const DEFAULT_LISTENER: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8070);

/// Writes the metrics as text.
pub(super) type RenderMetrics = Arc<dyn Fn() -> String + Send + Sync>;

/// How the API is served. Built by value.
#[derive(Clone)]
pub struct ApiSettings {
    pub(super) listener: SocketAddr,
    pub(super) transport: Transport,
    pub(super) access: Access,
    pub(super) public_url: Option<PublicUrl>,
    pub(super) audit: AuditLog,
    pub(super) rate_limits: RateLimits,
    pub(super) metrics: Option<RenderMetrics>,
    pub(super) client_address: ClientAddress,
    pub(super) agent_api: AgentApi,
    /// The hosts, with their ports, that agents may sign over; any that is the server's if empty.
    pub(super) agent_hosts: Vec<String>,
}

/// Where the address of a caller is taken from, by which requests and wrong signatures are counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClientAddress {
    /// From the connection.
    #[default]
    OfConnection,
    /// From the end of `X-Forwarded-For`, to which the proxy in front appends it; from the
    /// connection where there is none. Only for a server that nobody but the proxy reaches: others
    /// could write anything there.
    LastForwardedFor,
}

/// Whether the agent API is served.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AgentApi {
    /// It is, if this library has the feature `agent`.
    #[default]
    On,
    /// Its paths lead nowhere.
    Off,
}

/// Who may call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Access {
    /// Everybody who reaches a loopback listener, as long as no token was ever created; on any
    /// other listener, and from the first token on, only holders of a token.
    #[default]
    OpenOnLoopback,
    /// Only holders of a token.
    TokensOnly,
}

/// How callers reach the listener.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transport {
    /// Plain HTTP.
    #[default]
    Plain,
    /// TLS.
    Tls,
}

impl Transport {
    pub(super) const fn scheme(self) -> &'static str {
        match self {
            Self::Plain => "http",
            Self::Tls => "https",
        }
    }
}

impl ApiSettings {
    /// For a server that listens on `listener`, which must be the address that was bound, port
    /// included: it decides which `Host` is foreign and whether access may be open.
    pub fn new(listener: SocketAddr) -> Self {
        Self {
            listener,
            transport: Transport::default(),
            access: Access::default(),
            public_url: None,
            audit: AuditLog::off(),
            rate_limits: RateLimits::off(),
            metrics: None,
            client_address: ClientAddress::default(),
            agent_api: AgentApi::default(),
            agent_hosts: Vec::new(),
        }
    }

    /// How callers reach the listener; plain HTTP unless set. It is the scheme of links.
    #[must_use]
    pub fn transport(mut self, transport: Transport) -> Self {
        self.transport = transport;
        self
    }

    /// Who may call.
    #[must_use]
    pub fn access(mut self, access: Access) -> Self {
        self.access = access;
        self
    }

    /// The URL under which callers know the server, with which links begin: `https://host`, with
    /// a port and a path if need be. Without it links begin with what the `Host` header says, if
    /// that names the listener, and else with the listener's address.
    ///
    /// # Errors
    /// When it is no absolute http or https URL, or has a user, a query or a fragment.
    pub fn public_url(mut self, url: &str) -> Result<Self, InvalidPublicUrl> {
        self.public_url = Some(PublicUrl::parse(url)?);
        Ok(self)
    }

    /// Where audit lines go; nowhere unless set.
    #[must_use]
    pub fn audit(mut self, log: AuditLog) -> Self {
        self.audit = log;
        self
    }

    /// How many requests are answered; all unless set.
    #[must_use]
    pub fn rate_limits(mut self, limits: RateLimits) -> Self {
        self.rate_limits = limits;
        self
    }

    /// Where the address of a caller is taken from; from the connection unless set.
    #[must_use]
    pub fn client_address(mut self, from: ClientAddress) -> Self {
        self.client_address = from;
        self
    }

    /// Whether the agent API is served; it is unless set.
    #[must_use]
    pub fn agent_api(mut self, agent_api: AgentApi) -> Self {
        self.agent_api = agent_api;
        self
    }

    /// The names under which the agent API is served, as clients write them into `Host`: with the
    /// port, if it is not the scheme's own. Requests for other hosts are refused. Without names,
    /// what `Host` may say is decided as for the rest of the API.
    #[must_use]
    pub fn agent_hosts(mut self, hosts: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.agent_hosts = hosts.into_iter().map(Into::into).collect();
        self
    }

    /// Serves what `render` writes, in the Prometheus text format, as `/metrics`.
    #[must_use]
    pub fn metrics(mut self, render: impl Fn() -> String + Send + Sync + 'static) -> Self {
        self.metrics = Some(Arc::new(render));
        self
    }
}

impl Default for ApiSettings {
    /// For the default listener, 127.0.0.1:8070.
    fn default() -> Self {
        Self::new(DEFAULT_LISTENER)
    }
}

impl fmt::Debug for ApiSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiSettings")
            .field("listener", &self.listener)
            .field("transport", &self.transport)
            .field("access", &self.access)
            .field("public_url", &self.public_url)
            .field("audit", &self.audit)
            .field("rate_limits", &self.rate_limits)
            .field("metrics", &self.metrics.is_some())
            .field("client_address", &self.client_address)
            .field("agent_api", &self.agent_api)
            .field("agent_hosts", &self.agent_hosts)
            .finish()
    }
}

/// A URL that links begin with.
#[derive(Clone, Debug)]
pub(super) struct PublicUrl {
    /// Without a slash at its end.
    pub(super) base: Box<str>,
    /// `https://host:port`, as browsers write it into `Origin`.
    pub(super) origin: Box<str>,
    /// `host`, in lower case, or `[v6]`.
    pub(super) host: Box<str>,
}

impl PublicUrl {
    fn parse(text: &str) -> Result<Self, InvalidPublicUrl> {
        let url = url::Url::parse(text).map_err(|_| InvalidPublicUrl)?;
        let host = url.host_str().ok_or(InvalidPublicUrl)?;
        let plain = matches!(url.scheme(), "http" | "https")
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        if !plain {
            return Err(InvalidPublicUrl);
        }
        Ok(Self {
            base: url.as_str().trim_end_matches('/').into(),
            origin: url.origin().ascii_serialization().into(),
            host: host.into(),
        })
    }
}

/// The text is no URL that links can begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidPublicUrl;

impl fmt::Display for InvalidPublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "the public URL must be like https://keys.example.org/path, without a user, a query or \
             a fragment",
        )
    }
}

impl Error for InvalidPublicUrl {}
