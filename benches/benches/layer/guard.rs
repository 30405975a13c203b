//! The least that is a layer: asks a peer, then the service behind it.

use std::future::{Ready, ready};
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use futures_util::future::Either;
use http_body_util::Empty;
use tower_layer::Layer;
use tower_service::Service;

use crate::peers::{Head, Peer};

pub(crate) struct GuardLayer<P>(pub(crate) Arc<P>);

impl<P> Clone for GuardLayer<P> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<P, S> Layer<S> for GuardLayer<P> {
    type Service = Guard<P, S>;

    fn layer(&self, inner: S) -> Self::Service {
        Guard {
            peer: Arc::clone(&self.0),
            inner,
        }
    }
}

pub(crate) struct Guard<P, S> {
    peer: Arc<P>,
    inner: S,
}

impl<P, S: Clone> Clone for Guard<P, S> {
    fn clone(&self) -> Self {
        Self {
            peer: Arc::clone(&self.peer),
            inner: self.inner.clone(),
        }
    }
}

impl<P: Peer, S: Service<Request, Response = Response>> Service<Request> for Guard<P, S> {
    type Response = Response;
    type Error = S::Error;
    type Future = Either<S::Future, Ready<Result<Response, S::Error>>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let (parts, body) = request.into_parts();
        let head = Head::from_parts(parts, Empty::new());
        let verified = self.peer.verify(&head);
        let (parts, _) = head.into_parts();
        if verified {
            Either::Left(self.inner.call(Request::from_parts(parts, body)))
        } else {
            Either::Right(ready(Ok(StatusCode::UNAUTHORIZED.into_response())))
        }
    }
}
