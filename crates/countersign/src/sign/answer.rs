//! The body of an answer, of which the layer may have read the beginning.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use crate::body::{BoxError, Collected};

pin_project! {
    /// The body of an answer, of which a layer may have read the beginning or all.
    pub struct AnswerBody<A> {
        #[pin]
        kind: Kind<A>,
    }
}

pin_project! {
    #[project = Projected]
    enum Kind<A> {
        Untouched { #[pin] body: A },
        // Read in part, to learn whether the answer complains of the time.
        Read { frames: VecDeque<Frame<Bytes>>, rest: Rest<A> },
    }
}

enum Rest<A> {
    None,
    Error(BoxError),
    Body(Pin<Box<A>>),
}

impl<A> AnswerBody<A> {
    pub(super) const fn untouched(body: A) -> Self {
        Self {
            kind: Kind::Untouched { body },
        }
    }

    /// `text` and nothing after it.
    #[cfg(feature = "auth-key")]
    pub(super) fn of_text(text: Bytes) -> Self {
        let frames = Some(text).filter(|text| !text.is_empty());
        let kind = Kind::Read {
            frames: frames.into_iter().map(Frame::data).collect(),
            rest: Rest::None,
        };
        Self { kind }
    }

    /// The error in which it ended when it was read.
    #[cfg(feature = "auth-key")]
    pub(super) fn into_error(self) -> Option<BoxError> {
        match self.kind {
            Kind::Read {
                rest: Rest::Error(error),
                ..
            } => Some(error),
            _ => None,
        }
    }

    /// Without the trailers that were read.
    #[cfg(feature = "auth-key")]
    pub(super) fn without_trailers(mut self) -> Self {
        if let Kind::Read { frames, .. } = &mut self.kind {
            frames.retain(Frame::is_data);
        }
        self
    }
}

/// How far [`gather`] got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    /// To the end.
    Whole,
    /// To the limit, and there is more.
    TooLong,
    /// To an error.
    Broken,
}

/// Reads up to `limit` bytes of `body` and shows them to `see`; the body that is given back has
/// nothing missing.
pub(super) async fn gather<A>(
    body: A,
    limit: u64,
    mut see: impl FnMut(&[u8]) + Send,
) -> (AnswerBody<A>, Extent)
where
    A: Body<Data = Bytes>,
    A::Error: Into<BoxError>,
{
    let mut body = Box::pin(body);
    let (mut read, mut trailers, mut left) = (Collected::default(), None, limit);
    let (rest, extent) = loop {
        match std::future::poll_fn(|cx| body.as_mut().poll_frame(cx)).await {
            None => break (Rest::None, Extent::Whole),
            Some(Err(error)) => break (Rest::Error(error.into()), Extent::Broken),
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) => {
                    let length = u64::try_from(data.len()).unwrap_or(u64::MAX);
                    let remaining = left.checked_sub(length);
                    if remaining.is_some() {
                        see(&data);
                    }
                    read.push(data);
                    match remaining {
                        Some(remaining) => left = remaining,
                        None => break (Rest::Body(body), Extent::TooLong),
                    }
                }
                Err(other) => trailers = Some(other),
            },
        }
    };
    let mut frames: VecDeque<_> = read.into_frames().into_iter().map(Frame::data).collect();
    frames.extend(trailers);
    let kind = Kind::Read { frames, rest };
    (AnswerBody { kind }, extent)
}

/// Reads up to `limit` bytes of `body`, and gives them beside the body with nothing missing.
/// `None` when it has more, or ends in an error.
pub(super) async fn peek<A>(body: A, limit: u64) -> (AnswerBody<A>, Option<Vec<u8>>)
where
    A: Body<Data = Bytes>,
    A::Error: Into<BoxError>,
{
    let mut text = Vec::new();
    let (body, extent) = gather(body, limit, |data| text.extend_from_slice(data)).await;
    (body, (extent == Extent::Whole).then_some(text))
}

