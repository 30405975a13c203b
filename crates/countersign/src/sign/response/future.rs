//! The future of both services.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::Response;

use crate::sign::answer::AnswerBody;

pub(super) type Answered<A, E> = Result<Response<AnswerBody<A>>, E>;

/// The future of a [`SignResponse`](super::SignResponse) or a
/// [`VerifyResponse`](super::VerifyResponse).
pub struct ResponseFuture<A, E> {
    answering: Pin<Box<dyn Future<Output = Answered<A, E>> + Send>>,
}

impl<A, E> ResponseFuture<A, E> {
    pub(super) fn new(answering: impl Future<Output = Answered<A, E>> + Send + 'static) -> Self {
        Self {
            answering: Box::pin(answering),
        }
    }
}

impl<A, E> Future for ResponseFuture<A, E> {
    type Output = Answered<A, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.answering.as_mut().poll(cx)
    }
}

impl<A, E> fmt::Debug for ResponseFuture<A, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
