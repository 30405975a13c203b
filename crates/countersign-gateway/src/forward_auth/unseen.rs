//! The body that stays with the proxy.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};

use crate::config::declares_body;

/// A body whose length and contents are not known. Nobody reads it.
///
/// Invariant: it is [`Somewhere`](Unseen::Somewhere) exactly when the head declares a body. A
/// scheme then counts its digest as none, for here it would never be compared.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Unseen {
    /// There is a body somewhere.
    Somewhere,
    /// There is none.
    Nowhere,
}

impl Unseen {
    /// The body that `headers` declare, if they do.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        if declares_body(headers) {
            Self::Somewhere
        } else {
            Self::Nowhere
        }
    }
}

impl Body for Unseen {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(None)
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Nowhere)
    }

    /// One byte at least: enough for the layer to refuse a body that no digest covers.
    fn size_hint(&self) -> SizeHint {
        let mut hint = SizeHint::new();
        match self {
            Self::Somewhere => hint.set_lower(1),
            Self::Nowhere => hint.set_exact(0),
        }
        hint
    }
}
