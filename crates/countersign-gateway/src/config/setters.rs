//! The setters of a [`GatewayConfig`]: one for each flag.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use countersign::{
    BodyPolicy, Clock, DynKeyLookup, DynReplayCache, KeyLookup, ReplayCache, ReplayPolicy,
    RestartGuard,
};

use super::{Admission, GatewayConfig, Keys, Replay};
use crate::forward_auth::Convention;

impl GatewayConfig {
    /// Listens on this address; `127.0.0.1:8000` unless set. Port 0 picks a free one.
    pub fn listen(mut self, address: impl Into<String>) -> Self {
        self.listen = address.into();
        self
    }

    /// Serves `/livez`, `/readyz` and `/metrics` on this address. Without it, nowhere.
    pub fn metrics_listen(mut self, address: impl Into<String>) -> Self {
        self.metrics_listen = Some(address.into());
        self
    }

    /// Answers Envoy's `ext_authz` over gRPC on this address.
    #[cfg(feature = "ext-authz")]
    pub fn ext_authz_listen(mut self, address: impl Into<String>) -> Self {
        self.ext_authz_listen = Some(address.into());
        self
    }

    /// Accepts this scheme too; see [`SCHEME_NAMES`](super::SCHEME_NAMES).
    pub fn scheme(mut self, name: impl Into<String>) -> Self {
        self.schemes.push(name.into());
        self
    }

    /// Takes the keys from a TOML file, which is read again when it changes.
    pub fn keys_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.keys = Keys::File(path.into());
        self
    }

    /// Takes the keys from `keys`.
    pub fn keys(self, keys: impl KeyLookup<Principal = String>) -> Self {
        self.shared_keys(Arc::new(keys))
    }

    /// Takes the keys from a shared source.
    pub fn shared_keys(mut self, keys: Arc<dyn DynKeyLookup<String>>) -> Self {
        self.keys = Keys::Lookup(keys);
        self
    }

    /// How old a signed time may be; by scheme unless set (300 s, `mac` 30 s).
    pub fn window_past(mut self, past: Duration) -> Self {
        self.window_past = Some(past);
        self
    }

    /// How far in the future a signed time may lie; by scheme unless set (60 s, `mac` 5 s).
    pub fn window_future(mut self, future: Duration) -> Self {
        self.window_future = Some(future);
        self
    }

    /// Remembers accepted requests in the store of this name: `memory`, `off`, or the URL of a
    /// Redis or Valkey that several gateways share (`redis://`, `rediss://`, `redis+cluster://`,
    /// `redis+sentinel://`).
    pub fn replay(mut self, name: impl Into<String>) -> Self {
        self.replay.store = Replay::Named(name.into());
        self
    }

    /// Logs in to the shared store with the password in this file.
    pub fn replay_password_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.replay.password_file = Some(path.into());
        self
    }

    /// Trusts the certificate authorities in this file of PEM for the shared store.
    pub fn replay_ca_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.replay.ca_file = Some(path.into());
        self
    }

    /// Says how many instances serve the same keys; 1 unless set. With more than one and a memory
    /// of its own, the gateway warns at the start that a request can be replayed at each other.
    pub fn instances(mut self, instances: u32) -> Self {
        self.replay.instances = instances;
        self
    }

    /// Remembers accepted requests in `cache`.
    pub fn replay_cache(mut self, cache: impl ReplayCache) -> Self {
        let cache: Arc<dyn DynReplayCache> = Arc::new(cache);
        self.replay.store = Replay::Cache(cache);
        self
    }

    /// How many requests are remembered in memory at most.
    pub fn replay_capacity(mut self, entries: usize) -> Self {
        self.replay.capacity = Some(entries);
        self
    }

    /// Which requests without a nonce are remembered.
    pub fn replay_policy(mut self, policy: ReplayPolicy) -> Self {
        self.replay_policy = policy;
        self
    }

    /// What is done about requests that were signed before the start: that of the gateway, or of
    /// the shared store.
    pub fn restart_guard(mut self, guard: RestartGuard) -> Self {
        self.replay.restart_guard = guard;
        self
    }

    /// Verifies bodies of at most this many bytes; 1 MiB unless set.
    pub fn max_body(mut self, bytes: u64) -> Self {
        self.max_body = bytes;
        self
    }

    /// What happens to bodies that no signature covers.
    pub fn body_policy(mut self, policy: BodyPolicy) -> Self {
        self.body_policy = policy;
        self
    }

    /// Passes bodies on while they are being verified. The upstream never sees the end of one
    /// that does not match: its connection is cut instead.
    pub fn stream_bodies(mut self) -> Self {
        self.stream_bodies = true;
        self
    }

    /// The URL under which clients reach the service.
    pub fn public_base_url(mut self, url: impl Into<String>) -> Self {
        self.public_base_url = Some(url.into());
        self
    }

    /// The path that HMAC-Auth clients leave out when they sign. It is still passed on.
    pub fn base_path(mut self, path: impl Into<String>) -> Self {
        self.base_path = Some(path.into());
        self
    }

    /// Believes what peers in this network (`10.0.0.0/8`, or one address) say about where a
    /// request came from.
    pub fn trusted_proxy(mut self, network: impl Into<String>) -> Self {
        self.trusted_proxies.push(network.into());
        self
    }

    /// How the proxy that asks for forward authentication describes the original request.
    pub fn convention(mut self, convention: Convention) -> Self {
        self.convention = convention;
        self
    }

    /// The realm named in challenges.
    pub fn realm(mut self, realm: impl Into<String>) -> Self {
        self.realm = Some(realm.into());
        self
    }

    /// What a request without good credentials meets.
    pub fn admission(mut self, admission: Admission) -> Self {
        self.admission = admission;
        self
    }

    /// Lets CORS preflights pass without credentials.
    pub fn allow_preflight(mut self) -> Self {
        self.allow_preflight = true;
        self
    }

    /// Gives the upstream `Authorization: <word> <principal>` in place of the client's.
    pub fn forward_authorization(mut self, word: impl Into<String>) -> Self {
        self.forward_authorization = Some(word.into());
        self
    }

    /// Serves over TLS with a certificate chain and its key, both in PEM.
    pub fn tls(mut self, certificates: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        self.tls = Some((certificates.into(), key.into()));
        self
    }

    /// How long requests in flight may take to end after the shutdown signal.
    pub fn drain_timeout(mut self, timeout: Duration) -> Self {
        self.drain = timeout;
        self
    }

    /// How long the upstream may leave a request without an answer.
    pub fn upstream_timeout(mut self, timeout: Duration) -> Self {
        self.upstream_timeout = timeout;
        self
    }

    /// How many connections are served at once.
    pub fn max_connections(mut self, connections: usize) -> Self {
        self.max_connections = connections;
        self
    }

    /// How many requests are served at once; 1,024 unless set. One more is answered 503 with
    /// `Retry-After` at once, and counted in `countersign_gateway_shed_total`.
    ///
    /// The listener for Envoy takes as many again.
    ///
    /// A request counts until its answer has been sent, a long poll or a stream of events as long
    /// as it lasts. A change of protocol (WebSocket) no longer counts once it is made.
    pub fn max_in_flight(mut self, requests: usize) -> Self {
        self.max_in_flight = requests;
        self
    }

    /// Takes the time from `clock`, for tests.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }
}
