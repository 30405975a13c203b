//! The response's body: the service's own, or the layer's answer.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

pin_project! {
    /// The body of the service's response, or of the layer's answer in its place.
    #[derive(Debug)]
    pub struct ResponseBody<B> {
        #[pin]
        kind: Kind<B>,
    }
}

pin_project! {
    #[derive(Debug)]
    #[project = Projected]
    enum Kind<B> {
        Service { #[pin] body: B },
        Answer { text: Option<Bytes> },
    }
}

impl<B> ResponseBody<B> {
    pub(crate) const fn of_service(body: B) -> Self {
        Self {
            kind: Kind::Service { body },
        }
    }

    pub(crate) fn of_answer(text: Bytes) -> Self {
        Self {
            kind: Kind::Answer {
                text: Some(text).filter(|text| !text.is_empty()),
            },
        }
    }
}

impl<B: Default> Default for ResponseBody<B> {
    /// The service's own empty body, for layers outside that answer in its place.
    fn default() -> Self {
        Self::of_service(B::default())
    }
}

impl<B: Body<Data = Bytes>> Body for ResponseBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        match self.project().kind.project() {
            Projected::Service { body } => body.poll_frame(cx),
            Projected::Answer { text } => {
                Poll::Ready(text.take().map(|text| Ok(Frame::data(text))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Service { body } => body.is_end_stream(),
            Kind::Answer { text } => text.is_none(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Service { body } => body.size_hint(),
            Kind::Answer { text } => {
                SizeHint::with_exact(text.as_ref().map_or(0, |t| t.len().try_into().unwrap_or(0)))
            }
        }
    }
}
