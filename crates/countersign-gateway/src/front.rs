//! What stands between the connection and the layer: checks that need no key.

use std::sync::Arc;

use bytes::Bytes;
use countersign::{DynKeyLookup, DynReplayCache, ResponseBody, Verify};
use http::header::HeaderName;
use http::{Request, Response};
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use tower_layer::Layer;
use tower_service::Service;

use crate::config::GatewayLayer;
use crate::proxy::{self, Answered, Proxy};
use crate::server::Handler;

/// A service behind a layer of the gateway's.
pub(crate) type Verifying<S> = Verify<S, Arc<dyn DynKeyLookup<String>>, Arc<dyn DynReplayCache>>;

/// Refuses what must not even be verified, and has the rest verified.
#[derive(Clone)]
pub(crate) struct Front<S> {
    verify: Verifying<S>,
    credentials: Arc<[HeaderName]>,
}

impl<S> Front<S> {
    pub(crate) fn new(layer: &GatewayLayer, inner: S, credentials: &[HeaderName]) -> Self {
        Self {
            verify: layer.layer(inner),
            credentials: credentials.into(),
        }
    }
}

impl Handler for Front<Proxy> {
    type Body = Either<ResponseBody<Answered>, Full<Bytes>>;

    async fn handle(&self, request: Request<Incoming>) -> Response<Self::Body> {
        if let Err(problem) = proxy::check_head(&request, &self.credentials) {
            return problem.response().map(Either::Right);
        }
        // The proxy is always ready.
        let Ok(response) = self.verify.clone().call(request).await;
        response.map(Either::Left)
    }
}
