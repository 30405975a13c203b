//! Who is being waited for while a request is on its way to the upstream.
//!
//! An upload may take any time as long as it moves. So the time allowed for an answer counts
//! from the last piece that was passed on, and who has run out of it is whoever was to move next.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

/// How far a body has got; shared between it and whoever waits.
#[derive(Debug)]
pub(crate) struct Progress {
    started: Instant,
    /// Milliseconds from `started` to the last piece.
    moved: AtomicU64,
    client_is_next: AtomicBool,
}

impl Progress {
    fn new() -> Self {
        Self {
            started: Instant::now(),
            moved: AtomicU64::new(0),
            client_is_next: AtomicBool::new(false),
        }
    }

    /// How long nothing has moved.
    pub(crate) fn idle(&self) -> Duration {
        let moved = Duration::from_millis(self.moved.load(Ordering::Relaxed));
        self.started.elapsed().saturating_sub(moved)
    }

    /// Whether the client is to send the next piece, rather than the upstream to read or answer.
    pub(crate) fn client_is_next(&self) -> bool {
        self.client_is_next.load(Ordering::Relaxed)
    }

    fn note(&self, pending: bool) {
        self.client_is_next.store(pending, Ordering::Relaxed);
        if !pending {
            let now = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
            self.moved.store(now, Ordering::Relaxed);
        }
    }
}

pin_project! {
    /// A body that notes its progress.
    #[derive(Debug)]
    pub(crate) struct Watched<B> {
        #[pin]
        body: B,
        progress: Arc<Progress>,
    }
}

impl<B> Watched<B> {
    pub(crate) fn new(body: B) -> (Self, Arc<Progress>) {
        let progress = Arc::new(Progress::new());
        let watched = Self {
            body,
            progress: Arc::clone(&progress),
        };
        (watched, progress)
    }
}

impl<B: Body<Data = Bytes>> Body for Watched<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let this = self.project();
        let polled = this.body.poll_frame(cx);
        this.progress.note(polled.is_pending());
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
