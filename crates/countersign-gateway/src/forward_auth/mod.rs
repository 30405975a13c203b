//! Answering another proxy's question whether a request may pass.
//!
//! Invariants: what the original request was is told by a trusted peer or not at all; the
//! request that carries the question is never taken for it. The body of the original stays with
//! the proxy, so a signature that covers a body is good for a request that has none, or under
//! [`BodyPolicy::AllowUnsigned`](countersign::BodyPolicy::AllowUnsigned).

mod answer;
mod convention;
mod original;
mod unseen;

use std::sync::Arc;

use bytes::Bytes;
use countersign::{ConfigError, UrlScheme};
use http::{HeaderName, Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use tower_layer::Layer;
use tower_service::Service;

#[cfg(feature = "ext-authz")]
pub(crate) use self::answer::refuse;
pub(crate) use self::answer::{Admit, Answerer};
pub use self::convention::Convention;
pub(crate) use self::convention::{Described, Dialect};
#[cfg(feature = "ext-authz")]
pub(crate) use self::original::{UNKNOWN_LENGTH, parse_target};
pub(crate) use self::unseen::Unseen;
use crate::config::{Bodies, Checking, Reading};
use crate::front::Verifying;
use crate::identity::Identity;
use crate::problem::Problem;
use crate::proxy;
use crate::server::{Connected, Handler};
use crate::trust::Trusted;

/// The forward-auth service.
#[derive(Clone)]
pub(crate) struct ForwardAuth(Arc<Shared>);

struct Shared {
    http: Verifying<Admit>,
    https: Verifying<Admit>,
    answerer: Answerer,
    convention: Convention,
    trusted: Trusted,
    credentials: Vec<HeaderName>,
}

impl ForwardAuth {
    pub(crate) fn new(
        checking: &Checking,
        convention: Convention,
        trusted: Trusted,
        identity: Identity,
    ) -> Result<Self, ConfigError> {
        let admit = Admit::new(identity);
        let layer = |over| checking.layer(over, Reading::Never);
        Ok(Self(Arc::new(Shared {
            http: layer(UrlScheme::Http)?.layer(admit.clone()),
            https: layer(UrlScheme::Https)?.layer(admit),
            answerer: Answerer::new(&checking.indifferent_to_bodies()),
            convention,
            trusted,
            credentials: checking.credential_headers(),
        })))
    }
}

impl Shared {
    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let described = match self.read(&request) {
            Ok(described) => described,
            Err((problem, dialect)) => return answer::refuse(problem, dialect),
        };
        let Described {
            request,
            over,
            dialect,
        } = described;
        let mut verify = match over {
            UrlScheme::Http => self.http.clone(),
            UrlScheme::Https => self.https.clone(),
        };
        let body = Unseen::of(request.headers());
        let Ok(response) = verify.call(request.map(|()| body)).await;
        self.answerer
            .finish(response, dialect, Bodies::Unseen)
            .await
    }

    /// The original request, from a peer that is believed.
    fn read(&self, request: &Request<Incoming>) -> Result<Described, (Problem, Dialect)> {
        let peer = request.extensions().get::<Connected>();
        let trusted = peer.is_some_and(|peer| self.trusted.contains(peer.peer().ip()));
        let dialect = self
            .convention
            .dialect(request.headers())
            .ok_or((Problem::UntrustedForwarding, Dialect::Unknown))?;
        if !trusted {
            return Err((Problem::UntrustedForwarding, dialect));
        }
        let described = original::describe(dialect, request).map_err(|p| (p, dialect))?;
        let headers = described.request.headers();
        if proxy::names_signed(headers, &self.credentials) {
            return Err((Problem::SignedHeaderIsHopByHop, dialect));
        }
        Ok(described)
    }
}

impl Handler for ForwardAuth {
    type Body = Full<Bytes>;

    async fn handle(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        self.0.answer(request).await
    }
}
