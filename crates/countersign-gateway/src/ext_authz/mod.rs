//! Envoy's `ext_authz` over gRPC.
//!
//! Invariants: Envoy is believed, so only trusted peers may ask. A body that came along whole is
//! verified before the answer; one that did not counts as unseen, as in forward authentication.

mod reply;
mod request;

use std::net::SocketAddr;

use bytes::Bytes;
use countersign::{ConfigError, UrlScheme};
use envoy_types::ext_authz::v3::pb::{
    Authorization, AuthorizationServer, CheckRequest, CheckResponse,
};
use http::{HeaderName, Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use tonic::Status;
use tower_layer::Layer;
use tower_service::Service;

use self::request::{Arrived, Asked};
use crate::config::{Bodies, Checking, GatewayConfig, Reading};
use crate::drain::Drain;
use crate::error::GatewayError;
use crate::forward_auth::{Admit, Answerer, Dialect, Unseen, refuse};
use crate::front::Verifying;
use crate::identity::Identity;
use crate::problem::Problem;
use crate::proxy;
use crate::server::{Bounded, Connected, Handler, Server};
use crate::trust::Trusted;

/// What a message takes beside the body: the head twice over, and Envoy's own attributes.
const MESSAGE_OVERHEAD: u64 = 256 * 1024;

/// The listener for Envoy.
pub(crate) struct Listener {
    server: Server,
    address: SocketAddr,
    service: Bounded<Asking>,
}

impl Listener {
    /// Listens where `config` says.
    pub(crate) async fn bind(
        config: &GatewayConfig,
        address: &str,
        checking: &Checking,
        identity: &Identity,
        drain: Drain,
    ) -> Result<Self, GatewayError> {
        let key = "ext-authz-listen";
        let server = Server::bind(key, address, config.max_connections, drain).await?;
        let local = server.local_addr().map_err(|source| GatewayError::Listen {
            key,
            address: address.to_owned(),
            source,
        })?;
        let checker = Checker::new(checking, identity)?;
        let limit = checking.max_body().saturating_add(MESSAGE_OVERHEAD);
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let asking = Asking {
            check: AuthorizationServer::new(checker).max_decoding_message_size(limit),
            trusted: config.trusted_to_ask()?,
        };
        Ok(Self {
            server,
            address: local,
            service: Bounded::new(asking, config.max_in_flight),
        })
    }

    pub(crate) fn local_addr(&self) -> SocketAddr {
        self.address
    }

    pub(crate) async fn run(self) {
        self.server.serve(self.service).await;
    }
}

/// The gRPC service, for peers that are trusted.
#[derive(Clone)]
struct Asking {
    check: AuthorizationServer<Checker>,
    trusted: Trusted,
}

impl Handler for Asking {
    type Body = tonic::body::Body;

    async fn handle(&self, request: Request<Incoming>) -> Response<tonic::body::Body> {
        let peer = request.extensions().get::<Connected>();
        if !peer.is_some_and(|peer| self.trusted.contains(peer.peer().ip())) {
            let refused = "untrusted_forwarding: name this peer in trusted-proxy";
            return Status::permission_denied(refused).into_http();
        }
        let Ok(response) = self.check.clone().call(request).await;
        response
    }
}

/// Layers for either URL scheme.
#[derive(Clone)]
struct Pair {
    http: Verifying<Admit>,
    https: Verifying<Admit>,
}

impl Pair {
    fn new(checking: &Checking, reading: Reading, admit: &Admit) -> Result<Self, ConfigError> {
        let layer = |over| Ok(checking.layer(over, reading)?.layer(admit.clone()));
        Ok(Self {
            http: layer(UrlScheme::Http)?,
            https: layer(UrlScheme::Https)?,
        })
    }

    fn over(&self, over: UrlScheme) -> Verifying<Admit> {
        match over {
            UrlScheme::Http => self.http.clone(),
            UrlScheme::Https => self.https.clone(),
        }
    }
}

struct Checker {
    whole: Pair,
    unseen: Pair,
    answerer: Answerer,
    identity: Identity,
    credentials: Vec<HeaderName>,
}

impl Checker {
    fn new(checking: &Checking, identity: &Identity) -> Result<Self, ConfigError> {
        let admit = Admit::new(identity.clone());
        Ok(Self {
            whole: Pair::new(checking, Reading::Whole, &admit)?,
            unseen: Pair::new(checking, Reading::Never, &admit)?,
            answerer: Answerer::new(&checking.indifferent_to_bodies()),
            identity: identity.clone(),
            credentials: checking.credential_headers(),
        })
    }

    async fn answer(&self, asked: Asked) -> Response<Full<Bytes>> {
        let Asked {
            request,
            over,
            body,
        } = asked;
        if proxy::names_signed(request.headers(), &self.credentials) {
            let problem = Problem::SignedHeaderIsHopByHop;
            return refuse(problem, Dialect::Forwarded);
        }
        let (answered, bodies) = match body {
            Arrived::Whole(body) => {
                let request = request.map(|()| Full::new(body));
                (self.whole.over(over).call(request).await, Bodies::Seen)
            }
            Arrived::Not => {
                let body = Unseen::of(request.headers());
                let request = request.map(|()| body);
                (self.unseen.over(over).call(request).await, Bodies::Unseen)
            }
        };
        let Ok(response) = answered;
        self.answerer
            .finish(response, Dialect::Forwarded, bodies)
            .await
    }
}

#[tonic::async_trait]
impl Authorization for Checker {
    async fn check(
        &self,
        request: tonic::Request<CheckRequest>,
    ) -> Result<tonic::Response<CheckResponse>, Status> {
        let reply = match Asked::read(request.into_inner()) {
            Ok(asked) => {
                let headers = asked.request.headers().clone();
                let answer = self.answer(asked).await;
                reply::to_envoy(answer, &headers, &self.identity).await
            }
            Err(problem) => {
                let answer = refuse(problem, Dialect::Forwarded);
                reply::refusal(answer).await
            }
        };
        Ok(tonic::Response::new(reply))
    }
}
