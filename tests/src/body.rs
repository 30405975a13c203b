//! Bodies that do what a test needs.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::stream;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use http_body_util::StreamBody;

/// What a [`Scripted`] body does when it is polled.
#[derive(Debug)]
pub enum Step {
    /// Gives a frame.
    Data(Bytes),
    /// Gives trailers.
    Trailers(HeaderMap),
    /// Is pending once.
    Pending,
    /// Fails, as a connection does that is cut.
    Cut,
    /// Is pending for ever.
    Hang,
}

impl Step {
    /// A frame of `data`.
    pub fn data(data: impl AsRef<[u8]>) -> Self {
        Self::Data(Bytes::copy_from_slice(data.as_ref()))
    }
}

/// A body that follows a script and counts how often it is polled.
#[derive(Debug)]
pub struct Scripted {
    steps: VecDeque<Step>,
    hint: SizeHint,
    polls: Arc<AtomicUsize>,
}

impl Scripted {
    /// A body of these steps and of unknown length.
    pub fn new(steps: impl IntoIterator<Item = Step>) -> Self {
        Self {
            steps: steps.into_iter().collect(),
            hint: SizeHint::default(),
            polls: Arc::default(),
        }
    }

    /// The same body, which claims to be of exactly `length` bytes.
    pub fn claiming(mut self, length: u64) -> Self {
        self.hint = SizeHint::with_exact(length);
        self
    }

    /// How often the body is polled, also after it was given away.
    pub fn polls(&self) -> impl Fn() -> usize + Send + Sync + 'static {
        let polls = Arc::clone(&self.polls);
        move || polls.load(Ordering::SeqCst)
    }
}

impl Body for Scripted {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        self.polls.fetch_add(1, Ordering::SeqCst);
        match self.steps.pop_front() {
            None => Poll::Ready(None),
            Some(Step::Data(data)) => Poll::Ready(Some(Ok(Frame::data(data)))),
            Some(Step::Trailers(trailers)) => Poll::Ready(Some(Ok(Frame::trailers(trailers)))),
            Some(Step::Cut) => Poll::Ready(Some(Err(io::Error::other("the connection was cut")))),
            Some(Step::Pending) => {
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Some(Step::Hang) => {
                self.steps.push_front(Step::Hang);
                Poll::Pending
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        self.hint
    }
}

/// `pieces`, one frame each, without a length: a chunked body under HTTP/1.1.
pub fn unsized_body<I>(pieces: I) -> impl Body<Data = Bytes, Error = io::Error> + Send + 'static
where
    I: IntoIterator<Item = Bytes>,
    I::IntoIter: Send + 'static,
{
    let frames = pieces.into_iter().map(|piece| Ok(Frame::data(piece)));
    StreamBody::new(stream::iter(frames))
}

/// `pieces`, one frame each, and then an error.
pub fn broken(pieces: &[&str]) -> Scripted {
    let steps = pieces.iter().map(Step::data);
    Scripted::new(steps.chain([Step::Cut]))
}
