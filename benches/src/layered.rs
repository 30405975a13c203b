//! The tower layer around a service that does nothing.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::task::{Context, Poll};

use bytes::Bytes;
use countersign::{AnyScheme, Clock, StaticKeys, Timestamp, Verify, VerifyLayer};
use futures_util::FutureExt as _;
use http::{Request, Response, StatusCode};
use http_body_util::{Empty, Full};
use tower_layer::Layer as _;
use tower_service::Service;

use crate::Result;
use crate::requests::{self, NOW, Received};
use crate::traffic::Traffic;

/// Answers 200 to everything.
#[derive(Clone, Copy, Debug)]
pub struct Fine;

impl<B> Service<Request<B>> for Fine {
    type Response = Response<Empty<Bytes>>;
    type Error = Infallible;
    type Future = Ready<std::result::Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<std::result::Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _request: Request<B>) -> Self::Future {
        ready(Ok(Response::new(Empty::new())))
    }
}

#[derive(Debug)]
struct Stopped;

impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        NOW
    }
}

/// A service behind the layer.
#[derive(Clone, Debug)]
pub struct Layered(Verify<Fine, StaticKeys, Traffic>);

impl Layered {
    /// With the defaults of the layer, and `live` requests remembered.
    ///
    /// # Errors
    /// Never, unless the system gives no random bytes.
    pub fn new(scheme: impl Into<AnyScheme>, live: u32) -> Result<Self> {
        let layer = VerifyLayer::any([scheme.into()], requests::keys(requests::KEYS)?)
            .replay(Traffic::with_live(live)?)
            .clock(Stopped);
        layer.check()?;
        Ok(Self(layer.layer(Fine)))
    }

    /// The request as a server hands it over.
    pub fn request(received: &Received) -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::new(received.body.clone()));
        *request.method_mut() = received.method.clone();
        *request.uri_mut() = received.target.clone();
        *request.headers_mut() = received.headers.clone();
        request
    }

    /// The status of the answer; `None` if it did not come at once.
    pub fn answer(&mut self, request: Request<Full<Bytes>>) -> Option<StatusCode> {
        let answered = self.0.call(request).now_or_never()?;
        answered.ok().map(|response| response.status())
    }
}
