//! How many requests are served at once.
//!
//! Invariants: a request counts from its head to the end of its answer, or until its client is
//! gone. One too many is answered at once, neither verified nor read: whoever waits in a queue
//! that grows is answered too late anyway, and may hold a body in memory while waiting.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use pin_project_lite::pin_project;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Handler;
use crate::problem::Problem;

/// A handler that is given so many requests at once and no more.
#[derive(Clone)]
pub(crate) struct Bounded<H> {
    handler: H,
    room: Arc<Semaphore>,
}

impl<H> Bounded<H> {
    pub(crate) fn new(handler: H, most: usize) -> Self {
        let room = most.min(Semaphore::MAX_PERMITS);
        Self {
            handler,
            room: Arc::new(Semaphore::new(room)),
        }
    }
}

impl<H: Handler> Handler for Bounded<H> {
    type Body = Either<Held<H::Body>, Full<Bytes>>;

    async fn handle(&self, request: Request<Incoming>) -> Response<Self::Body> {
        let Ok(room) = Arc::clone(&self.room).try_acquire_owned() else {
            metrics::counter!("countersign_gateway_shed_total").increment(1);
            return Problem::Overloaded.response().map(Either::Right);
        };
        let response = self.handler.handle(request).await;
        response.map(|body| Either::Left(Held { body, _room: room }))
    }
}

pin_project! {
    /// The body of an answer, which takes up the room of its request until it is dropped.
    pub(crate) struct Held<B> {
        #[pin]
        body: B,
        _room: OwnedSemaphorePermit,
    }
}

impl<B: Body> Body for Held<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        self.project().body.poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
