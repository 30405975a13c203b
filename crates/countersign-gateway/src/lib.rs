//! A gateway in front of any service: verifies HMAC-signed requests and passes them on, or tells
//! another proxy whether it may.
//!
//! * As a **reverse proxy** ([`GatewayConfig::reverse_proxy`]) it verifies each request, takes
//!   the client's identity headers off, sets its own, and forwards target and body byte for byte.
//! * As a **forward-auth service** ([`GatewayConfig::forward_auth`]) it answers nginx's
//!   `auth_request`, Traefik's `forwardAuth` and Caddy's `forward_auth`.
#![cfg_attr(
    feature = "ext-authz",
    doc = "* Beside either it answers **Envoy's `ext_authz`** over gRPC, with the body where Envoy sends it."
)]
//!
#![doc = include_str!("lib.md")]

mod config;
mod drain;
mod error;
#[cfg(feature = "ext-authz")]
mod ext_authz;
mod forward_auth;
mod front;
mod gateway;
mod identity;
mod observe;
mod problem;
mod proxy;
mod server;
mod trust;

pub use self::config::{
    Admission, DEFAULT_DRAIN, DEFAULT_MAX_BODY, DEFAULT_MAX_CONNECTIONS, DEFAULT_MAX_IN_FLIGHT,
    DEFAULT_UPSTREAM_TIMEOUT, GatewayConfig, SCHEME_NAMES, body_policy, replay_policy,
    restart_guard,
};
pub use self::error::GatewayError;
pub use self::forward_auth::Convention;
pub use self::gateway::Gateway;
