//! The future of a signed call.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::Response;

use super::answer::AnswerBody;
use super::error::CallError;

pub(super) type Called<A> = Result<Response<AnswerBody<A>>, CallError>;

/// The future of [`Sign`](super::Sign).
///
/// Dropped before the request was passed on, it leaves no trace: the client inside was not
/// called.
pub struct SignFuture<A> {
    calling: Pin<Box<dyn Future<Output = Called<A>> + Send>>,
}

impl<A> SignFuture<A> {
    pub(super) fn new(calling: impl Future<Output = Called<A>> + Send + 'static) -> Self {
        Self {
            calling: Box::pin(calling),
        }
    }
}

impl<A> Future for SignFuture<A> {
    type Output = Called<A>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.calling.as_mut().poll(cx)
    }
}

impl<A> fmt::Debug for SignFuture<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignFuture").finish_non_exhaustive()
    }
}
