//! The body of a request that is signed: read into memory to be hashed, or passed on with its
//! digest given ahead.
//!
//! Invariant: a body that a scheme can cover is never passed on uncovered; when it can be
//! neither read nor is its digest known, the call fails.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use countersign_core::{BodyDigest, ToSign};
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::error::{CallError, CallErrorKind};
use crate::body::{BoxError, Collected};

pin_project! {
    /// The body of a signed request, as the client inside gets it: the frames that were hashed,
    /// or the caller's own body.
    ///
    /// Trailers stay, but no scheme covers them.
    pub struct SignedBody<B> {
        #[pin]
        kind: Kind<B>,
    }
}

pin_project! {
    #[project = Projected]
    enum Kind<B> {
        Own { #[pin] body: B },
        Kept { kept: Kept },
    }
}

/// A body in memory, which can be sent any number of times.
#[derive(Clone, Default)]
pub(super) struct Kept {
    frames: VecDeque<Bytes>,
    trailers: Option<HeaderMap>,
}

/// A body that can be signed.
pub(super) enum Readied<B> {
    /// In memory.
    Kept(Kept),
    /// Not read. Without a digest, its scheme has no place for one.
    Own(B, Option<BodyDigest>),
}

/// Why a body is read into memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Buffering {
    /// To be hashed: there is no signature without it.
    ToHash,
    /// To be sent again, if it is known to be small enough.
    ToRepeat,
    /// Not at all.
    Never,
}

/// Reads `body` if need be, at most `max` bytes.
pub(super) async fn ready<B>(
    body: B,
    digest: Option<BodyDigest>,
    buffering: Buffering,
    max: u64,
) -> Result<Readied<B>, CallError>
where
    B: Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    if body.is_end_stream() {
        return Ok(Readied::Kept(Kept::default()));
    }
    let hint = body.size_hint();
    match (buffering, digest) {
        (Buffering::ToHash, None) if hint.lower() <= max => {}
        (Buffering::ToHash, None) => return Err(too_large(max)),
        (Buffering::ToRepeat, None) if hint.upper().is_some_and(|upper| upper <= max) => {}
        (_, digest) => return Ok(Readied::Own(body, digest)),
    }
    read(body, max).await.map(Readied::Kept)
}

async fn read<B>(body: B, max: u64) -> Result<Kept, CallError>
where
    B: Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    let mut body = std::pin::pin!(body);
    let (mut collected, mut length, mut trailers) = (Collected::default(), 0_u64, None);
    while let Some(frame) = std::future::poll_fn(|cx| body.as_mut().poll_frame(cx)).await {
        let frame = frame.map_err(|error| {
            CallError::new(
                CallErrorKind::Body,
                "the request was not sent, as its body could not be read",
            )
            .caused_by(error)
        })?;
        match frame.into_data() {
            Ok(data) => {
                length = length.saturating_add(data.len().try_into().unwrap_or(u64::MAX));
                if length > max {
                    return Err(too_large(max));
                }
                collected.push(data);
            }
            Err(frame) => trailers = frame.into_trailers().ok(),
        }
    }
    let frames = collected.into_frames();
    Ok(Kept { frames, trailers })
}

fn too_large(max: u64) -> CallError {
    CallError::new(
        CallErrorKind::BodyTooLarge,
        format!(
            "the request was not sent, as its body has more than the {max} bytes that are hashed \
             in memory; put its BodyDigest into the extensions of the request, or raise \
             SignLayer::max_buffered_body"
        ),
    )
}

impl<B> Readied<B> {
    /// What there is to hash.
    pub(super) fn pieces(&self) -> Vec<&[u8]> {
        match self {
            Self::Kept(kept) => kept.frames.iter().map(|data| &data[..]).collect(),
            Self::Own(..) => Vec::new(),
        }
    }

    /// Tells `to_sign` of the body, of which `pieces` are the [pieces](Readied::pieces).
    pub(super) fn describe<'a>(&self, to_sign: ToSign<'a>, pieces: &'a [&'a [u8]]) -> ToSign<'a> {
        match self {
            Self::Kept(_) => to_sign.body_pieces(pieces),
            Self::Own(_, Some(digest)) => to_sign.body_digest(*digest),
            Self::Own(_, None) => to_sign,
        }
    }

    /// The same body once more, where it can be sent again.
    pub(super) fn repeat(&self) -> Option<Self> {
        match self {
            Self::Kept(kept) => Some(Self::Kept(kept.clone())),
            Self::Own(..) => None,
        }
    }

    pub(super) fn into_body(self) -> SignedBody<B> {
        match self {
            Self::Kept(kept) => SignedBody {
                kind: Kind::Kept { kept },
            },
            Self::Own(body, _) => SignedBody::own(body),
        }
    }
}