impl<A> Body for AnswerBody<A>
where
    A: Body<Data = Bytes>,
    A::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let (frames, rest) = match self.project().kind.project() {
            Projected::Untouched { body } => return body.poll_frame(cx).map_err(Into::into),
            Projected::Read { frames, rest } => (frames, rest),
        };
        if let Some(frame) = frames.pop_front() {
            return Poll::Ready(Some(Ok(frame)));
        }
        match rest {
            Rest::Body(body) => body.as_mut().poll_frame(cx).map_err(Into::into),
            Rest::None => Poll::Ready(None),
            Rest::Error(_) => match std::mem::replace(rest, Rest::None) {
                Rest::Error(error) => Poll::Ready(Some(Err(error))),
                Rest::None | Rest::Body(_) => Poll::Ready(None),
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Untouched { body } => body.is_end_stream(),
            Kind::Read { frames, rest } => {
                let ended = match rest {
                    Rest::None => true,
                    Rest::Error(_) => false,
                    Rest::Body(body) => body.is_end_stream(),
                };
                frames.is_empty() && ended
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        let (frames, rest) = match &self.kind {
            Kind::Untouched { body } => return body.size_hint(),
            Kind::Read { frames, rest } => (frames, rest),
        };
        let lengths = frames.iter().filter_map(Frame::data_ref).map(Bytes::len);
        let read = lengths.fold(0_u64, |sum, length| {
            sum.saturating_add(length.try_into().unwrap_or(u64::MAX))
        });
        match rest {
            Rest::None => SizeHint::with_exact(read),
            Rest::Error(_) => SizeHint::default(),
            Rest::Body(body) => {
                let (rest, mut hint) = (body.size_hint(), SizeHint::new());
                if let Some(upper) = rest.upper() {
                    hint.set_upper(upper.saturating_add(read));
                }
                hint.set_lower(rest.lower().saturating_add(read));
                hint
            }
        }
    }
}

impl<A: Default> Default for AnswerBody<A> {
    /// An empty body of the client's, for layers outside that answer in its place.
    fn default() -> Self {
        Self::untouched(A::default())
    }
}

impl<A> fmt::Debug for AnswerBody<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.kind {
            Kind::Untouched { .. } => "AnswerBody::Untouched",
            Kind::Read { .. } => "AnswerBody::Read",
        })
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::{BodyExt, StreamBody};

    use super::*;

    type Item = Result<Frame<Bytes>, std::io::Error>;

    fn body(frames: Vec<Item>) -> impl Body<Data = Bytes, Error = std::io::Error> {
        StreamBody::new(futures_util::stream::iter(frames))
    }

    fn data(text: &'static str) -> Frame<Bytes> {
        Frame::data(Bytes::from_static(text.as_bytes()))
    }

    #[tokio::test]
    async fn what_was_read_stays_in_the_body() {
        for (limit, text) in [(10, Some(&b"helloworld"[..])), (9, None), (3, None)] {
            let (whole, read) = peek(body(vec![Ok(data("hello")), Ok(data("world"))]), limit).await;
            assert_eq!(read.as_deref(), text, "{limit}");
            let collected = whole.collect().await.unwrap().to_bytes();
            assert_eq!(collected, "helloworld", "{limit}");
        }
    }

    #[tokio::test]
    async fn an_error_comes_after_what_was_read_before_it() {
        let cut = vec![Ok(data("hello")), Err(std::io::Error::other("reset"))];
        let (mut cut, read) = peek(body(cut), 10).await;
        assert_eq!(read, None);
        assert!(!cut.is_end_stream());
        assert_eq!(
            cut.frame().await.unwrap().unwrap().into_data().unwrap(),
            "hello"
        );
        assert!(cut.frame().await.unwrap().is_err());
        assert!(cut.frame().await.is_none() && cut.is_end_stream());
    }
}
