//! The request's body, as a verified service gets it.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use countersign_core::BodyVerifier;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::{BoxError, Collected, Failure};
use crate::rejection::Rejection;

pin_project! {
    /// The body of a request that passed the layer.
    ///
    /// Usually it has been read and verified already and is served from memory. With
    /// [`stream_bodies`](crate::VerifyLayer::stream_bodies) it is verified while it is read, and
    /// ends in an error if it is not the body that was signed.
    pub struct VerifiedBody<B> {
        #[pin]
        kind: Kind<B>,
    }
}

pin_project! {
    #[project = Projected]
    enum Kind<B> {
        // Not read by the layer: empty, or of a request that nobody verifies.
        Untouched { #[pin] body: B },
        // Read and verified.
        Buffered { frames: VecDeque<Bytes> },
        // Read in part by a layer that only reports.
        Resumed { frames: VecDeque<Bytes>, rest: Option<Pin<Box<B>>>, error: Option<BoxError> },
        // Being verified.
        Streamed { stream: Streamed<B> },
    }
}

impl<B> VerifiedBody<B> {
    pub(crate) const fn untouched(body: B) -> Self {
        Self {
            kind: Kind::Untouched { body },
        }
    }

    pub(crate) fn buffered(collected: Collected) -> Self {
        Self {
            kind: Kind::Buffered {
                frames: collected.into_frames(),
            },
        }
    }

    pub(crate) fn resumed(failure: Failure<B>) -> Self {
        let Failure {
            read, rest, error, ..
        } = failure;
        Self {
            kind: Kind::Resumed {
                frames: read.into_frames(),
                rest,
                error,
            },
        }
    }

    /// `reject` turns a refusal found at the end into the error the reader sees.
    pub(crate) fn streamed(body: B, verifier: BodyVerifier, reject: Reject) -> Self {
        let stream = Streamed {
            body: Box::pin(body),
            verifier: Some(Box::new(verifier)),
            held: None,
            reject,
        };
        Self {
            kind: Kind::Streamed { stream },
        }
    }
}

pub(crate) type Reject = Box<dyn Fn(countersign_core::Refusal) -> Rejection + Send + Sync>;

/// Passes frames on one late, so that the last one is shown only once it is known that all of
/// them are good.
struct Streamed<B> {
    body: Pin<Box<B>>,
    /// Gone once the end was reached. In a box, as every request is as large as the largest kind
    /// of body, and most have none.
    verifier: Option<Box<BodyVerifier>>,
    held: Option<Bytes>,
    reject: Reject,
}

impl<B> Streamed<B>
where
    B: Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BoxError>>> {
        let Some(verifier) = &mut self.verifier else {
            return Poll::Ready(None);
        };
        let error: BoxError = loop {
            match ready!(self.body.as_mut().poll_frame(cx)) {
                Some(Ok(frame)) => {
                    let Ok(data) = frame.into_data() else {
                        continue;
                    };
                    if let Err(refusal) = verifier.update(&data) {
                        break (self.reject)(refusal).into();
                    }
                    if data.is_empty() {
                        continue;
                    }
                    if let Some(before) = self.held.replace(data) {
                        return Poll::Ready(Some(Ok(before)));
                    }
                }
                Some(Err(error)) => break error.into(),
                None => {
                    let Some(verifier) = self.verifier.take() else {
                        return Poll::Ready(None);
                    };
                    match verifier.finish() {
                        Ok(()) => return Poll::Ready(self.held.take().map(Ok)),
                        Err(refusal) => break (self.reject)(refusal).into(),
                    }
                }
            }
        };
        self.verifier = None;
        self.held = None;
        Poll::Ready(Some(Err(error)))
    }
}

impl<B> Body for VerifiedBody<B>
where
    B: Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match self.project().kind.project() {
            Projected::Untouched { body } => body.poll_frame(cx).map_err(Into::into),
            Projected::Buffered { frames } => {
                Poll::Ready(frames.pop_front().map(|data| Ok(Frame::data(data))))
            }
            Projected::Resumed {
                frames,
                rest,
                error,
            } => {
                if let Some(data) = frames.pop_front() {
                    return Poll::Ready(Some(Ok(Frame::data(data))));
                }
                if let Some(error) = error.take() {
                    return Poll::Ready(Some(Err(error)));
                }
                match rest {
                    Some(rest) => rest.as_mut().poll_frame(cx).map_err(Into::into),
                    None => Poll::Ready(None),
                }
            }
            Projected::Streamed { stream } => stream
                .poll_data(cx)
                .map(|data| data.map(|data| data.map(Frame::data))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Untouched { body } => body.is_end_stream(),
            Kind::Buffered { frames } => frames.is_empty(),
            Kind::Resumed {
                frames,
                rest,
                error,
            } => {
                let ended = rest.as_ref().is_none_or(Body::is_end_stream);
                frames.is_empty() && error.is_none() && ended
            }
            Kind::Streamed { stream } => stream.verifier.is_none(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        let total = |frames: &VecDeque<Bytes>| {
            frames.iter().fold(0_u64, |sum, data| {
                sum.saturating_add(u64::try_from(data.len()).unwrap_or(u64::MAX))
            })
        };
        match &self.kind {
            Kind::Untouched { body } => body.size_hint(),
            Kind::Buffered { frames } => SizeHint::with_exact(total(frames)),
            Kind::Resumed { frames, rest, .. } => {
                let rest = rest.as_ref().map(Body::size_hint).unwrap_or_default();
                grown(&rest, total(frames))
            }
            Kind::Streamed { stream } => {
                let held = stream.held.as_ref().map_or(0, Bytes::len);
                grown(
                    &stream.body.size_hint(),
                    u64::try_from(held).unwrap_or(u64::MAX),
                )
            }
        }
    }
}

fn grown(hint: &SizeHint, by: u64) -> SizeHint {
    let mut grown = SizeHint::new();
    if let Some(upper) = hint.upper() {
        grown.set_upper(upper.saturating_add(by));
    }
    grown.set_lower(hint.lower().saturating_add(by));
    grown
}

impl<B> fmt::Debug for VerifiedBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.kind {
            Kind::Untouched { .. } => "VerifiedBody::Untouched",
            Kind::Buffered { .. } => "VerifiedBody::Buffered",
            Kind::Resumed { .. } => "VerifiedBody::Resumed",
            Kind::Streamed { .. } => "VerifiedBody::Streamed",
        })
    }
}