impl<B> SignedBody<B> {
    pub(super) const fn own(body: B) -> Self {
        Self {
            kind: Kind::Own { body },
        }
    }
}

impl<B> Body for SignedBody<B>
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
            Projected::Own { body } => body.poll_frame(cx).map_err(Into::into),
            Projected::Kept { kept } => {
                let data = kept.frames.pop_front().map(Frame::data);
                let frame = data.or_else(|| kept.trailers.take().map(Frame::trailers));
                Poll::Ready(frame.map(Ok))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Own { body } => body.is_end_stream(),
            Kind::Kept { kept } => kept.frames.is_empty() && kept.trailers.is_none(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Own { body } => body.size_hint(),
            Kind::Kept { kept } => {
                let lengths = kept.frames.iter().map(Bytes::len);
                let total = lengths.fold(0_u64, |sum, length| {
                    sum.saturating_add(length.try_into().unwrap_or(u64::MAX))
                });
                SizeHint::with_exact(total)
            }
        }
    }
}

impl<B> fmt::Debug for SignedBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.kind {
            Kind::Own { .. } => "SignedBody::Own",
            Kind::Kept { .. } => "SignedBody::Kept",
        })
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::{BodyExt, Full, StreamBody};

    use super::*;

    type Frames = Vec<Result<Frame<Bytes>, std::io::Error>>;

    fn body(frames: Frames) -> impl Body<Data = Bytes, Error = std::io::Error> {
        StreamBody::new(futures_util::stream::iter(frames))
    }

    fn data(length: usize) -> Frame<Bytes> {
        Frame::data(vec![b'x'; length].into())
    }

    async fn kind(frames: Frames, max: u64) -> Result<usize, CallErrorKind> {
        let readied = ready(body(frames), None, Buffering::ToHash, max).await;
        let readied = readied.map_err(|error| error.kind())?;
        let sent = readied.into_body().collect().await.unwrap();
        Ok(sent.to_bytes().len())
    }

    #[tokio::test]
    async fn a_body_may_be_exactly_as_large_as_the_limit() {
        assert_eq!(kind(vec![Ok(data(3)), Ok(data(2))], 5).await, Ok(5));
        let larger = kind(vec![Ok(data(3)), Ok(data(3))], 5).await;
        assert_eq!(larger, Err(CallErrorKind::BodyTooLarge));
    }

    #[tokio::test]
    async fn a_body_that_says_it_is_too_large_is_not_read() {
        let error = ready(Full::from("too large"), None, Buffering::ToHash, 3).await;
        let error = error.err().unwrap();
        assert!(error.to_string().contains("BodyDigest"), "{error}");
        assert!(error.to_string().contains("max_buffered_body"), "{error}");
    }

    #[tokio::test]
    async fn a_body_that_breaks_is_not_sent() {
        let broken = vec![Ok(data(3)), Err(std::io::Error::other("disk gone"))];
        assert_eq!(kind(broken, 5).await, Err(CallErrorKind::Body));
    }

    #[tokio::test]
    async fn frames_and_trailers_are_sent_as_they_were_read() {
        let mut trailers = HeaderMap::new();
        trailers.insert("x-checksum", "1".parse().unwrap());
        let frames = vec![
            Ok(data(2000)),
            Ok(data(3000)),
            Ok(Frame::trailers(trailers.clone())),
        ];
        let readied = ready(body(frames), None, Buffering::ToHash, 9000).await;
        let mut sent = readied.ok().unwrap().into_body();
        let mut lengths = Vec::new();
        while let Some(frame) = sent.frame().await {
            match frame.unwrap().into_data() {
                Ok(data) => lengths.push(data.len()),
                Err(frame) => assert_eq!(frame.into_trailers().ok(), Some(trailers.clone())),
            }
        }
        assert_eq!(lengths, [2000, 3000]);
        assert!(sent.is_end_stream());
    }

    #[tokio::test]
    async fn a_body_that_no_digest_covers_is_read_only_to_be_sent_again() {
        for (buffering, max, read) in [
            (Buffering::Never, 9, false),
            (Buffering::ToRepeat, 9, true),
            (Buffering::ToRepeat, 3, false),
        ] {
            let readied = ready(Full::from("hello"), None, buffering, max).await;
            let repeated = readied.ok().unwrap().repeat();
            assert_eq!(repeated.is_some(), read, "{buffering:?} {max}");
        }
        let unsized_body = ready(body(vec![Ok(data(1))]), None, Buffering::ToRepeat, 9).await;
        assert!(unsized_body.ok().unwrap().repeat().is_none());
    }
}
